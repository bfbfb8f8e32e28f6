import { eventPageSchema, type Overview, overviewSchema } from '../../contract/admin.ts';
import { MOST_ON_A_PAGE } from '../../contract/admin-routes.ts';
import type { EventFilter } from '../../ports/store.ts';
import type { NamedBacklog } from '../../store/backlog.ts';
import type { AdminClient, Query } from '../admin-client.ts';
import { type CommandLine, EXIT } from '../command.ts';
import type { EventChoice } from '../event-query.ts';
import { backlogText, type ListedEvent, printTable, summarise } from '../event-table.ts';
import { jsonLine, printable } from '../wording.ts';
import { withConnector } from './access.ts';
import { listedOf, RemoteViews } from './views.ts';

/** `events --url`: what the local command lists, of a connector that runs elsewhere. */
export async function remoteEvents(line: CommandLine, choice: EventChoice): Promise<number> {
  const { json = false, summary } = line.flags;
  return await withConnector(line, async (client) => {
    if (summary) return summarise(await remoteBacklog(client), json);
    if (json) return await printJson(listed(client, choice, choice.limit));
    process.stdout.write(`${backlogText(await remoteBacklog(client))}\n\n`);
    return await printTable(listed(client, choice, choice.limit + 1), choice.limit);
  });
}

/** How the connector does now. */
export async function remoteOverview(client: AdminClient): Promise<Overview> {
  return needed(await client.get(overviewSchema, '/overview'));
}

/** What the connector still has to do. */
async function remoteBacklog(client: AdminClient): Promise<NamedBacklog> {
  const { at, backlog, records, store } = await remoteOverview(client);
  if (store.fault !== null) {
    const fault = printable(store.fault);
    process.stderr.write(`Warning: the store of that connector fails (${fault}): what waits was counted before.\n`);
  }
  const oldest = backlog.oldestMs === null ? null : Date.parse(at) - backlog.oldestMs;
  return { waiting: backlog.waiting, oldest, dead: backlog.dead, of: records ? 'event' : 'subscriber' };
}

/** An answer that is always there. */
function needed<T>(answer: T | null): T {
  if (answer !== null) return answer;
  throw new Error('the admin API says that a list is not there');
}

async function* listed(client: AdminClient, { id, filter }: EventChoice, limit: number) {
  if (id === undefined) return yield* remotePages(client, filter, limit);
  const event = await new RemoteViews(client).event(id);
  if (event) {
    const { body: _body, decision: _decision, attempts: _attempts, ...rest } = event;
    yield [rest];
  }
}

/** Walks events newest first. A page may be empty and still have a next one: the API looks only so far at a time. */
export async function* remotePages(client: AdminClient, filter: Omit<EventFilter, 'limit'>, limit: number) {
  let before = filter.beforeSeq;
  for (let left = limit; left > 0; ) {
    const query = { ...queryOf(filter), before, limit: Math.min(MOST_ON_A_PAGE, left) };
    const { events, next } = needed(await client.get(eventPageSchema, '/events', query));
    if (events.length > 0) yield events.map(listedOf);
    if (next === null) return;
    left -= events.length;
    before = next;
  }
}

function queryOf({ state, imsi, type, from, until }: Omit<EventFilter, 'limit'>): Query {
  const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());
  return { state, imsi, type, from: iso(from), until: iso(until) };
}

async function printJson(
  pages: AsyncIterable<readonly (ListedEvent & { readonly updatedAt: number })[]>,
): Promise<number> {
  for await (const page of pages) {
    for (const { receivedAt, updatedAt, ...rest } of page) {
      const [received, updated] = [receivedAt, updatedAt].map((time) => new Date(time).toISOString());
      process.stdout.write(jsonLine({ ...rest, receivedAt: received, updatedAt: updated }));
    }
  }
  return EXIT.ok;
}
