import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Explanation } from '../../contract/admin.ts';
import { explanationOf, walk } from '../../operate/explain.ts';
import { bodyOf } from '../body.ts';
import type { AdminParts } from './parts.ts';

/** Largest event that is explained, in bytes. */
const MOST_BYTES = 1024 * 1024;

/** What an event would mean; nothing is sent. */
export function explainRoutes(app: FastifyInstance, { desk }: AdminParts): void {
  app.post('/admin/v1/explain', { bodyLimit: MOST_BYTES }, async (request: FastifyRequest): Promise<Explanation> => {
    return explanationOf(walk(bodyOf(request), desk.rules, await desk.previewer()));
  });
}
