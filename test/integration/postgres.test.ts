import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import pg from 'pg';
import { storeName } from '../../src/config/kinds.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Store, StoreError } from '../../src/ports/store.ts';
import { PostgresStore } from '../../src/store/postgres/index.ts';
import { MIGRATIONS, migrate } from '../../src/store/postgres/schema.ts';
import { probeStore } from '../../src/store/probe.ts';
import { untilFree } from '../contract/store-bench.ts';
import { BadLine } from '../helpers/bad-line.ts';
import { until } from '../helpers/polling.ts';
import { freePort, listening } from '../helpers/ports.ts';
import { type PostgresBench, postgresBench, withClient } from '../helpers/postgres.ts';
import { acceptanceOf, effects, entryOf, IMSI, LIMITS, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';

const LONG_MS = 600_000;

describe('several connectors on one PostgreSQL', () => {
  test('never both hold one subscriber, however many they ask for at once', async () => {
    await using bench = await postgresBench();
    const stores = await Promise.all([bench.open(), bench.open(), bench.open()]);
    const imsis = Array.from({ length: 400 }, (_, index) => String(250010000000000 + index));
    // Each in an order of its own: locks taken in the order of asking would end in a deadlock.
    const claims = await Promise.all(
      stores.map((store, index) => {
        const order = index % 2 === 0 ? imsis : imsis.toReversed();
        return Promise.all(order.map((imsi) => store.claim(imsi, wantedAt(1, { imsi }), LONG_MS)));
      }),
    );
    const held = claims.flat().flatMap((one) => one?.imsi ?? []);
    assert.deepEqual(held.toSorted(), imsis);
  });

  test('share what is due', async () => {
    await using bench = await postgresBench();
    const stores = await Promise.all([bench.open(), bench.open()]);
    const imsis = Array.from({ length: 60 }, (_, index) => String(250010000000000 + index));
    await Promise.all(imsis.map((imsi, index) => stores[0].write(acceptanceOf(index, { imsi }))));
    const held: string[] = [];
    while (held.length < imsis.length) {
      const due = await Promise.all(stores.map((store) => store.claimDue(7, LONG_MS)));
      held.push(...due.flat().map(({ imsi }) => imsi));
    }
    assert.deepEqual(held.toSorted(), imsis);
  });

  test('hear it once that the database was empty, from the one that made the tables', async () => {
    await using bench = await postgresBench();
    let made = 0;
    const onNew = () => made++;
    await Promise.all([bench.openWith({ onNew }), bench.openWith({ onNew }), bench.openWith({ onNew })]);
    assert.equal(made, 1);
    await bench.openWith({ onNew });
    assert.equal(made, 1);
  });

  test('take over from one that hangs, and are not disturbed when it wakes up', async () => {
    await using bench = await postgresBench();
    const [hanging, next, third] = await Promise.all([bench.open(), bench.open(), bench.open()]);
    const sent = wantedAt(1, { owed: false });
    await hanging.claim(IMSI, sent, 1);
    const found = await untilFree(next, IMSI);
    assert.deepEqual([found.desired, found.applied], [sent, null], 'it may have been sent');
    await hanging.write(effects({ kind: 'applied', imsi: IMSI, wanted: sent, ageMs: 1, released: [] }));
    assert.equal(await third.claim(IMSI, null, LONG_MS), null, 'the lease is that of the next one');
    assert.deepEqual((await third.views.subscriber(IMSI))?.applied, sent, 'but what it knows is kept');
    await next.write(effects({ kind: 'untouched', imsi: IMSI, retryInMs: null }));
    assert.ok(await third.claim(IMSI, null, LONG_MS));
  });

  test('do not end a newer claim of their own with what came too late of an earlier one', async () => {
    await using bench = await postgresBench();
    const [store, other] = await Promise.all([bench.open(), bench.open()]);
    const late = await store.claim(IMSI, wantedAt(1), 1);
    const next = await untilFree(store, IMSI);
    const applied = { kind: 'applied', imsi: IMSI, wanted: wantedAt(1), ageMs: 1, released: [] } as const;
    await store.write(effects({ ...applied, claim: late?.claim ?? '' }));
    assert.equal(await other.claim(IMSI, null, LONG_MS), null, 'the newer claim stands');
    await store.write(effects({ kind: 'untouched', imsi: IMSI, retryInMs: null, claim: next.claim }));
    assert.ok(await other.claim(IMSI, null, LONG_MS));
  });

  for (const result of ['rejected', 'retry', 'unsure'] as const) {
    test(`do not give up on whom another one brought up to date since, because of a call that is told late: ${result}`, async () => {
      await using bench = await postgresBench();
      const once = { ...LIMITS, maxAttempts: 1 };
      const [hanging, next] = await Promise.all([bench.open(once), bench.open(once)]);
      await hanging.write(acceptanceOf(1));
      const [late] = await hanging.claimDue(1, 1);
      const { claim } = await untilFree(next, IMSI);
      const wanted = wantedAt(1);
      await next.write(effects({ kind: 'applied', imsi: IMSI, wanted, ageMs: 1, released: [], claim }));
      const before = await next.look(IMSI);
      assert.ok(before.unsettledUntil, 'the core may still come to the call of the one that hangs');
      const told = { kind: 'failed', imsi: IMSI, result, why: 'no', retryInMs: LONG_MS, counts: true } as const;
      await hanging.write(effects({ ...told, wanted, claim: late?.claim ?? '' }));
      await hanging.write(effects({ kind: 'untouched', imsi: IMSI, retryInMs: LONG_MS, claim: late?.claim ?? '' }));
      const after = await next.look(IMSI);
      if (result !== 'unsure') assert.deepEqual(after, before);
      assert.deepEqual([after.dead, after.desired, after.attempts], [null, null, 0]);
      assert.ok(after.dueAt && after.unsettledUntil && after.dueAt <= after.unsettledUntil, 'he is confirmed then');
    });
  }

  test('do not take for newer what is told late, where no stamps tell: he is confirmed once more', async () => {
    await using bench = await postgresBench();
    const [hanging, next] = await Promise.all([bench.open(), bench.open()]);
    const undated = (n: number) => ({ ...wantedAt(n, { owed: false }), version: {} });
    const late = await hanging.claim(IMSI, undated(1), 1);
    const { claim } = await untilFree(next, IMSI);
    const applied = { kind: 'applied', imsi: IMSI, ageMs: 1, released: [] } as const;
    await next.write(effects({ ...applied, wanted: undated(2), claim }));
    await hanging.write(effects({ ...applied, wanted: undated(1), claim: late?.claim ?? '' }));
    const found = await next.look(IMSI);
    assert.deepEqual([found.applied, found.desired], [undated(2), null]);
    assert.ok(found.unsettledUntil && found.dueAt);
  });

  test('are not kept waiting for a claim that failed half way', async () => {
    await using bench = await postgresBench();
    const [store, other] = await Promise.all([bench.open(), bench.open()]);
    await other.claim(IMSI, wantedAt(1), 1);
    await until('that claim has run out', async () => {
      const rows = await bench.query(
        'SELECT FROM nsps_connector.subscribers WHERE lease_until <= nsps_connector.now_ms()',
      );
      return rows.length === 1;
    });
    // Only taking over from somebody else writes that.
    await bench.query(`
      CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER full_disk BEFORE UPDATE OF attempts ON nsps_connector.subscribers FOR EACH ROW
      EXECUTE FUNCTION full_disk()`);
    const asked = [IMSI, OTHER_IMSI].map((imsi) => outcome(store.claim(imsi, wantedAt(1, { imsi }), LONG_MS)));
    for (const fault of await Promise.all(asked)) assert.match(String(fault), /disk of the database is full/);
    await until('he is free', () => other.claim(OTHER_IMSI, null, LONG_MS));
  });

  test('write the same events at once, and lose no delivery', async () => {
    await using bench = await postgresBench();
    const stores = await Promise.all([bench.open(), bench.open()]);
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    await Promise.all(
      stores.map((store, index) =>
        Promise.all((index ? numbers.toReversed() : numbers).map((n) => store.write(acceptanceOf(n)))),
      ),
    );
    const events = await stores[0].views.events({ limit: 1000 });
    assert.equal(events.length, numbers.length);
    assert.deepEqual(new Set(events.map(({ deliveries }) => deliveries)), new Set([2]));
    assert.deepEqual((await stores[0].views.subscriber(IMSI))?.desired, wantedAt(99));
  });

  test('end the two halves of a swap at once, and its event is done', async () => {
    await using bench = await postgresBench();
    const stores = await Promise.all([bench.open(), bench.open()]);
    const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
    const pair = (n: number) => [String(250010000000000 + n), String(250020000000000 + n)] as const;
    for (const n of numbers) {
      const [imsi, previousImsi] = pair(n);
      const wants = [imsi, previousImsi].map(
        (one) => ({ kind: 'want', imsi: one, wanted: wantedAt(n, { imsi: one }), after: [] }) as const,
      );
      await stores[0].write({ entry: entryOf(n, { imsi, previousImsi }), story: null, effects: wants });
    }
    const settle = async (store: Store, imsi: string, n: number) => {
      await store.claim(imsi, wantedAt(n, { imsi }), LONG_MS);
      await store.write(effects({ kind: 'applied', imsi, wanted: wantedAt(n, { imsi }), ageMs: 1, released: [] }));
    };
    await Promise.all(numbers.flatMap((n) => stores.map((store, index) => settle(store, pair(n)[index as 0 | 1], n))));
    assert.deepEqual(await stores[0].views.events({ state: 'queued', limit: 100 }), []);
  });
});

describe('migrating PostgreSQL', () => {
  test('is done once when five connectors start at the same moment', async () => {
    await using bench = await postgresBench();
    await Promise.all(Array.from({ length: 5 }, () => bench.open()));
    const taken = await bench.query('SELECT version FROM nsps_connector.migrations');
    assert.deepEqual(
      taken,
      MIGRATIONS.map((_, index) => ({ version: index + 1 })),
    );
  });

  test('goes on where it was killed', async () => {
    await using bench = await postgresBench();
    const slow = 'CREATE TABLE nsps_connector.later (x int); SELECT pg_sleep(600)';
    const killed = assert.rejects(withClient(bench.url, (client) => migrate(client, [...MIGRATIONS, slow])));
    await terminate(bench, "wait_event = 'PgSleep'");
    await killed;
    const store = await bench.open();
    await store.write(acceptanceOf(1));
    const step = 'CREATE TABLE nsps_connector.later (x int)';
    await withClient(bench.url, (client) => migrate(client, [...MIGRATIONS, step]));
    assert.deepEqual(await bench.query('SELECT x FROM nsps_connector.later'), []);
  });

  test('is not done by a command, which says what to do instead', async () => {
    await using bench = await postgresBench();
    const refusal = async () => String(await outcome(bench.openWith({ role: 'guest' })));
    const tables = () => bench.query("SELECT FROM pg_tables WHERE schemaname = 'nsps_connector'");
    const { settings } = loadConfig({ STORE_URL: bench.url }, { requireAll: false });
    assert.match(await refusal(), /holds no tables of the connector.*start the connector first/);
    assert.deepEqual(await probeStore(settings), {
      verdict: 'ok',
      subject: 'store',
      message: `${storeName(settings.STORE_URL)} can be reached; its tables are made at the first start`,
    });
    assert.deepEqual(await tables(), []);
    await withClient(bench.url, (client) => migrate(client, MIGRATIONS.slice(0, -1)));
    const before = await tables();
    const older = new RegExp(
      `older version .*schema ${MIGRATIONS.length - 1}.*start the connector of this version first`,
    );
    assert.match(await refusal(), older);
    const { verdict, message } = await probeStore(settings);
    assert.equal(verdict, 'fail');
    assert.match(message, older);
    assert.deepEqual(await tables(), before);
    await (await bench.open()).close();
    const guest = await bench.openWith({ role: 'guest' });
    await guest.write(acceptanceOf(1));
    await guest.close();
    await bench.query('INSERT INTO nsps_connector.migrations (version) VALUES (99)');
    assert.match(await refusal(), /newer version/);
  });

  test('is refused when the database is of a newer version', async () => {
    await using bench = await postgresBench();
    await (await bench.open()).close();
    await bench.query('INSERT INTO nsps_connector.migrations (version) VALUES (99)');
    await assert.rejects(bench.open(), (error) => {
      assert.ok(error instanceof StoreError && !error.passing);
      assert.match(error.message, /newer version of the connector \(schema 99/);
      return true;
    });
  });
});

describe('a PostgreSQL that fails', () => {
  test('is a passing fault while it cannot be reached, and works again afterwards', async () => {
    await using bench = await postgresBench();
    const store = await bench.open();
    await store.write(acceptanceOf(1));
    await store.views.event('event-1');
    await terminate(bench, "application_name = 'nsps-connector'");
    for (let n = 2; ; n++) {
      const fault = await store.write(acceptanceOf(n)).then(
        () => null,
        (error: unknown) => error,
      );
      if (fault === null) break;
      assert.ok(fault instanceof StoreError && fault.passing, String(fault));
    }
    assert.equal((await store.views.event('event-1'))?.state, 'superseded');
  });

  test('is a passing fault in the middle of a transaction, of which nothing is left', async () => {
    await using bench = await postgresBench();
    const store = await bench.open();
    await store.write(acceptanceOf(1));
    await using lock = await lockOf(bench);
    const [write, claim] = [outcome(store.write(acceptanceOf(2))), outcome(store.claim(IMSI, null, LONG_MS))];
    await terminate(bench, "application_name = 'nsps-connector' AND wait_event_type = 'Lock'", 2);
    for (const fault of [await write, await claim])
      assert.ok(fault instanceof StoreError && fault.passing, String(fault));
    await lock.release();
    assert.equal(await store.views.event('event-2'), null);
    assert.ok(await store.claim(IMSI, null, LONG_MS));
  });

  test('is one that says so in time when it hangs', async () => {
    await using bench = await postgresBench();
    const store = await bench.openWith({ statementMs: 100 });
    await store.write(acceptanceOf(1));
    await using lock = await lockOf(bench);
    for (const fault of await Promise.all([
      outcome(store.write(acceptanceOf(2))),
      outcome(store.claim(IMSI, null, 1)),
    ])) {
      assert.ok(fault instanceof StoreError && fault.passing);
      assert.match(fault.message, /does not answer in time/);
    }
    await lock.release();
    assert.deepEqual(await store.write(acceptanceOf(3)), [true]);
  });

  test('is left for the one that can be written, over all connections at once', async () => {
    await using bench = await postgresBench();
    const store = await bench.open();
    await store.write(acceptanceOf(1));
    const name = new URL(bench.url).pathname.slice(1);
    await bench.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await terminate(bench, "application_name = 'nsps-connector'");
    const ask = () => [
      outcome(store.write(acceptanceOf(2))),
      outcome(store.claim(IMSI, null, LONG_MS)),
      outcome(store.views.event('event-1')),
    ];
    await until('it is connected to the one that is read-only', async () => {
      const outcomes = await Promise.all(ask());
      return outcomes.filter((fault) => /read-only/.test(String(fault))).length === 2 && outcomes[2] === null;
    });
    await withClient(bench.url, async (client) => {
      await client.query('SET default_transaction_read_only = off');
      await client.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    });
    assert.deepEqual(await Promise.all(ask()), [null, null, null]);
  });

  test('keeps nothing locked for a connector that was lost in the middle of a message', async (t) => {
    await using bench = await postgresBench();
    const [known] = await bench.query("SELECT FROM pg_settings WHERE name = 'transaction_timeout'");
    if (!known) return t.skip('before PostgreSQL 17 only the network tells that a client is gone');
    await using line = await BadLine.to(Number(new URL(bench.url).port));
    const lost = await bench.openWith({
      url: Object.assign(new URL(bench.url), { port: String(line.port) }).href,
      statementMs: 2_000,
    });
    await lost.write(acceptanceOf(1));
    line.beGoneIn('lock-subscribers');
    const write = outcome(lost.write(acceptanceOf(2)));
    const isFree = () =>
      bench.query('SELECT FROM nsps_connector.subscribers FOR UPDATE NOWAIT').then(
        () => true,
        () => false,
      );
    await until('it is locked', async () => !(await isFree()));
    await until('it is free again', isFree);
    assert.ok((await write) instanceof StoreError);
  });

  test('is named without its password', async () => {
    await using bench = await postgresBench();
    const nobody = new URL(bench.url);
    nobody.port = String(await freePort());
    const stranger = new URL(bench.url);
    stranger.password = 'not-the-one';
    const nowhere = new URL(bench.url);
    nowhere.pathname = 'no_such_database';
    await using silence = await listening(createServer(() => {}));
    const silent = new URL(bench.url);
    silent.port = String(silence.port);
    for (const [url, words] of [
      [nobody.href, /nobody answers there/],
      [stranger.href, /the user or the password is wrong/],
      [nowhere.href, /there is no such database/],
      [silent.href, /the database does not answer in time/],
      ['postgres://u:secret@[x/', /cannot be read/],
    ] as const) {
      await assert.rejects(PostgresStore.open({ url, limits: LIMITS }), (error) => {
        assert.ok(error instanceof StoreError);
        assert.match(error.message, words);
        assert.doesNotMatch(error.message + String(error.cause), /not-the-one|secret|:password/);
        return true;
      });
    }
  });
});

test('PostgreSQL gets large events in several transactions, and one that is larger still in its own', async () => {
  await using bench = await postgresBench();
  const store = await bench.open();
  const sizes = [...Array.from({ length: 16 }, () => 3), 33, 1];
  const write = (n: number, size: number) => {
    const body = Buffer.alloc(size * 1024 ** 2, ' ');
    return store.write({ entry: entryOf(n, { state: 'ignored', body }), story: null, effects: [] });
  };
  await Promise.all(sizes.map((size, n) => write(n, size)));
  const transactions = await bench.query(
    'SELECT sum(length(body))::int / 1024 ^ 2 AS size FROM nsps_connector.journal GROUP BY xmin::text ORDER BY min(seq)',
  );
  assert.deepEqual(
    transactions.map(({ size }) => size),
    [30, 18, 33, 1],
  );
});

test('PostgreSQL keeps text that it has no characters for as well as it can', async () => {
  await using bench = await postgresBench();
  const store = await bench.open();
  const odd = 'a\0b\ud800c\\u0000';
  const wanted = { ...wantedAt(1), eventId: odd };
  const entry = entryOf(1, { eventId: odd, why: odd, decision: odd });
  await store.write({ entry, story: null, effects: [{ kind: 'want', imsi: IMSI, wanted, after: [] }] });
  const plain = 'a\ufffdb\ufffdc\\u0000';
  const [event] = await store.views.events({ limit: 1 });
  assert.deepEqual([event?.eventId, event?.why, event?.decision], [plain, plain, plain]);
  assert.equal((await store.views.event(odd))?.eventId, plain, 'it is found by either');
  const [held] = await store.claimDue(1, LONG_MS);
  assert.ok(held?.desired);
  await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: held.desired, ageMs: 1, released: [] }));
  assert.equal((await store.views.event(plain))?.state, 'processed');
});

