import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { CoreSimulator, type CoreSimulatorOptions } from '../../sim/core-simulator.ts';
import { FaultPlan, type Faults, readFaults } from '../../sim/faults.ts';
import { IMSI, OTHER_IMSI } from '../helpers/events.ts';
import { Sheets } from '../helpers/sheets.ts';

const STATE = { subscriber_status: 'serviceGranted', msisdn: ['79123456789'], action: 'update' };

async function started(faults: Faults, more: Partial<CoreSimulatorOptions> = {}) {
  // Resolved by what the core says, so that nothing here waits for a time.
  const heard: { arrivals: number; applied: number; waiting: (() => void)[] } = {
    arrivals: 0,
    applied: 0,
    waiting: [],
  };
  const tell = (what: 'arrivals' | 'applied') => () => {
    heard[what]++;
    for (const wake of heard.waiting.splice(0)) wake();
  };
  const core = new CoreSimulator({
    port: 0,
    faults,
    watcher: { arrived: tell('arrivals'), applied: tell('applied') },
    ...more,
  });
  const url = await core.start();
  const until = async (what: 'arrivals' | 'applied', count: number) => {
    while (heard[what] < count) await new Promise<void>((resolve) => heard.waiting.push(resolve));
  };
  return { core, url, until, [Symbol.asyncDispose]: () => core.stop() };
}

interface ProvOptions {
  readonly signal?: AbortSignal;
  readonly action?: string;
}

function prov(url: string, imsi: string, { signal, action = 'update' }: ProvOptions = {}): Promise<Response> {
  const body = JSON.stringify({ imsi, ...STATE, action });
  const headers = { 'content-type': 'application/json' };
  return fetch(`${url}/prov`, { method: 'POST', headers, body, ...(signal && { signal }) });
}

/** Sends a request over a connection of its own and does not wait for the answer. */
async function sendAndHold(url: string, imsi: string): Promise<Socket> {
  const socket = await connected(url);
  sendOn(socket, url, imsi);
  return socket;
}

