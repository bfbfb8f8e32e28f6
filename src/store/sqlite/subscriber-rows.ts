import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Subscriber } from '../../core/subscriber.ts';
import { SUBSCRIBER_COLUMNS } from '../subscriber-row.ts';
import { type JsonRow, subscriberOf, valuesOf, WRITTEN_COLUMNS } from './rows.ts';

/** What the journal keeps with a subscriber: his newest event, and what he is called. */
const JOURNAL_COLUMNS = ['last_event', 'names'] as const;
const READ_COLUMNS = [...SUBSCRIBER_COLUMNS, ...JOURNAL_COLUMNS].join(', ');
const ALL_COLUMNS = [...WRITTEN_COLUMNS, ...JOURNAL_COLUMNS];

type WholeRow = [...JsonRow, lastEvent: number | null, names: string | null];

/** Rows remembered, those worked on last: a kilobyte each. What comes of an event is mostly told soon after it. */
const REMEMBERED = 5_000;

/** Names a write of a transaction; only `SubscriberRows` gives them out. */
export type WriteNumber = number & { readonly name: 'write' };

/** A subscriber's row: as the table has it, and as it is going to be written. */
export class KnownRow {
  readonly imsi: string;
  /** The write that worked on it last. */
  openedBy: WriteNumber | null = null;
  #stored: boolean;
  /** Until it is read. */
  #row: JsonRow | undefined;
  #subscriber: Subscriber | null = null;
  #changed = false;
  #noted = false;
  #lastEvent: number | null;
  #names: string | null;

  constructor(imsi: string, row: WholeRow | undefined) {
    this.imsi = imsi;
    this.#stored = row !== undefined;
    this.#row = row?.slice(0, SUBSCRIBER_COLUMNS.length) as JsonRow | undefined;
    [this.#lastEvent, this.#names] = row ? [row[9], row[10]] : [null, null];
  }

  /** Whether the table has it. */
  get stored(): boolean {
    return this.#stored;
  }

  get subscriber(): Subscriber {
    this.#subscriber ??= subscriberOf(this.#row, this.imsi);
    this.#row = undefined;
    return this.#subscriber;
  }

  set subscriber(subscriber: Subscriber) {
    this.#changed ||= subscriber !== this.#subscriber;
    this.#subscriber = subscriber;
  }

  get lastEvent(): number | null {
    return this.#lastEvent;
  }

  get names(): string | null {
    return this.#names;
  }

  note(lastEvent: number | null, names: string | null): void {
    this.#noted = true;
    this.#lastEvent = lastEvent;
    this.#names = names;
  }

  /** What there is to be written: all of it, what the journal keeps, or nothing. */
  get news(): 'all' | 'journal' | null {
    return this.#changed ? 'all' : this.#noted ? 'journal' : null;
  }

  written(): void {
    this.#stored = true;
    this.#changed = false;
    this.#noted = false;
  }
}

/**
 * Rows of subscribers: each is read once and written once for a write, whatever it does to him, and not read again soon. It
 * is written when another write of the transaction comes to it, or at the end: whoever changes one says when that is
 * (`flush`), and when all of it was taken back (`forget`).
 */
export class SubscriberRows {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #note: StatementSync;
  /** Counts the writes, so that each row tells which of them changed it. */
  #writes = 0;
  /** Those looked at last come last. */
  readonly #known = new Map<string, KnownRow>();
  readonly #open = new Set<KnownRow>();

  readonly #most: number;

  /** @param most rows remembered. */
  constructor(db: DatabaseSync, most = REMEMBERED) {
    this.#most = most;
    this.#select = db.prepare(`SELECT ${READ_COLUMNS} FROM subscribers WHERE imsi = ?`);
    this.#select.setReturnArrays(true);
    this.#insert = db.prepare(
      `INSERT INTO subscribers (${ALL_COLUMNS.join(', ')}) VALUES (${ALL_COLUMNS.map(() => '?').join(', ')})`,
    );
    const assignments = ALL_COLUMNS.slice(1).map((column, index) => `${column} = ?${index + 2}`);
    this.#update = db.prepare(`UPDATE subscribers SET ${assignments.join(', ')} WHERE imsi = ?1`);
    // Without the state of a subscriber none of the rules about it is looked at.
    this.#note = db.prepare(
      `INSERT INTO subscribers (imsi, last_event, names) VALUES (?1, ?2, ?3)
       ON CONFLICT (imsi) DO UPDATE SET last_event = ?2, names = ?3`,
    );
  }

  /** What is known of a subscriber, in the table or in what is about to be written. */
  read(imsi: string): Subscriber {
    return (this.#known.get(imsi) ?? this.#load(imsi)).subscriber;
  }

  /** Begins another write, which opens the rows it works on. */
  nextWrite(): WriteNumber {
    return ++this.#writes as WriteNumber;
  }

  /**
   * The row of somebody of whom something may be written. What an earlier write changed is written first: the rules of the
   * database are about each change, and not about what two of them come to.
   */
  open(imsi: string, write: WriteNumber): KnownRow {
    const row = this.#known.get(imsi) ?? this.#load(imsi);
    if (row.openedBy !== write && row.news !== null) this.#write(row);
    row.openedBy = write;
    if (this.#open.has(row)) return row;
    this.#open.add(row);
    this.#known.delete(imsi);
    this.#known.set(imsi, row);
    return row;
  }

  #load(imsi: string): KnownRow {
    return new KnownRow(imsi, this.#select.get(Number(imsi)) as WholeRow | undefined);
  }

  /** Writes what was changed, in the order in which it was looked at first. */
  flush(): void {
    for (const row of this.#open) this.#write(row);
    this.#open.clear();
    for (const imsi of this.#known.keys()) {
      if (this.#known.size <= this.#most) return;
      this.#known.delete(imsi);
    }
  }

  #write(row: KnownRow): void {
    const { news, stored, subscriber, lastEvent, names } = row;
    if (news === 'all') (stored ? this.#update : this.#insert).run(...valuesOf(subscriber), lastEvent, names);
    else if (news === 'journal') this.#note.run(Number(row.imsi), lastEvent, names);
    if (news !== null) row.written();
  }

  /** What was to be written, or was, is not there; or somebody else wrote. */
  forget(): void {
    this.#open.clear();
    this.#known.clear();
  }
}
