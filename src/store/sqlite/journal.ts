import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventNews } from '../../core/subscriber.ts';
import type { Attempt, Entry } from '../../ports/store.ts';
import { mergeAttempts, stateAfter } from '../journal-rules.ts';
import { wholeMs } from '../times.ts';

const COLUMNS = [
  'event_id',
  'received_at',
  'updated_at',
  'type',
  'imsi',
  'previous_imsi',
  'state',
  'why',
  'status',
  'request_id',
  'unique_id',
  'decision',
  'attempts',
  'body',
] as const;

/** Every event and its story. */
export class Journal {
  readonly #now: () => number;
  readonly #insert: StatementSync;
  readonly #again: StatementSync;
  readonly #known: StatementSync;
  readonly #setAttempts: StatementSync;
  readonly #processed: StatementSync;
  readonly #setState: StatementSync;
  readonly #clean: StatementSync;

  constructor(db: DatabaseSync, now: () => number) {
    this.#now = now;
    this.#insert = db.prepare(
      `INSERT INTO journal (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
       ON CONFLICT (event_id) DO NOTHING`,
    );
    // The first delivery's time stays: it is when the event was heard of.
    const assignments = COLUMNS.flatMap((column, index) =>
      column === 'event_id' || column === 'received_at' ? [] : [`${column} = ?${index + 1}`],
    );
    this.#again = db.prepare(
      `UPDATE journal SET ${assignments.join(', ')}, deliveries = deliveries + 1
       WHERE event_id = ?1 AND ?2 IS NOT NULL`,
    );
    this.#known = db.prepare('SELECT state, attempts FROM journal WHERE event_id = ?');
    this.#setAttempts = db.prepare('UPDATE journal SET attempts = ?2, updated_at = ?3 WHERE event_id = ?1');
    this.#setState = db.prepare('UPDATE journal SET state = ?2, why = ?3, updated_at = ?4 WHERE event_id = ?1');
    // The newest event stays whatever its age, so that numbers are never used again.
    this.#clean = db.prepare(
      `DELETE FROM journal WHERE seq IN (
         SELECT seq FROM journal WHERE received_at < ? AND state NOT IN ('queued', 'dead')
           AND seq < (SELECT max(seq) FROM journal) ORDER BY seq LIMIT ?)`,
    );
    // An event of two subscribers is done when both are.
    this.#processed = db.prepare(
      `UPDATE journal SET state = 'processed', why = NULL, updated_at = ?2 WHERE event_id = ?1 AND NOT EXISTS (
         SELECT 1 FROM subscribers WHERE imsi IN (journal.imsi, journal.previous_imsi) AND desired ->> '$.eventId' = ?1)`,
    );
  }

  knows(eventId: string): boolean {
    return this.#known.get(eventId) !== undefined;
  }

  /** @param taken whether any of the event's effects was: an event that waits for nothing is superseded, not queued. */
  add(entry: Entry, taken: boolean): void {
    const state = entry.state === 'queued' && !taken ? 'superseded' : entry.state;
    if (this.#insert.run(...this.#values(entry, state, entry.attempts)).changes > 0) return;
    const known = this.#known.get(entry.eventId) as { state: Entry['state']; attempts: string };
    const attempts = mergeAttempts(JSON.parse(known.attempts) as Attempt[], entry.attempts);
    this.#again.run(...this.#values(entry, stateAfter(known.state, state), attempts));
  }

  #values(entry: Entry, state: Entry['state'], attempts: readonly Attempt[]) {
    return [
      entry.eventId,
      wholeMs(entry.receivedAt),
      this.#now(),
      entry.type,
      entry.imsi === null ? null : Number(entry.imsi),
      entry.previousImsi === null ? null : Number(entry.previousImsi),
      state,
      entry.why,
      entry.status,
      entry.requestId,
      entry.uniqueId,
      entry.decision,
      JSON.stringify(attempts),
      entry.body,
    ] as const;
  }

  /** Adds attempts to the story of an event. */
  tell(eventId: string, attempts: readonly Attempt[]): void {
    const known = this.#known.get(eventId) as { attempts: string } | undefined;
    if (!known) return;
    const all = mergeAttempts(JSON.parse(known.attempts) as Attempt[], attempts);
    this.#setAttempts.run(eventId, JSON.stringify(all), this.#now());
  }

  /** Oldest first, so that a walk from the beginning finds them at once. */
  clean(before: number, limit: number): number {
    return Number(this.#clean.run(before, limit).changes);
  }

  hear({ eventId, state, why }: EventNews): void {
    if (state === 'processed') this.#processed.run(eventId, this.#now());
    else this.#setState.run(eventId, state, why ?? null, this.#now());
  }
}
