import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { intentsFile } from '../../src/store/sqlite/intents.ts';
import { migrate } from '../../src/store/sqlite/schema.ts';
import { CoreStub, hang, type StubAnswer, type StubCall, succeed } from '../helpers/core-stub.ts';
import { anEvent, IMSI, OTHER_IMSI, stamp } from '../helpers/events.ts';
import { MortalSite } from '../helpers/mortal-site.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { CORE_TOKEN, run, TOKEN } from '../helpers/program.ts';
import { numberAt, RetryingClient } from '../helpers/retrying-client.ts';
import { sqliteBench } from '../helpers/sqlite-bench.ts';
import { effects, LIMITS, IMSI as SOMEBODY, versionAt, wantedAt } from '../helpers/subscribers.ts';

const KILLS = 8;
const IMSIS = Array.from({ length: 100 }, (_, index) => String(1_010_000_000_000 + index).padStart(15, '0'));

const sent = ({ request }: StubCall) => (request['msisdn'] as string[])[0];
const imsiOf = ({ request }: StubCall) => request['imsi'] as string;

function eventAt(step: number, imsi: string) {
  const account_info = { bill_status: 'open', blocked: false, i_account: 1, id: `${numberAt(step)}@msisdn` };
  return anEvent({ event_id: `${imsi}-${step}`, sim_info: { imsi }, account_info, updated_at: stamp(step) });
}

for (const DELIVERY of ['inline', 'queued']) {
  describe(`killed, ${DELIVERY}`, () => {
    test('while the core has a call: the newest is confirmed by itself, and nothing older goes out before', async () => {
      await using core = await CoreStub.start(hang);
      await using site = await MortalSite.start(core.url, { DELIVERY, SETTLE_AFTER: '0.3' });
      // Nobody may be there to hear the answer.
      for (const imsi of [IMSI, OTHER_IMSI]) post(site.eventUrl, eventAt(2, imsi)).catch(() => {});
      await core.called(2);
      await site.kill();

      core.answer = succeed;
      await site.restart();
      const older = await until('the older one is taken', async () => {
        const answer = await post(site.eventUrl, eventAt(1, IMSI));
        return answer.status === 202 ? answer : null;
      });
      assert.equal(older?.body.outcome, 'superseded');
      await until('both are confirmed', () =>
        [IMSI, OTHER_IMSI].every((imsi) => core.calls.filter((call) => imsiOf(call) === imsi).length > 1),
      );
      assert.deepEqual(new Set(core.calls.map(sent)), new Set([numberAt(2)]));
    });

    test('at any moment under load: the core ends where billing does, and never goes back on the way', async () => {
      const backward: string[] = [];
      await using core = await CoreStub.start(applyAtOnce(backward));
      await using site = await MortalSite.start(core.url, { DELIVERY, SETTLE_AFTER: '0.3' });
      using client = new RetryingClient(() => site.eventUrl);
      const running = Promise.all(IMSIS.map((imsi) => client.run(imsi)));
      for (let kill = 0; kill < KILLS; kill++) {
        await delay(Math.random() * 150);
        await site.kill();
        const [sound] = await site.query('PRAGMA integrity_check');
        assert.equal(sound?.['integrity_check'], 'ok');
        await site.restart();
      }
      client.stop();
      await running;
      await until('nothing is left to do', async () => {
        const [left] = await site.query('SELECT count(*) AS count FROM subscribers WHERE due_at IS NOT NULL');
        return left?.['count'] === 0;
      });

      assert.deepEqual(backward, []);
      assert.equal(core.overlaps, 0);
      const last = new Map(core.calls.map((call) => [imsiOf(call), sent(call)]));
      for (const imsi of IMSIS) assert.equal(last.get(imsi), numberAt(client.newest.get(imsi) ?? 0), imsi);
      const kept = new Set((await site.query('SELECT event_id FROM journal')).map(({ event_id }) => event_id));
      const lost = [...client.acknowledged].filter((id) => !kept.has(id));
      assert.deepEqual(lost, []);
    });
  });
}

