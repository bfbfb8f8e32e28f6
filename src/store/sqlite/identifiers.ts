import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Entry } from '../../ports/store.ts';
import { bereft, identifiersOf, renamed } from '../names.ts';

/** What subscribers are called: kept with them as one text, and by value for looking them up, whatever they were called. */
export class Identifiers {
  readonly #insert: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(
      'INSERT INTO identifiers (value, kind, imsi) VALUES (?, ?, ?) ON CONFLICT (value, kind, imsi) DO NOTHING',
    );
  }

  /**
   * @param kept what the subscriber of the event is called so far; most events say the same.
   * @returns what he is called now.
   */
  of({ imsi, names }: Entry, kept: string | null, state: Entry['state']): string | null {
    const now = renamed(kept, names, state);
    if (now === kept) return kept;
    for (const { value, kind } of identifiersOf(names)) this.#insert.run(value, kind, Number(imsi));
    return now;
  }

  /** The same of the SIM that was replaced. */
  ofReplaced({ imsi, previousImsi, names }: Entry, kept: string | null, state: Entry['state']): string | null {
    return imsi === null || imsi === previousImsi || state === 'superseded' ? kept : bereft(kept, names);
  }
}
