import { auditPageSchema } from '../../contract/admin.ts';
import { MOST_ON_A_PAGE } from '../../contract/admin-routes.ts';
import type { AuditEntry } from '../../ports/operating.ts';
import type { AdminClient } from '../admin-client.ts';
import type { CommandLine } from '../command.ts';
import { withConnector } from './access.ts';

/** `audit --url`. @param show prints pages of entries. */
export async function remoteAudit(
  line: CommandLine,
  { limit, before }: { limit: number; before: number | undefined },
  show: (pages: AsyncIterable<readonly AuditEntry[]>) => Promise<number>,
): Promise<number> {
  return await withConnector(line, (client) => show(pages(client, limit, before)));
}

async function* pages(client: AdminClient, limit: number, first: number | undefined) {
  let before = first;
  for (let left = limit; left > 0; left -= MOST_ON_A_PAGE) {
    const page = await client.get(auditPageSchema, '/audit', { before, limit: Math.min(MOST_ON_A_PAGE, left) });
    if (!page || page.entries.length === 0) return;
    yield page.entries.map((entry) => ({ ...entry, at: Date.parse(entry.at) }));
    if (page.next === null) return;
    before = page.next;
  }
}