async function connected(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

function sendOn(socket: Socket, url: string, imsi: string): void {
  const body = JSON.stringify({ imsi, ...STATE });
  socket.write(
    `POST ${new URL(url).pathname}/prov HTTP/1.1\r\nhost: core\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

describe('a late request', () => {
  test('is not answered, and is applied after its caller has gone', async () => {
    await using stand = await started({ late_ms: 100_000, script: [{ as: 'late' }] }, { random: () => 0 });
    const socket = await sendAndHold(stand.url, IMSI);
    await stand.until('arrivals', 1);
    assert.deepEqual([stand.core.pending, stand.core.subscribers.get(IMSI)], [1, null]);
    socket.destroy();
    await stand.until('applied', 1);
    assert.equal(stand.core.subscribers.get(IMSI)?.imsi, IMSI);
  });
  test('is applied in time also when the caller has patience', async () => {
    await using stand = await started({ late_ms: 20, script: [{ as: 'late' }] });
    const socket = await sendAndHold(stand.url, IMSI);
    await stand.until('applied', 1);
    socket.destroy();
  });
  test('does not keep the core from stopping', async () => {
    await using stand = await started({ late_ms: 100_000, script: [{ as: 'late' }] });
    const socket = await sendAndHold(stand.url, IMSI);
    await stand.until('arrivals', 1);
    await stand.core.stop();
    assert.deepEqual(stand.core.subscribers.all(), []);
    socket.destroy();
  });
});

test('to delete nobody is answered 404, and is done; to update nobody is neither done nor heard of', async () => {
  let applied = 0;
  const watcher = { applied: () => applied++ };
  await using stand = await started({}, { knownOnly: true, watcher });
  assert.equal((await prov(stand.url, IMSI)).status, 404);
  assert.equal(applied, 0);
  assert.equal((await prov(stand.url, IMSI, { action: 'delete' })).status, 404);
  assert.equal(applied, 1);
});

describe('overlaps', () => {
  test('a call that hangs is in flight until its caller has gone', async () => {
    await using stand = await started({ script: [{ as: 'hang', times: 2 }] });
    const first = await sendAndHold(stand.url, IMSI);
    await stand.until('arrivals', 1);
    const second = await sendAndHold(stand.url, IMSI);
    await stand.until('arrivals', 2);
    assert.equal((await prov(stand.url, OTHER_IMSI)).status, 200);
    assert.equal(stand.core.stats.overlaps, 1);
    first.destroy();
    second.destroy();
    await once(second, 'close');
    assert.equal((await prov(stand.url, IMSI)).status, 200);
    assert.equal(stand.core.stats.overlaps, 1, 'the next call is heard after the hang-up');
  });
  test('calls that give up and call again at once never overlap', async () => {
    await using stand = await started({ script: [{ as: 'hang', times: 50 }] });
    for (let call = 1; call <= 50; call++) {
      const giveUp = new AbortController();
      const answer = prov(stand.url, IMSI, { signal: giveUp.signal });
      await stand.until('arrivals', call);
      giveUp.abort();
      await assert.rejects(answer);
    }
    assert.equal((await prov(stand.url, IMSI)).status, 200);
    assert.deepEqual(stand.core.stats, { calls: 51, overlaps: 0 });
  });
  test('nor do they when the core was too busy to hear any of that in its turn', async () => {
    await using stand = await started({ script: [{ as: 'hang', times: 2 }] });
    const [first, second] = [await connected(stand.url), await connected(stand.url)];
    // Nothing is read between these: the core is in this very process.
    sendOn(first, stand.url, IMSI);
    first.destroy();
    sendOn(second, stand.url, IMSI);
    await stand.until('arrivals', 2);
    second.destroy();
    assert.equal((await prov(stand.url, OTHER_IMSI)).status, 200);
    assert.deepEqual(stand.core.stats, { calls: 3, overlaps: 0 });
  });
  test('answered calls never overlap, on however many connections', async () => {
    await using stand = await started({});
    for (let call = 0; call < 50; call++) await prov(stand.url, IMSI);
    assert.equal(stand.core.stats.overlaps, 0);
  });
});

test('a 500 may hide that the request was applied', async () => {
  await using stand = await started({ script: [{ as: 'applied-500' }] });
  assert.equal((await prov(stand.url, IMSI)).status, 500);
  assert.equal(stand.core.subscribers.get(IMSI)?.imsi, IMSI);
});

test('a core may be told not to mind whose a number is', async () => {
  await using stand = await started({}, { oneOwner: false });
  for (const imsi of [IMSI, OTHER_IMSI]) assert.equal((await prov(stand.url, imsi)).status, 200);
  assert.deepEqual(stand.core.subscribers.get(IMSI)?.msisdn, stand.core.subscribers.get(OTHER_IMSI)?.msisdn);
});

test('the shares of a mix add up', () => {
  const mix = [
    { as: 503, rate: 0.25 },
    { as: 'late', rate: 0.25 },
  ] as const;
  const drawn = (draw: number) => {
    const draws = [0.99, 0.99, draw];
    return new FaultPlan({ mix: [...mix] }, () => draws.shift() as number).next();
  };
  assert.deepEqual([0, 0.2, 0.25, 0.49, 0.5, 0.9].map(drawn), [503, 503, 'late', 'late', null, null]);
  assert.deepEqual(readFaults({ mix }), { mix });
  assert.throws(() => readFaults({ mix: [{ as: 'nonsense', rate: 1 }] }), /faults\.mix/);
  assert.throws(() => readFaults({ latncy_ms: 1 }), /^Error: faults\.latncy_ms is no fault that there is/);
});

test('faults are told and set over HTTP, and wrong ones change nothing, in either simulator', async () => {
  await using stand = await started({ latency_ms: 1 });
  await using sheets = await Sheets.start({ faults: { latency_ms: 1 } });
  for (const url of [stand.url, sheets.env['GOOGLE_SHEETS_API_URL'] as string]) {
    const address = new URL('/faults', url);
    const put = async (body: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(address, { method: 'PUT', headers, body: JSON.stringify(body) });
      return [answer.status, await answer.json()];
    };
    assert.deepEqual(await put({ error_rate: 2 }), [422, { error: 'faults.error_rate must be <= 1' }]);
    assert.deepEqual(await (await fetch(address)).json(), { latency_ms: 1 });
    assert.deepEqual(await put({ error_rate: 0.5 }), [200, { error_rate: 0.5 }]);
  }
});