/** Takes a state when it comes, and answers some time later. @param backward gets whoever is sent an older one. */
function applyAtOnce(backward: string[]): StubAnswer {
  const newest = new Map<string, string>();
  return async (call, response) => {
    const [imsi, number] = [imsiOf(call), sent(call) ?? ''];
    const before = newest.get(imsi) ?? '';
    if (number < before) backward.push(`${imsi}: ${before}, then ${number}`);
    newest.set(imsi, number);
    await delay(Math.random() * 10);
    response.end('{"result":true}');
  };
}

describe('killed while the tables are made', () => {
  /** Each takes a while, so that there is a middle to be killed in. */
  const STEPS = Array.from(
    { length: 30 },
    (_, step) => `CREATE TABLE step_${step} (x INTEGER);
      WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000)
      INSERT INTO step_${step} SELECT x FROM n`,
  );

  test('each step is done, or not at all, and the next start goes on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nsps-migration-'));
    const file = join(folder, 'connector.db');
    for (let kill = 0; kill < 5; kill++) {
      await migrateAndDie(file);
      using db = new DatabaseSync(file);
      const version = db.prepare('PRAGMA user_version').get()?.['user_version'];
      const tables = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'];
      assert.equal(tables, version);
    }
    using db = new DatabaseSync(file);
    migrate(db, STEPS);
    assert.equal(db.prepare('SELECT count(*) AS count FROM step_29').get()?.['count'], 20_000);
    await rm(folder, { recursive: true });
  });

  /** Lets another process begin with the steps, and kills it at some moment. */
  async function migrateAndDie(file: string): Promise<void> {
    const schema = new URL('../../src/store/sqlite/schema.ts', import.meta.url).href;
    const script = `
      import { DatabaseSync } from 'node:sqlite';
      import { migrate } from ${JSON.stringify(schema)};
      const db = new DatabaseSync(${JSON.stringify(file)});
      db.exec('PRAGMA journal_mode = WAL');
      console.log('begins');
      migrate(db, ${JSON.stringify(STEPS)});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    await delay(Math.random() * 60);
    child.kill('SIGKILL');
    await ended;
  }
});

test('a second connector on the same file says what to do; the lock goes with the first, however it ends', async () => {
  await using core = await CoreStub.start();
  await using site = await MortalSite.start(core.url);
  const env = { STORE_URL: `sqlite:${site.file}`, API_TOKEN: TOKEN, WTL_API_URL: core.url, WTL_API_TOKEN: CORE_TOKEN };
  const second = await run(['serve'], { ...env, PORT: '0' });
  assert.equal(second.code, 69);
  assert.match(second.stderr, /another connector is running on this file: give each its own, or use postgres:/);
  assert.equal((await post(site.eventUrl, anEvent())).status, 202, 'the first one is not disturbed');
  await site.kill();
  await site.restart();
  assert.equal((await post(site.eventUrl, anEvent({ event_id: 'e-2' }))).status, 202);
});

test('whatever lies in the file of intents, the connector starts, and knows what can be read of it', async () => {
  const held = JSON.stringify({ imsi: SOMEBODY, wanted: wantedAt(1, { owed: false }) });
  const odd = ['{"imsi":"x","wanted":null}', '{"imsi":"250010000000001","wanted":{}}'];
  const rubbish = ['', '\0'.repeat(4096), '5\nnull\n[]\n{}', ...odd, held.slice(0, -9)];
  for (const text of ['', ...rubbish.map((line) => `${line}\n${held}\n${held.slice(0, 40)}`)]) {
    await using bench = await sqliteBench();
    writeFileSync(intentsFile(bench.file), text);
    const store = await bench.open(LIMITS);
    const found = await store.claim(SOMEBODY, null, 1);
    assert.deepEqual(found?.desired?.version, text === '' ? undefined : versionAt(1));
    const known = await store.views.subscribers({ limit: 9 });
    assert.equal(known.length, text === '' ? 0 : 1);
  }
});

test('killed while a confirmed state is sent again: that call may still arrive after something newer', async () => {
  await using bench = await sqliteBench();
  const { store, abandon } = await bench.openMortal();
  await store.claim(SOMEBODY, wantedAt(1), 1);
  await store.write(effects({ kind: 'applied', imsi: SOMEBODY, wanted: wantedAt(1), ageMs: 1, released: [] }));
  await store.claim(SOMEBODY, wantedAt(1), 1);
  await abandon();
  const next = await bench.open();
  assert.notEqual((await next.claim(SOMEBODY, null, 1))?.unsettledUntil, null);
});
