import assert from 'node:assert/strict';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Format } from 'typebox/format';
import { ADMIN_ROUTES, type AdminRoute, SESSION_ROUTES } from '../../src/contract/admin-routes.ts';
import { respond } from './core-stub.ts';
import { anEvent, IMSI, stamp } from './events.ts';
import { Operated } from './operated.ts';
import { until } from './polling.ts';

const refuse = respond(200, { result: false, error: 'No such profile' });
const BODIES: Readonly<Record<string, unknown>> = {
  '/admin/v1/dead-letters/replay': { all: true },
  '/admin/v1/dead-letters/discard': { chosen: { all: true }, reason: 'for the test' },
  '/admin/v1/explain': anEvent(),
};

/** Where the route is, for the event and the subscriber that there are. */
function addressOf({ path }: AdminRoute): string {
  const address = path.replace(':imsi', IMSI).replace(':id', 'e-1');
  return path === '/admin/v1/subscribers' ? `${address}?search=${IMSI}` : address;
}

function check(schema: TSchema, value: unknown, what: string): void {
  assert.ok(Format.Has('date-time'));
  const validator = Compile(schema);
  assert.ok(validator.Check(value), `${what}: ${JSON.stringify(validator.Errors(value).slice(0, 3))}`);
}

/** Asks every route of the table for operators, of a connector on this store, and checks the answers by their schemas. */
export async function askEveryRoute(STORE_URL: string): Promise<void> {
  await using site = await Operated.start({ DELIVERY: 'queued', STORE_URL }, { simulated: () => [] }, refuse);
  await site.post(anEvent({ updated_at: stamp(1) }));
  await until('a dead letter', async () => (await site.ask('/admin/v1/dead-letters')).body.total === 1);
  for (const route of ADMIN_ROUTES) {
    const body = BODIES[route.path];
    const what = `${route.method} ${route.path}`;
    if (route.type === 'text/event-stream' || route.type === 'text/csv') {
      const response = await site.fetch(addressOf(route));
      assert.ok(response.headers.get('content-type')?.startsWith(route.type), what);
      await response.body?.cancel();
      continue;
    }
    const answer = await site.ask(addressOf(route), { method: route.method, ...(body !== undefined && { body }) });
    assert.equal(answer.status, 200, what);
    for (const value of route.type ? answer.body : [answer.body]) check(route.answer, value, what);
  }
  for (const route of SESSION_ROUTES.filter(({ method }) => method === 'GET')) {
    check(route.answer, (await site.ask(route.path)).body, route.path);
  }
}
