import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { storable } from '../../core/text.ts';
import type { Deed } from '../../ports/operating.ts';
import type { CleaningOrder } from '../../ports/store.ts';

/** What operators did. */
export class Audit {
  readonly #now: () => number;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, now: () => number) {
    this.#now = now;
    this.#insert = db.prepare('INSERT INTO audit (at, who, what, subject, detail) VALUES (?, ?, ?, ?, ?)');
    // Of the oldest so many those that are too old: whoever cleans must not read all that there is, time and again.
    this.#delete = db.prepare('DELETE FROM audit WHERE at < ? AND seq IN (SELECT seq FROM audit ORDER BY seq LIMIT ?)');
  }

  note({ who, what, subject, detail }: Deed): void {
    const text = (value: string | null) => (value === null ? null : storable(value));
    this.#insert.run(this.#now(), storable(who), storable(what), text(subject), text(detail));
  }

  /** However many events there are: what operators did is kept for its time. */
  clean({ before, limit }: CleaningOrder): void {
    this.#delete.run(before, limit);
  }
}
