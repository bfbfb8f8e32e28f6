import type { FastifyInstance } from 'fastify';
import { auditRoutes } from './audit.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { eventRoutes } from './events.ts';
import { explainRoutes } from './explain.ts';
import { exportRoutes } from './export.ts';
import { overviewRoutes } from './overview.ts';
import { type AdminParts, admit } from './parts.ts';
import { Refusal } from './refusal.ts';
import { simulatorRoutes } from './simulator.ts';
import { subscriberRoutes } from './subscribers.ts';

/** The admin API: every route asks who it is first. */
export async function adminRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  app.addHook('onRequest', async (request) => {
    const admission = await parts.gatekeeper.admit(request);
    if ('refused' in admission) throw new Refusal(admission.refused);
    admit(request, admission.who);
  });
  for (const add of ROUTES) add(app, parts);
}

const ROUTES = [
  overviewRoutes,
  subscriberRoutes,
  eventRoutes,
  exportRoutes,
  deadLetterRoutes,
  explainRoutes,
  auditRoutes,
  simulatorRoutes,
];
