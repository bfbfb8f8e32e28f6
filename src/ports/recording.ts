import type { Event } from '../contract/event.ts';
import type { Failure } from '../core/outcome.ts';

/** One event as it is recorded: the first cell is its id. */
export type Row = readonly string[];

/** What came of one call: a value, or why there is none. */
export type Told<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** How the place where events are recorded looks. */
export type Header =
  | { readonly kind: 'right' | 'empty' }
  /** Somebody else's columns: nothing may be written under them. */
  | { readonly kind: 'other'; readonly found: readonly string[]; readonly expected: readonly string[] };

/**
 * An external system that records events, a row each, instead of holding states. Every method makes one call, never
 * throws and never repeats: whoever calls counts calls and knows what may be repeated. Rows are counted from 1; the
 * first is the header.
 */
export interface RecordingTarget {
  /** Where rows go, as text that is another one for another place. */
  readonly place: string;
  rowOf(event: Event, eventId: string): Row;
  /** What stands in an event's first cell. */
  idCell(eventId: string): string;
  /** Reads the header; changes nothing. */
  readHeader(): Promise<Told<Header>>;
  /** Writes the header. Safe to repeat. */
  writeHeader(): Promise<Told<null>>;
  /**
   * Adds rows at the end, all or none. Not safe to repeat.
   * @returns the last row they take; null when it did not say.
   */
  append(rows: readonly Row[]): Promise<Told<number | null>>;
  /** The first cells of rows, from one row to another (or to the end); an empty one is ''. Empty ones at the end may be missing. */
  readIds(from: number, to: number | null): Promise<Told<readonly string[]>>;
  /** How many rows there are, empty ones too. */
  countRows(): Promise<Told<number>>;
  /** Closes connections; calls under way fail. Idempotent. */
  close(): Promise<void>;
}
