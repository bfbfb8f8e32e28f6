import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { SheetsSimulator } from '../../sim/google-sheets/sheets-simulator.ts';
import { readServiceKey, type ServiceKey } from '../../src/config/google-key.ts';
import { systemClock } from '../../src/observe/clock.ts';
import type { Clock } from '../../src/ports/runtime.ts';
import { NO_TRACER } from '../../src/ports/tracer.ts';
import { Line } from '../../src/targets/google-sheets/line.ts';
import { signedAssertion, Tokens } from '../../src/targets/google-sheets/token.ts';
import { listening } from '../helpers/ports.ts';

async function open(tokenLifeS = 3_600) {
  const simulator = new SheetsSimulator({ port: 0, tokenLifeS });
  await simulator.start();
  const key = readServiceKey(JSON.stringify(simulator.key)) as ServiceKey;
  return { simulator, key, [Symbol.asyncDispose]: () => simulator.stop() };
}

const claimsOf = (assertion: string) =>
  JSON.parse(Buffer.from(assertion.split('.')[1] as string, 'base64url').toString()) as Record<string, unknown>;

describe('tokens of a service account', () => {
  test('the assertion says who asks for what, for an hour', async () => {
    await using bench = await open();
    const { key } = bench;
    const claims = claimsOf(signedAssertion(key, 1_800_000_000_999));
    assert.deepEqual(claims, {
      iss: key.email,
      scope: 'https://www.googleapis.com/auth/spreadsheets',
      aud: key.tokenUri.href,
      iat: 1_800_000_000,
      exp: 1_800_003_600,
    });
  });

  test('one is kept while it is good, and had anew ahead of its end, or when it was refused', async () => {
    await using bench = await open();
    const { key } = bench;
    let now = 0;
    const tokens = new Tokens(key, { ...systemClock, now: () => now });
    const get = async () => {
      const told = await tokens.get(5_000);
      return told.kind === 'done' ? told.value : assert.fail(told.failure.why);
    };
    const first = await get();
    assert.equal(await get(), first);
    now = 3_299_000;
    assert.equal(await get(), first);
    now = 3_301_000;
    const second = await get();
    assert.notEqual(second, first);
    tokens.forget(first);
    assert.equal(await get(), second, 'only what was refused is forgotten');
    tokens.forget(second);
    assert.notEqual(await get(), second);
  });

  test('the old one does until its end, when a new one cannot be had', async () => {
    const { simulator, key } = await open();
    let now = 0;
    const tokens = new Tokens(key, { ...systemClock, now: () => now });
    const first = await tokens.get(5_000);
    await simulator.stop();
    now = 3_301_000;
    assert.deepEqual(await tokens.get(5_000), first);
    now = 3_601_000;
    const late = await tokens.get(5_000);
    assert.equal(late.kind === 'failed' && late.failure.code, 'connect_failed');
  });

  test('a new one that does not come leaves time for the call, which the old one still does for', async () => {
    await using bench = await open();
    await using silent = await listening(createServer());
    const key: { -readonly [Part in keyof ServiceKey]: ServiceKey[Part] } = { ...bench.key };
    const waits: number[] = [];
    let now = 0;
    const after: Clock['after'] = (ms, callback) => {
      waits.push(ms);
      return systemClock.after(ms / 20, callback);
    };
    const tokens = new Tokens(key, { ...systemClock, now: () => now, after });
    const first = await tokens.get(20_000);
    key.tokenUri = new URL(`http://127.0.0.1:${silent.port}/token`);
    now = 3_301_000;
    waits.length = 0;
    assert.deepEqual(await tokens.get(20_000), first);
    assert.ok(Math.max(...waits) <= 5_000, `waits for ${waits} ms of 20,000`);
    waits.length = 0;
    now += 1_000;
    assert.deepEqual([await tokens.get(20_000), waits], [first, []], 'nor does it take each call its time');
    now = 3_601_000;
    assert.equal((await tokens.get(1_000)).kind, 'failed');
  });

  test('whoever waits for one is told when it is not wanted any more, and whoever asks later', async () => {
    await using bench = await open();
    const { key } = bench;
    const server = createServer();
    await using silent = await listening(server);
    const asked = once(server, 'request');
    const tokenUri = new URL(`http://127.0.0.1:${silent.port}/token`);
    const line = new Line(systemClock, NO_TRACER);
    const tokens = new Tokens({ ...key, tokenUri }, systemClock, line);
    const waiting = tokens.get(600_000);
    await asked;
    line.hangUp();
    for (const told of [await waiting, await tokens.get(600_000)]) {
      assert.equal(told.kind === 'failed' && told.failure.code, 'connect_failed');
      assert.match(told.kind === 'failed' ? told.failure.why : '', /^No token: the connector is stopping/);
    }
  });

  test('a key that is not that of the account is refused in words, and nothing of it is told', async () => {
    await using bench = await open();
    const { key } = bench;
    await using other = await open();
    const told = await new Tokens({ ...key, privateKey: other.key.privateKey }, systemClock).get(5_000);
    assert.equal(told.kind, 'failed');
    if (told.kind !== 'failed') return;
    assert.equal(told.failure.code, 'misconfigured');
    assert.match(
      told.failure.why,
      /^No token for the service account: Google answered 400: invalid_grant: Invalid JWT Sig/,
    );
    assert.match(told.failure.why, /put a new key into GOOGLE_CREDENTIALS_PATH$/);
    assert.doesNotMatch(JSON.stringify({ told, key }), /PRIVATE KEY/);
  });
});
