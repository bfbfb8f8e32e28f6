import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Format } from 'typebox/format';
import { ADMIN_ROUTES, type AdminRoute, SESSION_ROUTES } from '../../src/contract/admin-routes.ts';
import { buildOpenApi } from '../../src/contract/openapi.ts';
import { respond } from '../helpers/core-stub.ts';
import { anEvent, IMSI, stamp } from '../helpers/events.ts';
import { Operated } from '../helpers/operated.ts';
import { until } from '../helpers/polling.ts';

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

test('every route of the table is served, and answers what its schema says', async () => {
  await using site = await Operated.start({ DELIVERY: 'queued' }, { simulated: () => [] }, refuse);
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
});

test('every route for operators is in the OpenAPI document, with who may ask and how it can fail', () => {
  const { paths, components } = buildOpenApi({ eventPath: '/process-event' });
  const named = paths as unknown as Record<string, Record<string, Operation>>;
  for (const route of [...ADMIN_ROUTES, ...SESSION_ROUTES]) {
    const operation = named[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()];
    assert.ok(operation, `${route.method} ${route.path}`);
    assert.ok(operation.responses['200']);
    const open = route.path.startsWith('/console');
    assert.deepEqual(operation.security, open ? [] : [{ admin: [] }, { session: [] }]);
    assert.equal('401' in operation.responses, !open || route.method === 'POST');
  }
  const text = JSON.stringify(paths);
  const refs = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name as string);
  for (const name of refs) assert.ok(name in components.schemas, name);
  assert.ok('session' in components.securitySchemes && 'admin' in components.securitySchemes);
});

interface Operation {
  readonly security: unknown;
  readonly responses: Record<string, unknown>;
}
