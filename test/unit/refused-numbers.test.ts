import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failed } from '../../src/core/outcome.ts';
import type { Wanted } from '../../src/core/subscriber.ts';
import { Reconciler } from '../../src/delivery/reconciler.ts';
import { type Store, StoreError } from '../../src/ports/store.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import { acceptanceOf, effects, entryOf, LIMITS, wantedAt } from '../helpers/subscribers.ts';
import { attemptsOn, barredAt, CALL_MS, SlowCore } from '../helpers/swaps.ts';

const [OLD, NEW] = ['001010000000001', '001010000000002'] as const;
const NUMBER = '79123456789';
const GIVEN = `${NEW} ${NUMBER}`;
const SETTLE_MS = 5_000;
const HOUR_MS = 3_600_000;
/** Rounds after which nothing more comes. */
const ROUNDS = 200;

/** Calls of unknown result for the old SIM, which is called by the number; it is looked after in an hour. */
async function unknown(store: Store, wanted: Wanted, calls = 1): Promise<void> {
  const result = { result: 'unsure', why: 'no answer', retryInMs: HOUR_MS, counts: true } as const;
  await store.write(effects({ kind: 'want', imsi: OLD, wanted, after: [] }));
  for (let n = 0; n < calls; n++) await store.write(effects({ kind: 'failed', imsi: OLD, wanted, ...result }));
}

/**
 * The new SIM wants a number that the core refuses as long as `refuses` says so.
 * @param storeAheadMs by how much the store's clock is ahead of the connector's.
 */
async function site(refuses: (site: { calls: number; ms: number }) => boolean, storeAheadMs = 0) {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const clocks = { now: () => clock.now(), wall: () => clock.wall() + storeAheadMs };
  const store = directStore({ ...LIMITS, settleAfterMs: SETTLE_MS }, clocks);
  const names = { msisdn: NUMBER, account: null, iccid: null };
  await store.write({ ...effects(), entry: entryOf(1, { imsi: OLD, names }) });
  await store.write(acceptanceOf(2, { imsi: NEW }));
  const reconciler = new Reconciler({
    store,
    attempts: attemptsOn(core, clock),
    clock,
    random: () => 0.5,
    log: memoryLog(),
    limits: { deadlineMs: 5_000, concurrency: 10, rest: { firstMs: 400, longestMs: 400 } },
    newIds: () => ({ requestId: 'r', uniqueId: 'u' }),
  });
  /** Attempts of the new SIM that were counted before each call, calls that its event tells of, and when that was, in milliseconds. */
  const met: { attempts: number; told: number; ms: number }[] = [];
  core.meanwhile.set(GIVEN, async () => {
    const { attempts } = await store.look(NEW);
    const told = (await store.views.event('event-2'))?.attempts.length ?? 0;
    met.push({ attempts, told, ms: clock.now() });
    if (refuses({ calls: met.length, ms: clock.now() })) core.answers.set(GIVEN, failed('refused', 'Number taken'));
    else core.answers.clear();
  });
  /** @returns what becomes of the new SIM. */
  const play = async () => {
    reconciler.start();
    for (let n = 0; n < ROUNDS && (await store.look(NEW)).applied === null; n++) await clock.advance(CALL_MS);
    const { applied, dead } = await store.look(NEW);
    const stopped = reconciler.stop();
    await clock.advance(10_000);
    await stopped;
    await store.close();
    return { has: applied?.change.state.msisdn ?? null, dead };
  };
  return { store, met, play };
}

/** So many that the SIM is given up. */
async function giveUp(store: Store, wanted: Wanted): Promise<void> {
  await unknown(store, wanted, LIMITS.maxAttempts);
  assert.ok((await store.look(OLD)).dead);
}

describe('a core that refuses a number is asked again', () => {
  test('while somebody calls for a SIM that may get it by that: he may die, and nothing told of the call yet', async () => {
    const { store, met, play } = await site(({ calls }) => calls < LIMITS.maxAttempts);
    assert.ok(await store.claim(OLD, wantedAt(1, { imsi: OLD }), HOUR_MS));
    assert.deepEqual(await play(), { has: NUMBER, dead: null });
    assert.deepEqual(
      met.map(({ attempts }) => attempts),
      [0, 1, 2],
    );
  });

  test('after a call of unknown result for another SIM, which is no attempt where that one waits for nobody', async () => {
    const { store, met, play } = await site(({ ms }) => ms < 2 * SETTLE_MS);
    await unknown(store, barredAt(1, OLD));
    assert.deepEqual(await play(), { has: NUMBER, dead: null });
    assert.ok(met.length > LIMITS.maxAttempts && met.every(({ attempts }) => attempts === 0), JSON.stringify(met));
  });

  test('not for ever where that one may wait for this SIM', async () => {
    const { store, met, play } = await site(() => true);
    await unknown(store, wantedAt(1, { imsi: OLD, msisdn: '7' }));
    const { dead } = await play();
    assert.match(dead ?? '', /^Number taken \(001010000000001 may hold it.*after 3 attempts/);
    assert.ok(met.filter(({ ms }) => ms < SETTLE_MS).length > LIMITS.maxAttempts);
    assert.ok(
      met.every(({ attempts, ms }) => attempts === 0 || ms > SETTLE_MS),
      JSON.stringify(met),
    );
  });

  test('when a store that fails cannot tell whether somebody may hold it, and the call is in its story', async () => {
    const { store, met, play } = await site(({ calls }) => calls === 1);
    const { claim } = store;
    store.claim = async () => {
      store.claim = claim;
      throw new StoreError('not now');
    };
    assert.deepEqual(await play(), { has: NUMBER, dead: null });
    assert.deepEqual(
      met.map(({ attempts, told }) => ({ attempts, told })),
      [
        { attempts: 0, told: 0 },
        { attempts: 0, told: 1 },
      ],
    );
  });

  for (const aheadMs of [-HOUR_MS, HOUR_MS]) {
    test(`until the core had its time for one that was given up, by the store's clock: ${aheadMs / 1000} s ahead`, async () => {
      const { store, met, play } = await site(({ ms }) => ms < SETTLE_MS - 1_000, aheadMs);
      await giveUp(store, barredAt(1, OLD));
      assert.deepEqual(await play(), { has: NUMBER, dead: null });
      assert.ok(met.length > LIMITS.maxAttempts);
    });

    test(`and then no more, by the store's clock: ${aheadMs / 1000} s ahead`, async () => {
      const { store, met, play } = await site(() => true, aheadMs);
      await giveUp(store, barredAt(1, OLD));
      assert.deepEqual(await play(), { has: null, dead: 'Number taken' });
      assert.ok(
        met.every(({ ms }) => ms < SETTLE_MS + 1_000),
        JSON.stringify(met),
      );
    });
  }
});
