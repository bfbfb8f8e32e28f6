/**
 * Where those can be who are due and held by nobody, by the time since when they are due: from `low` to `high` (both belong to
 * it), and from `since` on. Milliseconds since 1970 on the database's clock.
 */
export interface DueRange {
  readonly low: number;
  readonly high: number;
  readonly since: number;
}

/** A look for those who are due. */
export interface DueLook {
  /** When it began, on the database's clock. */
  readonly now: number;
  /** How many it was to find, and how many of them those who wait longest. */
  readonly limit: number;
  readonly oldest: number;
  /** Since when those are due whom it found. */
  readonly found: readonly number[];
}

/** Whoever became due so lately is always looked at, in milliseconds: it may have been written after a look, but before it. */
const MARGIN_MS = 5_000;

/** Nobody waits for longer than that margin. */
export function onlyRecent(now: number): DueRange {
  const since = now - MARGIN_MS;
  return { low: since, high: since - 1, since };
}

/** @param first since when the first of them is due, and the last of those before the margin; null when there is none. */
export function rangeOf(first: number | null, last: number | null, now: number): DueRange {
  return first === null || last === null ? onlyRecent(now) : { low: first, high: last, since: now - MARGIN_MS };
}

/** What is left of a range: those who wait longest were taken from its beginning, those who came last from its end. */
export function rangeAfter(range: DueRange, { now, limit, oldest, found }: DueLook): DueRange {
  if (found.length < limit) return onlyRecent(now);
  const times = found.toSorted((a, b) => a - b);
  const low = times[oldest - 1] ?? range.low;
  const high = times[oldest];
  return high === undefined ? { ...range, low } : { low, high, since: now - MARGIN_MS };
}
