import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { hashOf } from '../../src/store/sqlite/event-index.ts';
import { migrate } from '../../src/store/sqlite/schema.ts';
import type { Bulk } from './bulk.ts';
import { type EventValues, FIRST_IMSI, type JournalRows, NAMES_IN_SQL } from './journal-rows.ts';

/** Nothing else has the file open, and should this process die, the file is of no use anyway. */
const CARELESS = 'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -524288';

const FIRST_BLOCK = `
  CREATE TEMP TABLE first_events (seq INTEGER PRIMARY KEY, event_id, received_at, type, imsi, previous_imsi, state, why,
    status, request_id, unique_id, decision, attempts, body, before, previous_before);
  CREATE TEMP TABLE first_subscribers (imsi INTEGER PRIMARY KEY, applied, desired, due_at, waiting_since, dead, last)`;

/** @param file of a database that there is not yet. */
export function bulkSqlite(file: string, rows: JournalRows): Bulk {
  const db = new DatabaseSync(file);
  db.exec(CARELESS);
  migrate(db);
  db.exec(FIRST_BLOCK);
  db.function('hash_of', { deterministic: true }, (id) => hashOf(String(id)));
  return {
    async begin(events, subscribers) {
      const last = new LastEvents();
      const addEvent = db.prepare(`INSERT INTO first_events VALUES (${Array(16).fill('?').join(', ')})`);
      for (const event of events) addEvent.run(...event.slice(0, -1), Buffer.from(event[13]), ...last.before(event));
      const addSubscriber = db.prepare('INSERT INTO first_subscribers VALUES (?, ?, ?, ?, ?, ?, ?)');
      for (const subscriber of subscribers) addSubscriber.run(...subscriber, last.of(subscriber[0]));
    },
    addBlock: async (k) => inTransaction(db, addBlock(rows, k)),
    finish: async () => inTransaction(db, FINISH),
    close: async () => db.close(),
  };
}

function inTransaction(db: DatabaseSync, statements: readonly string[]): void {
  db.exec('BEGIN');
  for (const statement of statements) db.exec(statement);
  db.exec('COMMIT');
}

/** Of each subscriber the last event so far, as the journal links them. */
class LastEvents {
  readonly #seqs = new Map<number, number>();

  /** @returns the events before this one, of the subscriber and of the one whose place he took. */
  before([seq, , , , imsi, previous]: EventValues): SQLInputValue[] {
    const before = [this.of(imsi), previous === null ? null : this.of(previous)];
    if (previous !== null) this.#seqs.set(previous, seq);
    this.#seqs.set(imsi, seq);
    return before;
  }

  of(imsi: number): number | null {
    return this.#seqs.get(imsi) ?? null;
  }
}

function addBlock(rows: JournalRows, k: number): string[] {
  const { seq, event_id, received_at, imsi, previous_imsi, state } = rows.repeated(k);
  const shift = k * rows.block;
  // Only the busy one has events in other blocks, too: his first one leads to his last one of the block before.
  const busy = `(SELECT last FROM first_subscribers WHERE imsi = ${FIRST_IMSI})`;
  const before =
    k === 0 ? 'before' : `coalesce(before, iif(imsi = ${FIRST_IMSI}, ${busy} - ${rows.block}, NULL)) + ${shift}`;
  const last = `iif(imsi = ${FIRST_IMSI}, ${k === 0 ? `last + ${(rows.blocks - 1) * rows.block}` : 'NULL'}, last + ${shift})`;
  const { msisdn, account, iccid } = NAMES_IN_SQL;
  return [
    `INSERT INTO journal (seq, event_id, received_at, updated_at, type, imsi, previous_imsi, state, why, status, request_id,
       unique_id, decision, attempts, body, before, previous_before)
     SELECT ${seq}, ${event_id}, ${received_at}, ${received_at}, type, ${imsi}, ${previous_imsi}, ${state}, why, status,
       request_id, unique_id, decision, attempts, body, ${before}, previous_before + ${shift} FROM first_events`,
    `INSERT INTO subscribers (imsi, applied, desired, due_at, waiting_since, dead, dead_group, last_event, names)
     SELECT imsi, applied, desired, due_at, waiting_since, dead, iif(dead IS NULL, NULL, common_reason(dead)), last,
       json_array(${msisdn}, ${account}, ${iccid}) FROM (
       SELECT imsi + ${k * rows.blockSubscribers} AS imsi, applied, desired, due_at, waiting_since, dead, ${last} AS last
       FROM first_subscribers)`,
  ];
}

/** In the order of keys. */
const FINISH = [
  ...Object.entries(NAMES_IN_SQL).map(
    ([kind, value]) => `INSERT INTO identifiers SELECT ${value}, '${kind}', imsi FROM subscribers ORDER BY imsi`,
  ),
  // Of two ids with one hash the second is left out: it is not looked for here.
  'INSERT OR IGNORE INTO event_index SELECT hash_of(event_id), seq FROM journal ORDER BY 1',
  'UPDATE indexed SET seq = (SELECT max(seq) FROM journal)',
];
