import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { EventIndex } from '../../src/store/sqlite/event-index.ts';
import { Journal } from '../../src/store/sqlite/journal.ts';
import { migrate } from '../../src/store/sqlite/schema.ts';
import { SubscriberRows } from '../../src/store/sqlite/subscriber-rows.ts';
import { entryOf } from '../helpers/subscribers.ts';

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
