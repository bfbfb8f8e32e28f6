import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../src/config/secret.ts';
import { RefusedSignIns } from '../../src/http/console/refused-sign-ins.ts';
import { Sessions } from '../../src/http/console/sessions.ts';
import { SignInLimit } from '../../src/http/console/sign-in-limit.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const HOUR_MS = 3_600_000;

function sessions({ token = new Secret('console-token'), clock = new FakeClock(), lifeMs = 12 * HOUR_MS } = {}) {
  return new Sessions({ token, lifeMs, clock });
}

describe('a session', () => {
  test('holds on every connector with the same token, and ends when it is over', async () => {
    const clock = new FakeClock();
    const { session, cookie } = await sessions({ clock }).open();
    const other = sessions({ clock });
    assert.deepEqual(await other.read(cookie), session);
    await clock.advance(12 * HOUR_MS - 1);
    assert.deepEqual(await other.read(cookie), session);
    await clock.advance(1);
    assert.equal(await other.read(cookie), null);
  });

  test('ends when the token is changed or revoked, or its life becomes shorter', async () => {
    const token = new Secret('first');
    const clock = new FakeClock();
    const all = sessions({ token, clock });
    const { cookie } = await all.open();
    await clock.advance(2 * HOUR_MS);
    assert.equal(await sessions({ token: new Secret('first'), clock, lifeMs: HOUR_MS }).read(cookie), null);
    token.replace('second');
    assert.equal(await all.read(cookie), null);
    token.replace('');
    assert.equal(await all.read((await all.open()).cookie), null);
    token.replace('first');
    assert.notEqual(await all.read(cookie), null);
  });

  test('is no other one, however it is changed', async () => {
    const all = sessions();
    const { cookie } = await all.open();
    const [id, since, expires, signature] = cookie.split('.') as [string, string, string, string];
    const wrong = [
      undefined,
      '',
      'x',
      `${id}.${since}.${Number(expires) + 1}.${signature}`,
      `${id}.${Number(since) + 1}.${expires}.${signature}`,
      `${'A'.repeat(22)}.${since}.${expires}.${signature}`,
      `${id}.${since}.${expires}.${'A'.repeat(43)}`,
      `${id}.${since}.${expires}.`,
      `${cookie}x`,
      ` ${cookie}`,
    ];
    for (const one of wrong) assert.equal(await all.read(one), null, one ?? 'none');
  });

  test('ends when it is signed out of; others go on', async () => {
    const all = sessions();
    const [mine, yours] = [await all.open(), await all.open()];
    assert.notEqual(mine.session.id, yours.session.id);
    all.revoke(mine.session);
    assert.equal(await all.read(mine.cookie), null);
    assert.deepEqual(await all.read(yours.cookie), yours.session);
  });
});

describe('wrong tokens', () => {
  test('five from one address are taken in a minute, and others are not held up', async () => {
    const clock = new FakeClock();
    const limit = new SignInLimit(clock);
    for (let count = 0; count < 5; count++) {
      assert.equal(limit.wait('10.0.0.1'), 0);
      limit.wrong('10.0.0.1');
    }
    assert.equal(limit.wait('10.0.0.1'), 60_000);
    assert.equal(limit.wait('10.0.0.2'), 0);
    await clock.advance(59_999);
    assert.equal(limit.wait('10.0.0.1'), 1);
    await clock.advance(1);
    assert.equal(limit.wait('10.0.0.1'), 0);
  });

  test('from everywhere else hold nobody up, however many they are', () => {
    const limit = new SignInLimit(new FakeClock());
    for (let count = 0; count < 30_000; count++) limit.wrong(`10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`);
    assert.equal(limit.wait('192.0.2.1'), 0);
    for (let count = 0; count < 5; count++) limit.wrong('192.0.2.2');
    assert.equal(limit.wait('192.0.2.2'), 60_000, 'and still hold up where they come from');
  });

  test('counts a network of IPv6 as one, and hosts of IPv4 one by one', () => {
    const limit = new SignInLimit(new FakeClock());
    for (const host of ['2001:db8::1', '2001:db8::2:1', '2001:db8:0:0:a::', '2001:db8::', '2001:db8:0:0:1:2:3:4']) {
      limit.wrong(host);
    }
    for (const n of [1, 2, 3, 4, 5]) limit.wrong(`::ffff:10.0.0.${n}`);
    assert.ok(limit.wait('2001:db8::ffff') > 0);
    for (const other of ['2001:db8:0:1::1', '2001:db8:1::1', '::1', '::ffff:10.0.0.1', '10.0.0.1']) {
      assert.equal(limit.wait(other), 0, other);
    }
  });
});

describe('wrong tokens, as the audit keeps them', () => {
  function kept() {
    const clock = new FakeClock();
    const entries: string[] = [];
    const refused = new RefusedSignIns({ clock, keep: async (detail) => void entries.push(detail) });
    return { clock, entries, refused };
  }

  test('are told at once of an address, and then together when the hour is over', async () => {
    const { clock, entries, refused } = kept();
    for (let count = 0; count < 300; count++) await refused.count('10.0.0.1');
    await refused.count('10.0.0.2');
    assert.deepEqual(entries, ['10.0.0.1', '10.0.0.2']);
    await clock.advance(HOUR_MS);
    assert.deepEqual(entries.splice(0), ['10.0.0.1', '10.0.0.2', '10.0.0.1: 299 more within an hour']);
    assert.equal(clock.timers, 0, 'nothing is left running when nobody guesses');
    await refused.count('10.0.0.1');
    assert.deepEqual(entries, ['10.0.0.1'], 'and begin anew');
  });

  test('cannot fill it: of twenty addresses an hour, and the others together', async () => {
    const { entries, refused } = kept();
    for (const _ of [1, 2]) for (let host = 0; host < 5_000; host++) await refused.count(`2001:db8:0:${host}::1`);
    assert.equal(entries.length, 20);
    await refused.tell();
    assert.equal(entries.length, 41);
    assert.equal(entries[20], '2001:db8:0:0::1: 1 more within an hour');
    assert.equal(entries[40], 'other addresses: 9960 within an hour');
    await refused.tell();
    assert.equal(entries.length, 41);
  });
});
