import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../helpers/polling.ts';
import { type PostgresBench, postgresBench, withClient } from '../helpers/postgres.ts';
import { acceptanceOf, effects, IMSI, LIMITS, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';

const LONG_MS = 600_000;
const DONE = 5_000;
const LOOKS = 100;

test("whoever waits longer than anybody does, since the database's clock was set back, is pulled in", async () => {
  await using bench = await postgresBench();
  const store = await bench.open();
  const unsure = { result: 'unsure', why: 'no answer', retryInMs: null, counts: true } as const;
  const doubt = (imsi: string) =>
    store.write(effects({ kind: 'failed', imsi, wanted: wantedAt(1, { imsi }), ...unsure }));
  await setBy(bench, 3 * LIMITS.longestRestMs);
  await store.write(acceptanceOf(1));
  await doubt(IMSI);
  await setBy(bench, 0);
  await doubt(OTHER_IMSI);
  const usual = await store.look(OTHER_IMSI);
  await store.clean({ before: 0, most: 1_000, limit: 1 });
  const { dueAt, unsettledUntil, waitingSince } = await store.look(IMSI);
  const [row] = await bench.query('SELECT nsps_connector.now_ms()::float8 AS now');
  const late = Number(row?.['now']) - Number(usual.unsettledUntil) + LIMITS.settleAfterMs;
  const from = (time: number | null) => (time ?? 0) - Number(row?.['now']);
  assert.ok(from(dueAt) <= LIMITS.longestRestMs && from(dueAt) >= LIMITS.longestRestMs - late, `${from(dueAt)}`);
  assert.ok(from(unsettledUntil) <= LIMITS.settleAfterMs && from(unsettledUntil) >= LIMITS.settleAfterMs - late);
  assert.ok(from(waitingSince) <= 0 && from(waitingSince) >= -late);
  assert.deepEqual(await store.look(OTHER_IMSI), usual, 'nobody else is');
  await store.close();
});

/** Sets the database's clock, as far as the connector knows it, ahead of the machine's. */
async function setBy(bench: PostgresBench, ms: number): Promise<void> {
  await bench.query(`CREATE OR REPLACE FUNCTION nsps_connector.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + ${ms} $$`);
}

test('a look for who is due does not go through all who were, as long as somebody reads an old state', async () => {
  await using bench = await postgresBench();
  const store = await bench.open();
  await bench.query(
    `INSERT INTO nsps_connector.subscribers (imsi, known, due_at)
     SELECT n, true, nsps_connector.now_ms() - 3600000 + n FROM generate_series(1, $1::int) AS n`,
    [DONE],
  );
  await withClient(bench.url, async (reader) => {
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM nsps_connector.subscribers');
    await bench.query('UPDATE nsps_connector.subscribers SET due_at = NULL');
    const before = await entriesRead(bench);
    for (let look = 0; look < LOOKS; look++) {
      const imsi = String(Number(IMSI) + look);
      await store.write(acceptanceOf(look, { imsi }));
      const found = await store.claimDue(2, LONG_MS);
      assert.deepEqual(
        found.map((held) => held.imsi),
        [imsi],
      );
    }
    await store.close();
    // Each connection tells what it read when it ends, at the latest.
    await until('all have told', async () => {
      const left = await bench.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'nsps-connector'",
      );
      return left.length === 0;
    });
    const read = (await entriesRead(bench)) - before;
    assert.ok(read < (LOOKS / 2) * DONE, `${read} entries of the index were read`);
  });
});

test('who has long been due is found again after he was let go', async () => {
  await using bench = await postgresBench();
  const store = await bench.open();
  await store.write(acceptanceOf(1));
  await bench.query('UPDATE nsps_connector.subscribers SET due_at = due_at - 3600000');
  const [held] = await store.claimDue(1, LONG_MS);
  assert.equal(held?.imsi, IMSI);
  assert.deepEqual(await store.claimDue(2, LONG_MS), []);
  await store.write(effects({ kind: 'untouched', imsi: IMSI, retryInMs: null, claim: held?.claim ?? '' }));
  await until('he is found', async () => (await store.claimDue(2, LONG_MS)).length === 1);
});

test('closing does not wait for who looks through everything', async () => {
  await using bench = await postgresBench();
  const store = await bench.open();
  await withClient(bench.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE nsps_connector.subscribers IN ACCESS EXCLUSIVE MODE');
    const refused = assert.rejects(store.claimDue(1, LONG_MS), /the connections were ended/);
    await until('it waits', async () => {
      const waiting = await client.query('SELECT FROM pg_locks WHERE NOT granted');
      return waiting.rowCount === 1;
    });
    await store.close();
    await refused;
  });
});

/** Entries of the index of those who are due that were read so far. */
async function entriesRead(bench: PostgresBench): Promise<number> {
  const [row] = await bench.query(
    "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'subscribers_due'",
  );
  return Number(row?.['idx_tup_read']);
}
