import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failed } from '../../src/core/outcome.ts';
import type { Wanted } from '../../src/core/subscriber.ts';
import { Reconciler } from '../../src/delivery/reconciler.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import { acceptanceOf, effects, entryOf, LIMITS, wantedAt } from '../helpers/subscribers.ts';
import { attemptsOn, barredAt, CALL_MS, confirmed, SlowCore } from '../helpers/swaps.ts';

const [OLD, NEW, OTHER] = ['001010000000001', '001010000000002', '001010000000003'] as const;
const NUMBER = '79123456789';
const NAMES = { msisdn: NUMBER, account: null, iccid: null };
const GIVEN = `${NEW} ${NUMBER}`;
/** Rounds after which nothing more comes of a dead letter. */
const ROUNDS = 100;

/** Two connectors on one store: the first has a place for one subscriber at a time, and the second begins when told to. */
function twoConnectors(limits = LIMITS) {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const store = directStore(limits);
  const [first, second] = [1, 10].map((concurrency) => {
    return new Reconciler({
      store,
      attempts: attemptsOn(core, clock),
      clock,
      random: () => 0.5,
      log: memoryLog(),
      limits: { deadlineMs: 5_000, concurrency, rest: { firstMs: 10, longestMs: 100 } },
      newIds: () => ({ requestId: 'r', uniqueId: 'u' }),
    });
  }) as [Reconciler, Reconciler];
  /** What is due is told by the store's own clock, which is the real one. */
  const round = async () => {
    await clock.advance(CALL_MS);
    await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const close = async () => {
    const stopped = Promise.all([first.stop(), second.stop()]);
    await clock.advance(10_000);
    await stopped;
    await store.close();
  };
  /** The old SIM has the number; it is called by it, as the new one is, which wants it. */
  const begin = async () => {
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    await store.write({ ...effects(), entry: entryOf(0, { imsi: OLD, names: NAMES }) });
    const want = effects({ kind: 'want', imsi: NEW, wanted: wantedAt(2, { imsi: NEW }), after: [] });
    await store.write({ ...want, entry: entryOf(2, { imsi: NEW, names: NAMES }) });
    core.answers.set(GIVEN, failed('refused', 'Number taken'));
  };
  /** The old SIM becomes something else, by the second connector, while the first refusal is on its way. */
  const freeMeanwhile = (freed: Wanted) =>
    core.meanwhile.set(GIVEN, async () => {
      if (core.calls.filter((call) => call === GIVEN).length > 1) return core.answers.clear();
      await store.write(effects({ kind: 'want', imsi: OLD, wanted: freed, after: [] }));
      second.start();
      while ((await store.look(OLD)).applied?.eventId !== freed.eventId)
        await new Promise((resolve) => setImmediate(resolve));
    });
  /** Until the new SIM has the number, or nothing more comes. */
  const end = async () => {
    for (let n = 0; n < ROUNDS && (await store.look(NEW)).applied === null; n++) await round();
    return { dead: (await store.look(NEW)).dead, calls: core.calls.filter((call) => call === GIVEN).length };
  };
  return { clock, core, store, first, second, begin, freeMeanwhile, end, close };
}

describe('a dead letter gets its number once another connector', () => {
  for (const [what, freed] of [
    ['has its SIM take another one', wantedAt(3, { imsi: OLD, msisdn: '7' })],
    ['has its SIM give it back', barredAt(3, OLD)],
  ] as const) {
    test(`${what} while the refusal is on its way`, async () => {
      const site = twoConnectors();
      await site.begin();
      site.freeMeanwhile(freed);
      site.first.start();
      assert.deepEqual(await site.end(), { dead: null, calls: 2 });
      await site.close();
    });
  }

  test('has its SIM give it back, and a third one may have had it by a call that was given up long ago', async () => {
    const site = twoConnectors({ ...LIMITS, settleAfterMs: 1, maxAttempts: 1 });
    const { store } = site;
    await site.begin();
    const given = wantedAt(1, { imsi: OTHER, msisdn: '7' });
    const lost = { result: 'unsure', why: 'no answer', retryInMs: 0, counts: true } as const;
    const effect = { kind: 'want', imsi: OTHER, wanted: given, after: [] } as const;
    await store.write({ ...effects(effect), entry: entryOf(1, { imsi: OTHER, names: NAMES }) });
    await store.write(effects({ kind: 'failed', imsi: OTHER, wanted: given, ...lost }));
    assert.ok((await store.look(OTHER)).dead);
    site.freeMeanwhile(barredAt(3, OLD));
    site.first.start();
    assert.deepEqual(await site.end(), { dead: null, calls: 2 });
    await site.close();
  });

  test('settles who may have had it, while the refusal is on its way', async () => {
    const site = twoConnectors({ ...LIMITS, settleAfterMs: 1 });
    const { core, store } = site;
    await site.begin();
    await confirmed(store, barredAt(1, OLD));
    core.meanwhile.set(GIVEN, async () => {
      if (core.calls.filter((call) => call === GIVEN).length > 1) return core.answers.clear();
      site.second.start();
      while ((await store.look(OLD)).unsettledUntil !== null) await new Promise((resolve) => setImmediate(resolve));
    });
    const lost = { result: 'unsure', why: 'no answer', retryInMs: 100, counts: true } as const;
    await store.write(effects({ kind: 'failed', imsi: OLD, wanted: barredAt(1, OLD), ...lost }));
    // The second one does that; the first one has no place for it.
    const held = await store.claim(OLD, null, 5_000);
    site.first.start();
    await site.clock.advance(1);
    await store.write(effects({ kind: 'untouched', imsi: OLD, retryInMs: 0, claim: held?.claim ?? '' }));
    assert.deepEqual(await site.end(), { dead: null, calls: 2 });
    await site.close();
  });
});

describe('a dead letter that wants a number which was refused', () => {
  test('gets it once a SIM is to lose it that had it by a call of unknown result only', async () => {
    const site = twoConnectors({ ...LIMITS, settleAfterMs: 1, maxAttempts: 1 });
    const { core, store } = site;
    await confirmed(store, barredAt(0, OLD));
    // Given up: nothing tells any more whether it has the number.
    const lost = { result: 'unsure', why: 'no answer', retryInMs: 100, counts: true } as const;
    await store.write({ ...acceptanceOf(1, { imsi: OLD }), entry: entryOf(1, { imsi: OLD, names: NAMES }) });
    await store.write(effects({ kind: 'failed', imsi: OLD, wanted: wantedAt(1, { imsi: OLD }), ...lost }));
    const want = effects({ kind: 'want', imsi: NEW, wanted: wantedAt(4, { imsi: NEW }), after: [] });
    await store.write({ ...want, entry: entryOf(4, { imsi: NEW, names: NAMES }) });
    core.answers.set(GIVEN, failed('refused', 'Number taken'));
    core.meanwhile.set(`${OLD} -`, async () => core.answers.clear());
    site.second.start();
    assert.equal((await site.end()).dead, 'Number taken');
    const body = Buffer.from(JSON.stringify({ pb_data: { account_info: { id: `${NUMBER}@msisdn` } } }));
    const bar = effects({ kind: 'want', imsi: OLD, wanted: barredAt(3, OLD), after: [] });
    await store.write({ ...bar, entry: entryOf(3, { imsi: OLD, body }) });
    assert.equal((await site.end()).dead, null);
    await site.close();
  });

  test('is tried once more, and no more, when nobody has it who was called by it', async () => {
    const site = twoConnectors();
    await site.begin();
    await confirmed(site.store, barredAt(1, OLD));
    site.first.start();
    assert.deepEqual(await site.end(), { dead: 'Number taken', calls: 2 });
    await site.close();
  });

  test('is tried again when somebody got it and gave it back while it was tried once more', async () => {
    const site = twoConnectors();
    const { core, store } = site;
    await site.begin();
    await confirmed(store, barredAt(1, OLD));
    core.meanwhile.set(GIVEN, async () => {
      const calls = core.calls.filter((call) => call === GIVEN).length;
      if (calls === 3) return core.answers.clear();
      if (calls !== 2) return;
      // Another connector, which sees no dead letter now.
      await confirmed(store, wantedAt(3, { imsi: OLD }));
      await confirmed(store, barredAt(4, OLD));
    });
    site.first.start();
    assert.deepEqual(await site.end(), { dead: null, calls: 3 });
    await site.close();
  });

  test('is not tried again as long as somebody has it', async () => {
    const site = twoConnectors();
    await site.begin();
    site.first.start();
    assert.deepEqual(await site.end(), { dead: 'Number taken', calls: 1 });
    await site.close();
  });
});
