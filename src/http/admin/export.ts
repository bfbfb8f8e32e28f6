import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { EVENT_FILTER } from '../../contract/admin-routes.ts';
import type { EventRow, EventSearch } from '../../ports/operating.ts';
import { searchOf } from './events.ts';
import { givenInQuery } from './given.ts';
import { type AdminParts, audit, beginLong } from './parts.ts';
import { iso } from './present.ts';

/** Rows of one export, rows read at a time, and how often it is read: a rare word is not looked for without end. */
const MOST_ROWS = 10_000;
const PAGE = 200;
const MOST_PAGES = 1_000;

/** The list of events as a table for spreadsheets. */
export function exportRoutes(app: FastifyInstance, parts: AdminParts): void {
  app.get('/admin/v1/events.csv', async (request, reply) => {
    const filter = givenInQuery(request, EVENT_FILTER);
    const signal = beginLong(request, reply, parts, 'work');
    await audit(request, parts, { what: 'export', subject: 'events', detail: filterText(filter) });
    const day = iso(parts.clock.wall()).slice(0, 10);
    reply
      .header('content-type', 'text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="events-${day}.csv"`);
    return reply.send(Readable.from(table(searchOf(filter), parts, signal), { objectMode: false }));
  });
}

function filterText(filter: object): string | null {
  const parts = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return parts.length === 0 ? null : parts.join(', ');
}

async function* table(search: Omit<EventSearch, 'limit'>, { desk, mask }: AdminParts, signal: AbortSignal) {
  yield `${COLUMNS.map(([name]) => name).join(',')}\r\n`;
  let beforeSeq: number | null = null;
  let rows = 0;
  for (let page = 0; page < MOST_PAGES && rows < MOST_ROWS; page++) {
    if (signal.aborted) throw new Error('the connector stops, or nobody reads any more');
    const limit = Math.min(PAGE, MOST_ROWS - rows);
    const found = await desk.views.page({ ...search, ...(beforeSeq !== null && { beforeSeq }), limit });
    rows += found.events.length;
    if (found.events.length > 0) yield found.events.map((event) => rowOf(event, mask)).join('');
    beforeSeq = found.next;
    if (beforeSeq === null) return;
    await nextTurn();
  }
  yield `${cell('there are more: narrow the choice')}\r\n`;
}

const COLUMNS: readonly (readonly [name: string, value: (event: EventRow) => string | number | null, masked?: true])[] =
  [
    ['seq', ({ seq }) => seq],
    ['received', ({ receivedAt }) => iso(receivedAt)],
    ['updated', ({ updatedAt }) => iso(updatedAt)],
    ['event_id', ({ eventId }) => eventId],
    ['type', ({ type }) => type, true],
    ['imsi', ({ imsi }) => imsi, true],
    ['previous_imsi', ({ previousImsi }) => previousImsi, true],
    ['state', ({ state }) => state],
    ['status', ({ status }) => status],
    ['deliveries', ({ deliveries }) => deliveries],
    ['attempts', ({ attempts }) => attempts],
    ['why', ({ why }) => why, true],
  ];

function rowOf(event: EventRow, mask: ((text: string) => string) | null): string {
  const cells = COLUMNS.map(([, value, masked]) => {
    const text = String(value(event) ?? '');
    return cell(masked && mask ? mask(text) : text);
  });
  return `${cells.join(',')}\r\n`;
}

/** Spreadsheets run what begins like a formula, some also in wide letters: an apostrophe before it makes it text. */
export function cell(text: string): string {
  const safe = /^\s*[=+\-@\t\r\n|%＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n;]|^'/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
