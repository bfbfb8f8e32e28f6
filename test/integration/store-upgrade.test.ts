import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { Store } from '../../src/ports/store.ts';
import { Claims } from '../../src/store/postgres/claims.ts';
import { Database } from '../../src/store/postgres/database.ts';
import { Leases } from '../../src/store/postgres/leases.ts';
import { migrate as migratePostgres, MIGRATIONS as POSTGRES_MIGRATIONS } from '../../src/store/postgres/schema.ts';
import { Writes } from '../../src/store/postgres/writes.ts';
import { MIGRATIONS, migrate } from '../../src/store/sqlite/schema.ts';
import { until } from '../helpers/polling.ts';
import { postgresBench, withClient } from '../helpers/postgres.ts';
import { sqliteBench } from '../helpers/sqlite-bench.ts';
import { acceptanceOf, asked, entryOf, IMSI, LIMITS, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';

const DEAD_IMSI = '250010000000007';

/** What version 0.1 left behind: two subscribers, one with a number, and an event; somebody who was given up. */
const [KNOWN, NUMBERLESS] = [wantedAt(1), wantedAt(1, { imsi: OTHER_IMSI, msisdn: null })].map((wanted) =>
  JSON.stringify(wanted),
);
const STATEMENTS = (schema: string, body: string) => `
  INSERT INTO ${schema}journal (seq, event_id, received_at, updated_at, type, imsi, state, status, request_id, unique_id,
    decision, attempts, body) VALUES (1, 'event-1', ${entryOf(1).receivedAt}, 1, 'SIM/Updated', ${Number(IMSI)},
    'processed', 202, 'r', 'u', '{}', '[{"at":1}]', ${body});
  UPDATE ${schema}subscribers SET dead = 'number 79123456789 clashes', waiting_since = 5 WHERE imsi = ${Number(DEAD_IMSI)};`;

/** @param store of today, on that database. */
async function usesWhatItFinds(store: Store): Promise<void> {
  assert.deepEqual((await store.views.subscriber(IMSI))?.applied, wantedAt(1));
  assert.deepEqual(await store.views.names(IMSI), { msisdn: '79123456789', account: null, iccid: null });
  assert.deepEqual(await store.views.find('79123456789', 9), [
    { imsi: IMSI, by: 'msisdn', value: '79123456789', current: true },
  ]);
  assert.deepEqual(await store.views.names(OTHER_IMSI), { msisdn: null, account: null, iccid: null });
  const { events } = await store.views.page({ imsi: IMSI, text: 'needle', limit: 9 });
  assert.deepEqual(
    events.map(({ eventId, attempts }) => [eventId, attempts]),
    [['event-1', 1]],
  );
  const why = 'number … clashes';
  assert.deepEqual(await store.views.deadGroups(9), [{ why, count: 1, oldest: 5, newest: 5 }]);
  const letters = await store.views.deadLetters({ why: 'number 70000000000 clashes', limit: 9 });
  assert.deepEqual(
    letters.map(({ imsi }) => imsi),
    [DEAD_IMSI],
  );
  const names = { msisdn: '79123456789', account: '17', iccid: '8938003991234567890' };
  await store.write({ ...acceptanceOf(2), entry: entryOf(2, { names }) });
  assert.deepEqual(await store.views.names(IMSI), names);
  await store.note({ who: 'token', what: 'resync', subject: null, detail: null });
  assert.equal((await store.views.audit({ limit: 9 })).length, 1);
}

describe('a database of the first version', () => {
  test('in a file is brought up to date with what it holds', async () => {
    await using bench = await sqliteBench();
    {
      using db = new DatabaseSync(bench.file);
      migrate(db, MIGRATIONS.slice(0, 1));
      const add = db.prepare('INSERT INTO subscribers (imsi, applied, last_event) VALUES (?, ?, ?)');
      add.run(Number(IMSI), KNOWN ?? null, 1);
      add.run(Number(OTHER_IMSI), NUMBERLESS ?? null, null);
      add.run(Number(DEAD_IMSI), null, null);
      db.exec(STATEMENTS('', "CAST('a needle' AS BLOB)"));
    }
    const store = await bench.open();
    await usesWhatItFinds(store);
  });

  test('in PostgreSQL is brought up to date with what it holds', async () => {
    await using bench = await postgresBench();
    await withClient(bench.url, async (client) => {
      await migratePostgres(client, POSTGRES_MIGRATIONS.slice(0, 1));
      const add = 'INSERT INTO nsps_connector.subscribers (imsi, known, applied) VALUES ($1, true, $2)';
      await client.query(add, [Number(IMSI), KNOWN]);
      await client.query(add, [Number(OTHER_IMSI), NUMBERLESS]);
      await client.query(add, [Number(DEAD_IMSI), null]);
      await client.query(STATEMENTS('nsps_connector.', "'a needle'::bytea"));
      await client.query("SELECT nextval('nsps_connector.journal_seq')");
    });
    const store = await bench.open();
    await usesWhatItFinds(store);
  });
});

test('PostgreSQL is brought up to date under the hands of connectors of an older version', async () => {
  await using bench = await postgresBench();
  const older = POSTGRES_MIGRATIONS.slice(0, 2);
  await withClient(bench.url, (client) => migratePostgres(client, older));
  const database = new Database({ url: bench.url, poolSize: 8 });
  const leases = new Leases();
  const writes = new Writes(database, leases, LIMITS);
  const claims = new Claims(database, () => leases.next(), LIMITS);
  let upgraded = false;
  let rounds = 0;
  const work = async (lane: number) => {
    for (let n = 0; !upgraded; n++) {
      const imsi = String(250010000000000 + lane * 10 + (n % 10));
      await writes.write(asked(acceptanceOf(lane * 1_000_000 + n, { imsi })));
      await claims.claimDue(2, 1);
      rounds++;
    }
  };
  const traffic = Promise.all(Array.from({ length: 6 }, (_, lane) => work(lane)));
  await until('there is traffic', () => rounds > 100);
  try {
    await withClient(bench.url, (client) => migratePostgres(client));
  } finally {
    upgraded = true;
  }
  await traffic;
  await database.close();
  const store = await bench.open();
  assert.ok((await store.views.events({ limit: 1 })).length > 0);
});

test('PostgreSQL is brought up to date in the middle of a write of an older version', async () => {
  await using bench = await postgresBench();
  await withClient(bench.url, (client) => migratePostgres(client, POSTGRES_MIGRATIONS.slice(0, 2)));
  await withClient(bench.url, async (writer) => {
    await writer.query('BEGIN; SELECT FROM nsps_connector.subscribers FOR NO KEY UPDATE');
    const upgrade = withClient(bench.url, (client) => migratePostgres(client));
    await until('it waits for the write', async () => {
      const waiting = await bench.query(
        'SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())',
      );
      return waiting.length > 0;
    });
    await Promise.all([writer.query('SELECT FROM nsps_connector.journal FOR NO KEY UPDATE; COMMIT'), upgrade]);
  });
  await (await bench.openWith({ role: 'guest' })).close();
});
