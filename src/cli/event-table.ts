import type { StoredEvent } from '../ports/store.ts';
import type { NamedBacklog } from '../store/backlog.ts';
import { EXIT } from './command.ts';
import { durationText, timeText } from './times.ts';
import { counted, jsonLine, printable, stateStyled, styled } from './wording.ts';

/** What a row of the list shows of an event. */
export type ListedEvent = Pick<
  StoredEvent,
  'seq' | 'eventId' | 'type' | 'imsi' | 'previousImsi' | 'state' | 'why' | 'deliveries' | 'receivedAt'
>;

/** Prints only what the connector still has to do. @returns the exit code. */
export function summarise(backlog: NamedBacklog, json: boolean): number {
  const { waiting, dead } = backlog;
  const oldest = oldestBy(Date.now(), backlog);
  const since = oldest === null ? null : new Date(oldest).toISOString();
  process.stdout.write(json ? jsonLine({ waiting, oldest: since, dead }) : `${backlogText(backlog)}\n`);
  return EXIT.ok;
}

/** What the connector still has to do, in a line. */
export function backlogText(backlog: NamedBacklog): string {
  const { waiting, dead, of } = backlog;
  const now = Date.now();
  const oldest = oldestBy(now, backlog);
  const since = oldest === null ? '' : `, the oldest since ${timeText(oldest)} (${durationText(now - oldest)})`;
  const lost = counted(dead, 'dead letter');
  const hint = dead > 0 ? ': see --state dead, then "replay --dead"' : '';
  return `${counted(waiting, of)} waiting${since}; ${dead > 0 ? styled('red', lost) : lost}${hint}`;
}

/** Of whom only a state is to be confirmed, it is known when that is due: nobody waits since a time to come. */
function oldestBy(now: number, { oldest }: NamedBacklog): number | null {
  return oldest === null ? null : Math.min(oldest, now);
}

/** Prints events as they come. @param limit rows shown; one more says that there is another page. */
export async function printTable(pages: AsyncIterable<readonly ListedEvent[]>, limit: number): Promise<number> {
  let shown = 0;
  let last: ListedEvent | undefined;
  for await (const page of pages) {
    if (shown === 0) process.stdout.write(`${styled('bold', rowText(HEADER))}\n`);
    for (const event of page) {
      // One more than asked for was read: it says that there is another page.
      if (shown === limit) return tellCount(`${counted(shown, 'event')}; more: --before ${last?.seq} shows the next`);
      process.stdout.write(`${rowOf(event)}\n`);
      shown++;
      last = event;
    }
  }
  return tellCount(shown === 0 ? 'No such event.' : `${counted(shown, 'event')}; no more`);
}

function tellCount(text: string): number {
  process.stdout.write(`${text}\n`);
  return EXIT.ok;
}

type Row = readonly [time: string, state: string, type: string, imsi: string, sent: string, id: string, why: string];

const HEADER: Row = ['time', 'state', 'type', 'IMSI', 'sent', 'event id', 'why'];
const WIDTHS = [20, 10, 12, 15, 4, 36, 0] as const;

function rowOf(event: ListedEvent): string {
  const { receivedAt, state, type, imsi, previousImsi, deliveries, eventId, why } = event;
  const sim = imsi ?? previousImsi ?? '-';
  const text = rowText([timeText(receivedAt), state, type, sim, String(deliveries), eventId, why ?? '']);
  const at = WIDTHS[0] + GAP.length;
  const end = at + WIDTHS[1];
  return text.slice(0, at) + stateStyled(state, text.slice(at, end)) + text.slice(end);
}

const GAP = '  ';

/** As wide as the terminal; whole where there is none. */
function rowText(row: Row): string {
  const cells = row.map((cell, index) => printable(cell).padEnd(WIDTHS[index] as number));
  const text = cells.join(GAP).trimEnd();
  const width = process.stdout.columns ?? Number.POSITIVE_INFINITY;
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
