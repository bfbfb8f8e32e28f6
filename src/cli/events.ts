import type { StoredEvent, Views } from '../ports/store.ts';
import { backlogOf } from '../store/backlog.ts';
import { type Command, type CommandLine, EXIT, UsageError } from './command.ts';
import { eventJson } from './event-json.ts';
import { choiceOf, type EventChoice, FILTER_OPTIONS, walkEvents } from './event-query.ts';
import { backlogText, printTable, summarise } from './event-table.ts';
import { isRemote, PLACE_OPTIONS } from './remote-option.ts';
import { NOT_MASKED, STORE_EXITS, withStore } from './store-access.ts';
import { jsonLine } from './wording.ts';

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
    raw: { type: 'boolean', help: 'With --json: add the event itself, as NSPS sent it; not with --url.' },
    ...PLACE_OPTIONS,
  },
  exits: STORE_EXITS,
  positionals: [0, 0],
  run: events,
};

async function events(line: CommandLine): Promise<number> {
  const choice = choiceOf(line);
  const { json = false, raw = false, summary } = line.flags;
  if (raw && !json) throw new UsageError('--raw needs --json; "event <id> --raw" prints one');
  if (isRemote(line, 'raw')) return await (await import('./remote/events.ts')).remoteEvents(line, choice);
  return await withStore(line, async (store, { settings }) => {
    if (summary) return summarise(await backlogOf(store, settings), json);
    if (json) return await printJson(listed(store.views, choice, choice.limit), raw);
    process.stdout.write(`${backlogText(await backlogOf(store, settings))}\n\n`);
    return await printTable(listed(store.views, choice, choice.limit + 1), choice.limit);
  });
}

async function* listed(
  views: Views,
  { id, filter }: EventChoice,
  limit: number,
): AsyncGenerator<readonly StoredEvent[]> {
  if (id === undefined) return yield* walkEvents(views, filter, limit);
  const event = await views.event(id);
  if (event) yield [event];
}

async function printJson(pages: AsyncIterable<readonly StoredEvent[]>, raw: boolean): Promise<number> {
  for await (const page of pages) {
    for (const event of page) process.stdout.write(jsonLine(eventJson(event, raw)));
  }
  return EXIT.ok;
}
