/**
 * What the recorder keeps in mind across restarts, kill -9 included: up to where the sheet is known, what may have been
 * appended without an answer, and when it wrote.
 */
export interface RecordNote {
  /** Which sheet this is about. */
  readonly place: string;
  /** The last row that is known to be there, and its first cell; null when nothing is known. */
  readonly last: { readonly row: number; readonly id: string } | null;
  /** Events whose rows were sent, and nobody knows what came of them. */
  readonly pending: Pending | null;
  /**
   * When the writes of the last minute ended, oldest first: in milliseconds since 1970 as it is kept, on the steady clock in a
   * process (`movedBy`).
   */
  readonly writes: readonly number[];
}

export interface Pending {
  readonly eventIds: readonly string[];
  /**
   * Until when they may still be applied, in milliseconds since 1970; 0 when whoever was asked has come to an end. While the
   * process lives the steady clock tells: the wall clock may be set.
   */
  readonly settleAt: number;
}

const MINUTE_MS = 60_000;
/** Writes arrive a little later than they are sent, not all of them alike: in milliseconds. */
const MARGIN_MS = 1_000;

/** The same note by another clock, which is so many milliseconds ahead. */
export function movedBy(note: RecordNote, ms: number): RecordNote {
  return { ...note, writes: note.writes.map((at) => Math.round(at + ms)) };
}

/**
 * Reads a note. One about another sheet says nothing about this one, but the writes count: they are one account's.
 * @param now milliseconds since 1970: when the last write before a death ended is not known, but it did by now.
 */
export function readNote(text: string | null, place: string, now: number): RecordNote {
  const fresh: RecordNote = { place, last: null, pending: null, writes: [] };
  if (text === null) return fresh;
  const note = JSON.parse(text) as RecordNote;
  // A wall clock that was set back would make them wait for ever.
  const past = note.writes.map((at) => Math.min(at, now));
  const writes = note.pending ? [...past.slice(0, -1), now] : past;
  return note.place === place ? { ...note, writes } : { ...fresh, pending: note.pending, writes };
}

/** A note before a write that begins now. */
export function withWrite(note: RecordNote, now: number): RecordNote {
  return { ...note, writes: [...note.writes.filter((at) => at > now - MINUTE_MS - MARGIN_MS), now] };
}

/** The same once that write has ended: later, it counts from then. */
export function withWriteEnded(note: RecordNote, now: number): RecordNote {
  return { ...note, writes: [...note.writes.slice(0, -1), now] };
}

/**
 * How long the next write has to wait: so many in any minute, evenly spaced.
 * @returns milliseconds.
 */
export function pauseBeforeWrite({ writes }: RecordNote, perMinute: number, now: number): number {
  const past = writes.map((at) => Math.min(at, now));
  const last = past.at(-1);
  const spaced = last === undefined ? 0 : last + MINUTE_MS / perMinute;
  const counted = past.at(-perMinute);
  const windowed = counted === undefined ? 0 : counted + MINUTE_MS + MARGIN_MS;
  return Math.max(0, Math.max(spaced, windowed) - now);
}
