import type { FastifyInstance } from 'fastify';
import type { Simulated } from '../../contract/admin.ts';
import type { AdminParts } from './parts.ts';
import { unknown } from './refusal.ts';

/** Who is on the core simulator, when one runs inside. */
export function simulatorRoutes(app: FastifyInstance, { simulated }: AdminParts): void {
  app.get('/admin/v1/simulator/subscribers', (): Simulated => {
    return simulated ? { subscribers: simulated() } : unknown('No core simulator runs inside');
  });
}
