import type { StoredEvent, Views } from '../ports/store.ts';
import { backlogOf, type NamedBacklog } from './backlog.ts';
import { type Command, type CommandLine, EXIT, UsageError, wholeNumber } from './command.ts';
import { FILTER_OPTIONS, filterOf, walkEvents } from './event-query.ts';
import { NOT_MASKED, STORE_EXITS, STORE_OPTION, withStore } from './store-access.ts';
import { durationText, timeText } from './times.ts';
import { counted, eventJson, jsonLine, printable, stateStyled, styled } from './wording.ts';

export const command: Command = {
  name: 'events',
  synopsis: '',
  about:
    "Lists the journal's events, newest first, above them what the connector still has to do. Reads only.\n" +
    NOT_MASKED,
  options: {
    ...FILTER_OPTIONS,
    type: { type: 'string', value: 'type', help: 'Events of this type: SIM/Updated.' },
    id: { type: 'string', value: 'event-id', help: 'The one event of exactly this id.' },
    limit: { type: 'string', short: 'n', default: '20', value: 'number', help: 'Events shown.' },
    before: { type: 'string', value: 'number', help: 'The next page: only events before this one.' },
    summary: { type: 'boolean', help: 'Only what the connector still has to do.' },
    json: { type: 'boolean', help: 'Print one JSON object an event.' },
    raw: { type: 'boolean', help: 'With --json: add the event itself, as NSPS sent it.' },
    store: STORE_OPTION,
  },
  exits: STORE_EXITS,
  positionals: [0, 0],
  run: events,
};

const NARROWING = ['state', 'imsi', 'type', 'since', 'until', 'before'] as const;

async function events(line: CommandLine): Promise<number> {
  const list = listOf(line);
  if (line.flags['raw'] && !line.flags['json'])
    throw new UsageError('--raw needs --json; "event <id> --raw" prints one');
  return await withStore(line, async (store, { settings }) => {
    const { views } = store;
    if (line.flags['summary']) return summarise(await backlogOf(store, settings), line.flags['json'] === true);
    if (line.flags['json']) return await printJson(list(views), line.flags['raw'] === true);
    process.stdout.write(`${backlogText(await backlogOf(store, settings))}\n\n`);
    return await printTable(list(views), line);
  });
}

/** Reads the command line first, so that a slip is told before a store is opened. */
function listOf(line: CommandLine): (views: Views) => AsyncIterable<readonly StoredEvent[]> {
  const { id, type } = line.values;
  const limit = wholeNumber(line, 'limit', 1, 1_000_000);
  const beforeSeq = line.values['before'] === undefined ? undefined : wholeNumber(line, 'before', 1, 999_999_999_999);
  const filter = { ...filterOf(line), ...(type !== undefined && { type }), ...(beforeSeq && { beforeSeq }) };
  if (id === undefined) return (views) => walkEvents(views, filter, line.flags['json'] ? limit : limit + 1);
  const other = NARROWING.find((name) => line.values[name] !== undefined);
  if (other) throw new UsageError(`--id names one event: leave out --${other}`);
  return async function* (views) {
    const event = await views.event(id);
    if (event) yield [event];
  };
}

function summarise(backlog: NamedBacklog, json: boolean): number {
  const { waiting, oldest, dead } = backlog;
  const since = oldest === null ? null : new Date(oldest).toISOString();
  process.stdout.write(json ? jsonLine({ waiting, oldest: since, dead }) : `${backlogText(backlog)}\n`);
  return EXIT.ok;
}

function backlogText({ waiting, oldest, dead, of }: NamedBacklog): string {
  const since = oldest === null ? '' : `, the oldest since ${timeText(oldest)} (${durationText(Date.now() - oldest)})`;
  const lost = counted(dead, 'dead letter');
  const hint = dead > 0 ? ': see --state dead, then "replay --dead"' : '';
  return `${counted(waiting, of)} waiting${since}; ${dead > 0 ? styled('red', lost) : lost}${hint}`;
}

async function printJson(pages: AsyncIterable<readonly StoredEvent[]>, raw: boolean): Promise<number> {
  for await (const page of pages) {
    for (const event of page) process.stdout.write(jsonLine(eventJson(event, raw)));
  }
  return EXIT.ok;
}

async function printTable(pages: AsyncIterable<readonly StoredEvent[]>, line: CommandLine): Promise<number> {
  const limit = Number(line.values['limit']);
  let shown = 0;
  let last: StoredEvent | undefined;
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

function rowOf(event: StoredEvent): string {
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
