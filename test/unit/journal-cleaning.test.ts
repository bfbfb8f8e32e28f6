import assert from 'node:assert/strict';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { test } from 'node:test';
import { EventIndex } from '../../src/store/sqlite/event-index.ts';
import { Journal } from '../../src/store/sqlite/journal.ts';
import { migrate } from '../../src/store/sqlite/schema.ts';
import { SubscriberRows } from '../../src/store/sqlite/subscriber-rows.ts';
import { entryOf, IMSI } from '../helpers/subscribers.ts';

const DEAD = 5_000;

test('a step of cleaning looks at so many events, and the next one goes on where it stopped', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  const rows = new SubscriberRows(db);
  const journal = new Journal(db, new EventIndex(db), rows, () => 0);
  const keep = (n: number) => journal.put(entryOf(n, { state: n < DEAD ? 'dead' : 'processed' }), rows.nextWrite());
  for (let n = 0; n < DEAD + 9; n++) keep(n);
  const clean = () => journal.clean({ before: Number.MAX_SAFE_INTEGER, most: 1_000_000, limit: 3 });
  const step = (deleted: number, more: boolean) => assert.deepEqual(clean(), { deleted, more });
  step(0, true);
  step(0, true);
  step(3, true);
  step(3, true);
  step(2, false);
  // From the front again: something may be dead no more.
  db.exec("UPDATE journal SET state = 'processed' WHERE seq = 2");
  step(1, true);
  step(0, true);
  step(0, false);
  db.close();
});

/** Counts the rows that are read one by one. */
class CountingDatabase extends DatabaseSync {
  reads = 0;

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    const get = statement.get.bind(statement) as (...values: SQLInputValue[]) => ReturnType<StatementSync['get']>;
    statement.get = (...values: unknown[]) => {
      this.reads++;
      return get(...(values as SQLInputValue[]));
    };
    return statement;
  }
}

test("a step of cleaning goes through nobody's story more than once, and not through too many", () => {
  const db = new CountingDatabase(':memory:');
  migrate(db);
  const rows = new SubscriberRows(db);
  const journal = new Journal(db, new EventIndex(db), rows, () => 0);
  const keep = (n: number, imsi: string) =>
    journal.put(entryOf(n, { imsi, state: n % 2 ? 'dead' : 'processed' }), rows.nextWrite());
  const clean = () => {
    db.reads = 0;
    journal.clean({ before: Number.MAX_SAFE_INTEGER, most: 1_000_000, limit: 100 });
    return db.reads;
  };
  for (let n = 1; n <= 1_000; n++) keep(n, IMSI);
  // What is looked up for each event that is deleted comes to a few more.
  assert.ok(clean() < 2_000);
  for (let n = 1_001; n <= 30_000; n++) keep(n, `2509900000000${10 + ((n >> 1) % 20)}`);
  for (let step = 0; step < 10; step++) assert.ok(clean() < 22_000);
  db.close();
});
