import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { BadLine } from '../helpers/bad-line.ts';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { type Answer, get, post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { type PostgresBench, postgresBench, withClient } from '../helpers/postgres.ts';
import { type Serving, serve } from '../helpers/program.ts';

const SOME = 50;
const MANY = 2_000;
/** A busy connector has a third of it. */
const MOST_MEMORY_KB = 500_000;
/** Where the system tells how much memory a process has. */
const PROC = '/proc/self/status';

/** Events of subscribers of their own. */
function postAll({ eventUrl }: Serving, from: number, count: number): Promise<Answer[]> {
  const imsis = Array.from({ length: count }, (_, index) => String(1_010_000_000_000 + from + index).padStart(15, '0'));
  return Promise.all(imsis.map((imsi) => post(eventUrl, anEvent({ event_id: imsi, sim_info: { imsi } }))));
}

async function assertTaken(answers: Promise<Answer[]>): Promise<void> {
  for (const { status, body } of await answers) assert.equal(status, 202, JSON.stringify(body));
}

const ready = async ({ url }: Serving) => await get(`${url}/ready`);
const untilReady = (connector: Serving) =>
  until('it is ready again', async () => (await ready(connector)).status === 200);

async function processed(bench: PostgresBench): Promise<number> {
  const [row] = await bench.query(
    "SELECT count(*)::int AS count FROM nsps_connector.journal WHERE state = 'processed'",
  );
  return Number(row?.['count']);
}

function logged({ program }: Serving, message: string): unknown[] {
  return program.lines.filter(({ msg, message: text }) => (msg ?? text) === message).map(({ level }) => level);
}

describe('a database', () => {
  // A slow machine must not look like one of these: it may take seconds for what comes after the mend.
  for (const [name, fault, STORE_TIMEOUT, modes] of [
    ['that is away', 'cut', '10', ['inline']],
    ['that does not say a word', 'swallow', '2', ['inline', 'queued']],
  ] as const) {
    for (const DELIVERY of modes) {
      test(`${name}, ${DELIVERY}: nothing is acknowledged or sent, until it is back`, async () => {
        await using bench = await postgresBench();
        await using core = await CoreStub.start();
        await using line = await BadLine.to(Number(new URL(bench.url).port));
        const STORE_URL = Object.assign(new URL(bench.url), { port: String(line.port) }).href;
        await using connector = await serve(core.url, { STORE_URL, DELIVERY, STORE_TIMEOUT });
        await assertTaken(postAll(connector, 0, SOME));
        await until('all were sent', async () => (await processed(bench)) === SOME);

        line[fault]();
        for (const { status, headers, body } of await postAll(connector, SOME, SOME)) {
          assert.equal(status, 503);
          assert.match(body.error, /^The store cannot be written: /);
          assert.deepEqual(body.details, [{ path: 'store', message: body.error }]);
          assert.match(headers.get('retry-after') ?? '', /^\d+$/);
        }
        const { status, body } = await ready(connector);
        assert.deepEqual([status, body.status], [503, 'Store unavailable']);
        assert.equal((await get(`${connector.url}/health`)).status, 200);
        assert.equal(core.calls.length, SOME);

        line.mend();
        await untilReady(connector);
        await assertTaken(postAll(connector, SOME, SOME));
        await until('all are kept, and sent', async () => (await processed(bench)) === 2 * SOME);
        assert.deepEqual(logged(connector, 'The store fails'), ['error']);
        assert.deepEqual(logged(connector, 'The store works again'), ['info']);
      });
    }
  }

  test('whose connections are all ended is asked over new ones, without a restart', async () => {
    await using bench = await postgresBench();
    await using core = await CoreStub.start();
    await using connector = await serve(core.url, { STORE_URL: bench.url });
    await assertTaken(postAll(connector, 0, SOME));
    const ended = await bench.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nsps-connector'",
    );
    assert.ok(ended.length > 0);
    await until('all are taken', async () =>
      (await postAll(connector, SOME, SOME)).every(({ status }) => status === 202),
    );
  });

  test('that hangs: thousands of events are answered, memory stays, and it goes on when it is freed', async () => {
    await using bench = await postgresBench();
    await using core = await CoreStub.start();
    await using connector = await serve(core.url, { STORE_URL: bench.url, STORE_TIMEOUT: '1' });
    await assertTaken(postAll(connector, 0, 1));
    await withClient(bench.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE nsps_connector.subscribers IN ACCESS EXCLUSIVE MODE');
      for (let round = 0; round < 2; round++) {
        const statuses = (await postAll(connector, 1, MANY)).map(({ status }) => status);
        assert.ok(statuses.includes(503));
        assert.deepEqual(
          statuses.filter((status) => status !== 503 && status !== 429),
          [],
        );
      }
      assert.equal((await ready(connector)).status, 503);
      assert.ok(memoryOf(connector) < MOST_MEMORY_KB, `${memoryOf(connector)} KiB`);
    });
    assert.equal(core.calls.length, 1);
    // Sooner than the leases of those who were claimed too late would end by themselves.
    await untilReady(connector);
    await until('all are taken', async () => (await postAll(connector, 1, MANY)).every(({ status }) => status !== 503));
  });
});

/** In KiB; 0 where the system does not tell. */
function memoryOf({ program }: Serving): number {
  if (!existsSync(PROC)) return 0;
  const [, size] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(PROC.replace('self', String(program.child.pid)), 'utf8')) ?? [];
  return Number(size);
}
