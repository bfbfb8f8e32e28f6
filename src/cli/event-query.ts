import { EVENT_STATES, type EventState } from '../contract/event-states.ts';
import { isImsi } from '../contract/imsi.ts';
import type { EventFilter, StoredEvent, Views } from '../ports/store.ts';
import { type CommandLine, type Option, UsageError, wholeNumber } from './command.ts';
import { TIME_OPTIONS, timeSpan } from './times.ts';

/** Options that choose events. */
export const FILTER_OPTIONS = {
  state: { type: 'string', value: 'state', help: `${EVENT_STATES.join(', ')}.` },
  imsi: { type: 'string', value: 'imsi', help: 'Events of this SIM, also as the one that was replaced.' },
  ...TIME_OPTIONS,
} as const satisfies Record<string, Option>;

/** Events read at a time: one may be a megabyte. */
const PAGE = 100;

/** Reads the filter of the command line. @throws UsageError naming the option that is wrong. */
export function filterOf(line: CommandLine): Omit<EventFilter, 'limit'> {
  const { imsi } = line.values;
  const state = stateOf(line.values['state']);
  return {
    ...(state !== undefined && { state }),
    ...(imsi !== undefined && { imsi: imsiOf(imsi, '--imsi') }),
    ...timeSpan(line),
  };
}

/** Which events a list shows. */
export interface EventChoice {
  /** The one of this id; undefined when the filter chooses. */
  readonly id: string | undefined;
  readonly filter: Omit<EventFilter, 'limit'>;
  readonly limit: number;
}

const NARROWING = ['state', 'imsi', 'type', 'since', 'until', 'before'] as const;

/** Reads the whole choice first, so that a slip is told before anybody is asked. @throws UsageError */
export function choiceOf(line: CommandLine): EventChoice {
  const { id, type, before } = line.values;
  const limit = wholeNumber(line, 'limit', 1, 1_000_000);
  const beforeSeq = before === undefined ? undefined : wholeNumber(line, 'before', 1, 999_999_999_999);
  const filter = { ...filterOf(line), ...(type !== undefined && { type }), ...(beforeSeq && { beforeSeq }) };
  const other = NARROWING.find((name) => line.values[name] !== undefined);
  if (id !== undefined && other) throw new UsageError(`--id names one event: leave out --${other}`);
  const choosing = id === undefined ? other : 'id';
  if (line.flags['summary'] && choosing) throw new UsageError(`--summary counts everything: leave out --${choosing}`);
  return { id, filter, limit };
}

function stateOf(text: string | undefined): EventState | undefined {
  const state = EVENT_STATES.find((known) => known === text);
  if (text === undefined || state !== undefined) return state;
  throw new UsageError(`--state must be one of ${EVENT_STATES.join(', ')}, not "${text}"`);
}

/** @throws UsageError unless the text is 15 digits. @param name what the operator called it. */
export function imsiOf(text: string, name: string): string {
  if (isImsi(text)) return text;
  throw new UsageError(`${name} must be 15 digits, not "${text}"`);
}

/** Walks events newest first, a page at a time, at most `limit` of them. */
export async function* walkEvents(
  views: Views,
  filter: Omit<EventFilter, 'limit'>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly StoredEvent[]> {
  let { beforeSeq } = filter;
  for (let left = limit; left > 0; left -= PAGE) {
    const most = Math.min(PAGE, left);
    const events = await views.events({ ...filter, ...(beforeSeq !== undefined && { beforeSeq }), limit: most });
    if (events.length > 0) yield events;
    if (events.length < most) return;
    beforeSeq = events.at(-1)?.seq;
  }
}
