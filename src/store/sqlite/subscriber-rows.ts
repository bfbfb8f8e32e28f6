import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Subscriber } from '../../core/subscriber.ts';
import { SUBSCRIBER_COLUMNS } from '../subscriber-row.ts';
import { type JsonRow, subscriberOf, valuesOf, WRITTEN_COLUMNS } from './rows.ts';

/** What the journal keeps with a subscriber: his newest event, and what he is called. */
const JOURNAL_COLUMNS = ['last_event', 'names'] as const;
const READ_COLUMNS = [...SUBSCRIBER_COLUMNS, ...JOURNAL_COLUMNS].join(', ');
const ALL_COLUMNS = [...WRITTEN_COLUMNS, ...JOURNAL_COLUMNS];

type WholeRow = [...JsonRow, lastEvent: number | null, names: string | null];

/** A subscriber's row while something is written of him. */
export class OpenRow {
  readonly imsi: string;
  /** Whether the table has it. */
  readonly stored: boolean;
  readonly #row: WholeRow | undefined;
  #subscriber: Subscriber | null = null;
  #changed = false;
  #noted = false;
  #lastEvent: number | null;
  #names: string | null;

  constructor(imsi: string, row: WholeRow | undefined) {
    this.imsi = imsi;
    this.stored = row !== undefined;
    this.#row = row;
    [this.#lastEvent, this.#names] = row ? [row[9], row[10]] : [null, null];
  }

  get subscriber(): Subscriber {
    this.#subscriber ??= subscriberOf(this.#row?.slice(0, SUBSCRIBER_COLUMNS.length) as JsonRow | undefined, this.imsi);
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
}

/** Rows of subscribers: each is read once and written once for a write, whatever it does to him. */
export class SubscriberRows {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #note: StatementSync;
  readonly #open = new Map<string, OpenRow>();

  constructor(db: DatabaseSync) {
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
    return (this.#open.get(imsi) ?? this.#load(imsi)).subscriber;
  }

  open(imsi: string): OpenRow {
    const known = this.#open.get(imsi);
    if (known) return known;
    const row = this.#load(imsi);
    this.#open.set(imsi, row);
    return row;
  }

  #load(imsi: string): OpenRow {
    return new OpenRow(imsi, this.#select.get(Number(imsi)) as WholeRow | undefined);
  }

  /** Writes what was changed, in the order in which it was looked at first. */
  flush(): void {
    for (const row of this.#open.values()) this.#write(row);
    this.#open.clear();
  }

  #write(row: OpenRow): void {
    const { news, stored, subscriber, lastEvent, names } = row;
    if (news === 'all') (stored ? this.#update : this.#insert).run(...valuesOf(subscriber), lastEvent, names);
    else if (news === 'journal') this.#note.run(Number(row.imsi), lastEvent, names);
  }

  /** Nothing of it is to be written. */
  drop(): void {
    this.#open.clear();
  }
}
