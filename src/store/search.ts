import type { EventRow, EventSearch, FoundEvents } from '../ports/operating.ts';
import type { EventFilter } from '../ports/store.ts';

/** Events looked at for one page, and when their bodies have to be read for it. */
const MOST_ROWS = 20_000;
/** They are looked at in steps, each twice as large as the one before, until so much time has passed, in milliseconds. */
const FIRST_ROWS = 1_250;
const MOST_MS = 50;
const MOST_BODIES = 2_000;
/** And those that an index lists: they lie apart. */
const MOST_LISTED = 5_000;
/** Bodies are read until there are so many bytes of them. */
const MOST_BYTES = 32 * 1024 ** 2;
/** An event is numbered when it is written, which may be so long after it came, in milliseconds. */
export const SLACK_MS = 30_000;

/** Numbers of events: from (with it) and before (without it). */
export interface Span {
  readonly from: number;
  readonly before: number;
}

/** What is looked at: the events of these numbers, newest first, or all of a span. */
export type Stretch = { readonly numbers: readonly number[] } | Span;

/** A journal as a search needs it. */
export interface SearchedJournal {
  /** No event that came at or after this time has a smaller number. */
  since(ms: number): Promise<number>;
  /** No event that came before this time has this number, or a larger one. */
  until(ms: number): Promise<number>;
  /**
   * The numbers of events that may fit, newest first, as far as an index tells; more than `most` when there are more.
   * @returns null when none is of use.
   */
  listed(search: EventSearch, span: Span, most: number): Promise<readonly number[] | null>;
  /** The numbers of the newest events of a span. */
  newest(span: Span, most: number): Promise<readonly number[]>;
  /** The number of the event so many places before the end of a span; null when it has less. */
  numberAt(span: Span, place: number): Promise<number | null>;
  /** The first event of a span. */
  oldest(span: Span): Promise<Pick<EventRow, 'seq' | 'receivedAt'> | null>;
  /** Lengths of bodies. */
  sizes(numbers: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** Those of a stretch that fit, newest first. */
  fitting(search: EventSearch, stretch: Stretch): Promise<readonly EventRow[]>;
}

/** What was looked at for a page, and what of it fits. */
interface Looked {
  readonly events: readonly EventRow[];
  readonly stretch: Stretch;
  /** Whether there is more to look at. */
  readonly more: boolean;
}

/**
 * One page of a search. The rows looked at are bounded whatever is looked for, and fewer where reading takes long (rows that
 * are not in memory), so a page may be short, or empty, and still have a next one.
 * @param now milliseconds of any clock.
 */
export async function searchPage(
  journal: SearchedJournal,
  search: EventSearch,
  now: () => number = () => performance.now(),
): Promise<FoundEvents> {
  const late = now() + MOST_MS;
  const span = await spanOf(journal, search);
  const looked =
    (await lookAtListed(journal, search, span)) ?? (await scan(journal, search, span, () => now() >= late));
  const { events, stretch, more } = looked;
  const last = events.at(-1);
  const end = await endOf(journal, stretch);
  if (last && events.length === search.limit) {
    const left = more || end === null || end.seq < last.seq;
    return { events, next: left ? last.seq : null, reachedAt: last.receivedAt };
  }
  return { events, next: more && end ? end.seq : null, reachedAt: end?.receivedAt ?? last?.receivedAt ?? null };
}

/** Where events of these times, and before that event, can be. */
export async function spanOf(
  journal: Pick<SearchedJournal, 'since' | 'until'>,
  { from, until, beforeSeq = Number.MAX_SAFE_INTEGER }: Pick<EventFilter, 'from' | 'until' | 'beforeSeq'>,
): Promise<Span> {
  const first = from === undefined ? 0 : await journal.since(from);
  const end = until === undefined ? beforeSeq : Math.min(beforeSeq, await journal.until(until));
  return { from: first, before: end };
}

/** @returns null when it is not known which events have to be looked at. */
async function lookAtListed(journal: SearchedJournal, search: EventSearch, span: Span): Promise<Looked | null> {
  const all = isForAll(search);
  const most = all || isForListed(search) ? search.limit : search.text ? MOST_BODIES : MOST_LISTED;
  const listed =
    (await journal.listed(search, span, most)) ?? (search.text || all ? await journal.newest(span, most + 1) : null);
  if (!listed) return null;
  const numbers = search.text ? await readable(journal, listed.slice(0, most)) : listed.slice(0, most);
  const stretch = { numbers };
  return { events: await journal.fitting(search, stretch), stretch, more: listed.length > numbers.length };
}

/** Looks at all events of a span, newest first, until the page is full. One step at least, so that every page comes further. */
async function scan(journal: SearchedJournal, search: EventSearch, span: Span, isLate: () => boolean): Promise<Looked> {
  const events: EventRow[] = [];
  let { before } = span;
  for (let [rows, left] = [FIRST_ROWS, MOST_ROWS]; ; rows *= 2) {
    const step = Math.min(rows, left);
    const reached = await journal.numberAt({ from: span.from, before }, step);
    const from = reached ?? span.from;
    events.push(...(await journal.fitting({ ...search, limit: search.limit - events.length }, { from, before })));
    left -= step;
    if (reached === null || left === 0 || events.length === search.limit || isLate()) {
      return { events, stretch: { from, before: span.before }, more: reached !== null };
    }
    before = reached;
  }
}

/** Whether any event fits. */
function isForAll(search: EventSearch): boolean {
  return isForListed(search) && search.imsi === undefined && search.state === undefined;
}

/** Whether every event fits that an index lists: no more of them than a page are of use then. */
function isForListed({ text, imsi, state, type, from, until }: EventSearch): boolean {
  const both = imsi !== undefined && state !== undefined;
  return !text && !both && [type, from, until].every((value) => value === undefined);
}

/** As many as can be read at a time, one at least. */
async function readable(journal: SearchedJournal, numbers: readonly number[]): Promise<readonly number[]> {
  const sizes = await journal.sizes(numbers);
  let bytes = 0;
  const end = numbers.findIndex((number, index) => {
    bytes += sizes.get(number) ?? 0;
    return bytes > MOST_BYTES && index > 0;
  });
  return end < 0 ? numbers : numbers.slice(0, end);
}

/** The oldest event of a stretch. */
async function endOf(journal: SearchedJournal, stretch: Stretch): Promise<Pick<EventRow, 'seq' | 'receivedAt'> | null> {
  if ('from' in stretch) return await journal.oldest(stretch);
  const last = stretch.numbers.at(-1);
  return last === undefined ? null : await journal.oldest({ from: last, before: last + 1 });
}