function outcome(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

/** Ends the connections that `which` tells, as soon as there are so many of them. */
async function terminate(bench: PostgresBench, which: string, atLeast = 1): Promise<void> {
  const found = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${which}`;
  for (;;) {
    const [row] = await bench.query(`SELECT count(*)::int AS count ${found}`);
    if (Number(row?.['count']) >= atLeast) break;
  }
  await bench.query(`SELECT pg_terminate_backend(pid) ${found}`);
}

/** Keeps everybody from the subscriber's row until it is released. */
async function lockOf(bench: PostgresBench) {
  const client = new pg.Client({ connectionString: bench.url });
  await client.connect();
  await client.query('BEGIN; SELECT * FROM nsps_connector.subscribers FOR UPDATE');
  let ended: Promise<void> | null = null;
  const release = () => (ended ??= client.end());
  return { release, [Symbol.asyncDispose]: release };
}

for (const [given, expected] of [
  ['off', 'on'],
  ['local', 'local'],
] as const) {
  test(`PostgreSQL has what was answered on its disk before, though it is told to commit otherwise: ${given} (G3)`, async () => {
    await using bench = await postgresBench();
    await bench.query(`ALTER DATABASE ${new URL(bench.url).pathname.slice(1)} SET synchronous_commit = ${given}`);
    const store = await bench.open();
    await bench.query(`
      CREATE TABLE committed (how text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.committed VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
      CREATE TRIGGER noted AFTER INSERT ON nsps_connector.journal EXECUTE FUNCTION note()`);
    await store.write(acceptanceOf(1));
    assert.deepEqual(await bench.query('SELECT how FROM committed'), [{ how: expected }]);
  });
}

for (const isolation of ['repeatable read', 'serializable']) {
  test(`PostgreSQL makes tables, claims and writes for several as ever where its transactions are by default: ${isolation}`, async () => {
    await using bench = await postgresBench();
    const name = new URL(bench.url).pathname.slice(1);
    await bench.query(`ALTER DATABASE ${name} SET default_transaction_isolation = '${isolation}'`);
    const stores = await Promise.all([bench.open(), bench.open(), bench.open()]);
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    const work = stores.flatMap((store) =>
      numbers.map(async (n) => {
        await store.write(acceptanceOf(n));
        const held = await store.claim(IMSI, wantedAt(n), 5_000);
        if (held) await store.write(effects({ kind: 'untouched', imsi: IMSI, retryInMs: null, claim: held.claim }));
      }),
    );
    await Promise.all(work);
    assert.deepEqual((await stores[0]?.views.subscriber(IMSI))?.desired, wantedAt(39));
  });
}
