import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../helpers/polling.ts';
import { type PostgresBench, postgresBench } from '../helpers/postgres.ts';
import { acceptanceOf, entryOf } from '../helpers/subscribers.ts';

const EVENTS = 20_000;
/** Of them, in one test. */
const DEAD = 5_000;
const BATCH = 100;
const DAY_MS = 86_400_000;
/** Of the event that came first, in milliseconds since 1970. */
const FIRST = 1_000_000;

test('cleaning reads what is old, not the whole journal, and so it does when little or nothing is', async () => {
  await using bench = await postgresBench();
  await fill(bench);
  for (const [order, deleted] of [
    [{ before: FIRST, most: EVENTS }, 0],
    [{ before: FIRST + 5, most: EVENTS }, 5],
    [{ before: FIRST, most: EVENTS - 8 }, 3],
  ] as const) {
    const before = await rowsRead(bench);
    const store = await bench.open();
    assert.equal(await store.clean({ ...order, limit: 200 }), deleted);
    await store.close();
    const read = await until('the statistics', async () => {
      const now = await rowsRead(bench);
      return now.cleanings > before.cleanings && { rows: now.rows - before.rows };
    });
    assert.ok(read.rows < 1_000, `${read.rows} rows were read to delete ${deleted}`);
  }
});

test('cleaning goes past what stays at the front once, not with every batch', async () => {
  await using bench = await postgresBench();
  await fill(bench);
  await bench.query("UPDATE nsps_connector.journal SET state = 'dead' WHERE seq <= $1", [DEAD]);
  await bench.query('VACUUM ANALYZE nsps_connector.journal');
  for (const order of [
    { before: FIRST + DEAD + 10 * BATCH, most: EVENTS },
    { before: 0, most: EVENTS - DEAD - 20 * BATCH },
  ]) {
    const before = await rowsRead(bench);
    const store = await bench.open();
    for (let batch = 0; batch < 10; batch++) assert.equal(await store.clean({ ...order, limit: BATCH }), BATCH);
    assert.equal(await store.clean({ ...order, limit: BATCH }), 0);
    await store.close();
    const read = await until('the statistics', async () => {
      const now = await rowsRead(bench);
      return now.cleanings > before.cleanings && { rows: now.rows - before.rows };
    });
    assert.ok(read.rows < 4 * DEAD, `${read.rows} rows were read`);
  }
});

test('cleaning keeps what waits and what is dead, and takes the oldest of the rest by either rule', async () => {
  await using bench = await postgresBench();
  const store = await bench.open();
  await store.write(acceptanceOf(1));
  for (const n of [2, 3, 4, 5]) {
    await store.write({ entry: entryOf(n, { state: 'ignored', receivedAt: n }), story: null, effects: [] });
  }
  const left = async () => (await store.views.events({ limit: 9 })).map(({ eventId }) => eventId);
  assert.equal(await store.clean({ before: 5, most: 2, limit: 2 }), 2);
  assert.deepEqual(await left(), ['event-5', 'event-4', 'event-1']);
  assert.equal(await store.clean({ before: 5, most: 1, limit: 2 }), 1);
  assert.deepEqual(await left(), ['event-5', 'event-1']);
});

test('cleaning goes by the database: a machine whose clock is wrong deletes neither too much nor too little', async (t) => {
  await using bench = await postgresBench();
  const store = await bench.open();
  const now = Date.now();
  for (const [n, days] of [1, 3].entries()) {
    const entry = entryOf(n, { state: 'ignored', receivedAt: now - days * DAY_MS });
    await store.write({ entry, story: null, effects: [] });
  }
  const clock = t.mock.method(Date, 'now', () => now);
  for (const days of [10, -10]) {
    const own = now + days * DAY_MS;
    clock.mock.mockImplementation(() => own);
    assert.equal(await store.clean({ before: own - 5 * DAY_MS, most: EVENTS, limit: 9 }), 0);
  }
  assert.equal(await store.clean({ before: now - 12 * DAY_MS, most: EVENTS, limit: 9 }), 1);
});

/** Events one millisecond apart, and statistics of them. */
async function fill(bench: PostgresBench): Promise<void> {
  await (await bench.open()).close();
  await bench.query(
    `INSERT INTO nsps_connector.journal
       (event_id, received_at, updated_at, type, state, status, request_id, unique_id, decision, attempts, body)
     SELECT 'event-' || n, $1::bigint + n, 1, 'SIM/Updated', 'processed', 202, 'r', 'u', '{}', '[]', repeat('x', 200)::bytea
     FROM generate_series(0, $2::int - 1) AS n`,
    [FIRST, EVENTS],
  );
  await bench.query('ANALYZE nsps_connector.journal');
}

/** Rows of the journal that were read so far, and how many connections that cleaned have told of it. */
async function rowsRead(bench: PostgresBench): Promise<{ rows: number; cleanings: number }> {
  const [row] = await bench.query(
    `SELECT sum(idx_tup_fetch) FILTER (WHERE relname = 'journal') + sum(seq_tup_read) FILTER (WHERE relname = 'journal')
         AS rows,
       sum(idx_scan + seq_scan) FILTER (WHERE relname = 'audit') AS cleanings
     FROM pg_stat_user_tables`,
  );
  return { rows: Number(row?.['rows']), cleanings: Number(row?.['cleanings']) };
}
