import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Conclusion, Outbox } from '../../ports/outbox.ts';
import type { Backlog, StoredEvent } from '../../ports/store.ts';
import { type EventRow, storedEvent } from './views.ts';

/** The part of the journal in which events wait to be recorded. Adding and ending events is the journal's own (`Journal`). */
export class OutboxTables {
  readonly #queued: StatementSync;
  readonly #note: StatementSync;
  readonly #setNote: StatementSync;
  readonly #backlog: StatementSync;

  constructor(db: DatabaseSync) {
    // The index of unfinished events has them in this order.
    this.#queued = db.prepare(`SELECT * FROM journal WHERE state = 'queued' ORDER BY seq LIMIT ?`);
    this.#note = db.prepare('SELECT note FROM recorder');
    this.#setNote = db.prepare('UPDATE recorder SET note = ?');
    this.#backlog = db.prepare(
      `SELECT count(*) AS waiting, min(received_at) AS oldest,
         (SELECT count(*) FROM journal WHERE state = 'dead') AS dead
       FROM journal WHERE state = 'queued'`,
    );
  }

  queued({ events, bytes }: Parameters<Outbox['queued']>[0]): StoredEvent[] {
    const found: StoredEvent[] = [];
    let size = 0;
    for (const row of this.#queued.iterate(events) as Iterable<unknown> as Iterable<EventRow>) {
      size += row.body.length;
      if (size > bytes && found.length > 0) break;
      found.push(storedEvent(row));
    }
    return found;
  }

  note(): string | null {
    return (this.#note.get() as { note: string | null } | undefined)?.note ?? null;
  }

  setNote(note: string): void {
    this.#setNote.run(note);
  }

  backlog(): Backlog {
    return this.#backlog.get() as unknown as Backlog;
  }
}

/** What the store's thread is asked about its outbox, besides `put`. */
export interface ConcludeRequest {
  readonly conclusions: readonly Conclusion[];
  readonly note: string | null;
}
