import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Series } from '../../contract/admin.ts';
import { SERIES_QUERY } from '../../contract/admin-routes.ts';
import { Dashboard } from './dashboard.ts';
import { givenInQuery } from './given.ts';
import { type AdminParts, beginLong } from './parts.ts';
import { iso } from './present.ts';

/** How the connector does now: once, every second, and as charts. */
export function overviewRoutes(app: FastifyInstance, parts: AdminParts): void {
  const dashboard = new Dashboard(parts);
  app.get('/admin/v1/overview', () => dashboard.overview());
  app.get('/admin/v1/overview/stream', (request, reply) => {
    const signal = beginLong(request, reply, parts, 'stream');
    const allowed = () => isStillAllowed(request, parts);
    reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no');
    return reply.send(Readable.from(stream(dashboard, signal, allowed), { objectMode: false, highWaterMark: 1 }));
  });
  app.get('/admin/v1/series', (request): Series => {
    const { range } = givenInQuery(request, SERIES_QUERY);
    const { stepMs, steps } = parts.charts.series(range);
    return { range, stepMs, points: steps.map((step) => ({ ...step, events: { ...step.events }, at: iso(step.at) })) };
  });
}

/** From one picture to the next, in milliseconds. */
const EVERY_MS = 1_000;

/** Server-sent events until the client is gone, the connector stops, or the session is over. */
async function* stream(dashboard: Dashboard, signal: AbortSignal, allowed: () => Promise<boolean>) {
  yield `retry: ${2 * EVERY_MS}\n\n`;
  while (!signal.aborted && (await allowed())) {
    yield `: alive\n\nevent: overview\ndata: ${JSON.stringify(await dashboard.overview())}\n\n`;
    await delay(EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** A token may be revoked, and a session end, while a page looks on. */
async function isStillAllowed(request: FastifyRequest, { gatekeeper }: AdminParts): Promise<boolean> {
  return 'who' in (await gatekeeper.admit(request));
}
