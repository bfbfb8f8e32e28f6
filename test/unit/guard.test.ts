import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unknownSubscriber } from '../../src/core/subscriber.ts';
import { type Held, type Store, StoreError, type Write } from '../../src/ports/store.ts';
import { GuardedStore } from '../../src/store/guard.ts';
import { FakeClock, settled } from '../helpers/fake-clock.ts';
import { effects, entryOf, IMSI, wantedAt } from '../helpers/subscribers.ts';

const LIMIT_MS = 1_000;
const SETTLED = effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(1), ageMs: 1, released: [] });

/** A guarded store whose claims, looks for what is due and the probes after them are answered by hand, the rest at once. */
function bench() {
  const claims: PromiseWithResolvers<Held | null>[] = [];
  const looks: PromiseWithResolvers<Held[]>[] = [];
  const probes: PromiseWithResolvers<void>[] = [];
  const writes: Write[] = [];
  const news: (string | null)[] = [];
  const store = {
    claim: () => {
      const claim = Promise.withResolvers<Held | null>();
      claims.push(claim);
      return claim.promise;
    },
    claimDue: () => {
      const look = Promise.withResolvers<Held[]>();
      looks.push(look);
      return look.promise;
    },
    write: async (write: Write) => {
      writes.push(write);
      return [true];
    },
    note: async () => {},
    probe: async () => {
      if (looks.length === 0) return;
      const probe = Promise.withResolvers<void>();
      probes.push(probe);
      await probe.promise;
    },
    close: async () => {},
  } as unknown as Store;
  const clock = new FakeClock();
  const guard = new GuardedStore(store, clock, LIMIT_MS, (fault) => news.push(fault));
  return { claims, looks, probes, writes, news, clock, guard };
}

const refused = (work: Promise<unknown>) => assert.rejects(work, StoreError);

describe('a guarded store', () => {
  test('that hangs is asked for nothing new, but what came of calls is written', async () => {
    const { guard, clock, claims, writes } = bench();
    const first = refused(guard.claim(IMSI, null, 1));
    await clock.advance(2 * LIMIT_MS);
    await first;
    for (let event = 0; event < 1_000; event++) await refused(guard.claim(IMSI, null, 1));
    await refused(guard.write({ entry: entryOf(1), story: null, effects: [] }));
    assert.deepEqual([claims.length, writes.length], [1, 0]);
    assert.deepEqual(await guard.write(SETTLED), [true]);
    await refused(guard.note({ who: 'token', what: 'discard', subject: IMSI, detail: null }));
    await guard.close();
  });

  test('is not well while it still hangs, whatever the probe says; a claim that comes too late is let go', async () => {
    const { guard, clock, claims, writes, news } = bench();
    const first = refused(guard.claim(IMSI, null, 1));
    await clock.advance(5 * LIMIT_MS);
    await first;
    assert.match(guard.fault ?? '', /did not answer within 1 s/);
    claims[0]?.resolve({ ...unknownSubscriber(IMSI), claim: 'late' });
    await settled();
    assert.deepEqual(writes, [effects({ kind: 'untouched', imsi: IMSI, retryInMs: null, claim: 'late' })]);
    await clock.advance(2 * LIMIT_MS);
    assert.equal(guard.fault, null);
    assert.equal(news.length, 2, 'said once each');
    await guard.close();
  });

  test('is not well because something worked that writes nothing', async () => {
    const { guard, claims } = bench();
    const [failing, working] = [refused(guard.claim(IMSI, null, 1)), guard.claim(IMSI, null, 1)];
    claims[0]?.reject(new StoreError('the disk is full'));
    claims[1]?.resolve(null);
    await Promise.all([failing, working]);
    assert.equal(guard.fault, 'the disk is full');
    await guard.close();
  });

  test('is soon well again when it was one connection that broke', async () => {
    const { guard, clock, claims } = bench();
    const failing = refused(guard.claim(IMSI, null, 1));
    claims[0]?.reject(new StoreError('the connection broke'));
    await failing;
    await clock.advance(0);
    assert.equal(guard.fault, null);
    await guard.close();
  });

  test('stays well when something fails late that was asked before it was well again', async () => {
    const { guard, clock, claims, news } = bench();
    const [first, second, third] = [1, 2, 3].map(() => refused(guard.claim(IMSI, null, 1)));
    claims[0]?.reject(new StoreError('the connection broke'));
    await first;
    await clock.advance(0);
    assert.equal(guard.fault, null);
    claims[1]?.reject(new StoreError('the connection broke'));
    await second;
    await clock.advance(2 * LIMIT_MS);
    await third;
    assert.deepEqual(news, ['the connection broke', null], 'said once each');
    const newer = refused(guard.claim(IMSI, null, 1));
    claims[3]?.reject(new StoreError('the disk is full'));
    await newer;
    assert.equal(guard.fault, 'the disk is full');
    await guard.close();
  });

  test('is probed once more for what fails while it is, or late: what came of calls is written with a probe', async () => {
    const { guard, clock, claims, looks, probes } = bench();
    const look = guard.claimDue(1, 1);
    const [first, second, third] = [1, 2, 3].map(() => refused(guard.claim(IMSI, null, 1)));
    const fail = (which: number) => claims[which]?.reject(new StoreError('the disk is full'));
    fail(0);
    await first;
    await clock.advance(0);
    fail(1);
    await second;
    probes[0]?.resolve();
    await settled();
    assert.deepEqual([guard.fault, probes.length], [null, 2]);
    fail(2);
    await third;
    assert.equal(probes.length, 2, 'one at a time');
    probes[1]?.resolve();
    await settled();
    assert.equal(probes.length, 3);
    probes[2]?.reject(new StoreError('the disk is full'));
    await settled();
    assert.equal(guard.fault, 'the disk is full');
    looks[0]?.resolve([]);
    await look;
    await guard.close();
  });

  test('that is only slow in looking for what is due is well as long as it can be written', async () => {
    const { guard, clock, looks, probes, news } = bench();
    const slow = refused(guard.claimDue(1, 1));
    await clock.advance(LIMIT_MS);
    await slow;
    assert.deepEqual([guard.fault, probes.length], [null, 1]);
    probes[0]?.resolve();
    looks[0]?.reject(new StoreError('it does not answer in time'));
    await settled();
    assert.deepEqual(news, []);
    const failing = refused(guard.claimDue(1, 1));
    looks[1]?.reject(new StoreError('nobody answers there'));
    await failing;
    probes.at(-1)?.reject(new StoreError('nobody answers there'));
    await settled();
    assert.deepEqual(news, ['nobody answers there']);
    await guard.close();
  });
});
