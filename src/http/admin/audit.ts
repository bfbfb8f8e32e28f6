import type { FastifyInstance } from 'fastify';
import type { AuditPage } from '../../contract/admin.ts';
import { AUDIT_QUERY } from '../../contract/admin-routes.ts';
import { givenInQuery } from './given.ts';
import type { AdminParts } from './parts.ts';
import { iso } from './present.ts';

/** What operators did. */
export function auditRoutes(app: FastifyInstance, { desk }: AdminParts): void {
  app.get('/admin/v1/audit', async (request): Promise<AuditPage> => {
    const { before, limit } = givenInQuery(request, AUDIT_QUERY);
    const entries = await desk.views.audit({ ...(before && { beforeSeq: before }), limit });
    const next = entries.length < limit ? null : (entries.at(-1)?.seq ?? null);
    return { entries: entries.map((entry) => ({ ...entry, at: iso(entry.at) })), next };
  });
}
