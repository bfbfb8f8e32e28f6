import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../sim/storm/random.ts';
import { NAMELESS } from '../../src/core/names.ts';
import { failed } from '../../src/core/outcome.ts';
import { newest, type Wanted } from '../../src/core/subscriber.ts';
import type { Change } from '../../src/core/types.ts';
import type { Arrival } from '../../src/delivery/arrival.ts';
import { InlineDelivery } from '../../src/delivery/inline.ts';
import { Reconciler } from '../../src/delivery/reconciler.ts';
import { type Store, StoreError } from '../../src/ports/store.ts';
import type { CallContext } from '../../src/ports/target.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import { effects, entryOf, LIMITS, versionAt, wantedAt } from '../helpers/subscribers.ts';
import {
  attemptsOn,
  barredAt,
  CALL_MS,
  confirmed,
  grantAt,
  releaseAt,
  SlowCore,
  swapAt,
  TIMED_OUT,
} from '../helpers/swaps.ts';

const [OLD, NEW, OTHER] = ['001010000000001', '001010000000002', '001010000000003'] as const;
const NUMBER = '79123456789';
const CALLED = { ...NAMELESS, msisdn: NUMBER };

/** Long enough for other connectors to answer many events, in milliseconds. */
const SLOW_CLAIM_MS = 300;

/** A store that reads whom it claims, and is long in saying so: as a database does that waits for its disk. */
function slowToClaim(store: Store, clock: FakeClock): Store {
  const late = async <T>(claimed: Promise<T>): Promise<T> => {
    const read = await claimed;
    await new Promise<void>((resolve) => clock.after(SLOW_CLAIM_MS, resolve));
    return read;
  };
  return {
    ...store,
    claim: (...args) => late(store.claim(...args)),
    claimDue: (...args) => late(store.claimDue(...args)),
  };
}

/** The connector's own loop on a store and a slow core. */
function loop({ concurrency = 10, slow = false } = {}) {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const store = slow ? slowToClaim(directStore(), clock) : directStore();
  const reconciler = new Reconciler({
    store,
    attempts: attemptsOn(core, clock, concurrency),
    clock,
    random: new Random(1).next,
    log: memoryLog(),
    limits: { deadlineMs: 5_000, concurrency: 10, rest: { firstMs: 10, longestMs: 100 } },
    newIds: () => ({ requestId: 'r', uniqueId: 'u' }),
  });
  /** Until the core confirmed state `n` of a SIM (and of others). What is due is told by the store's own clock, which is the real one. */
  const bring = async (imsi: string, n: number, others: readonly (readonly [string, number])[] = []) => {
    reconciler.start();
    const isThere = async ([sim, state]: readonly [string, number]) =>
      (await store.views.subscriber(sim))?.applied?.eventId === `event-${state}`;
    while ((await Promise.all([[imsi, n] as const, ...others].map(isThere))).includes(false)) {
      await clock.advance(CALL_MS);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const stopped = reconciler.stop();
    await clock.advance(10_000);
    await stopped;
    await store.close();
  };
  return { clock, core, store, reconciler, bring };
}

/** Events while NSPS waits, on a store and a slow core. */
function inline({ concurrency = 10, slow = false } = {}) {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const store = slow ? slowToClaim(directStore(), clock) : directStore();
  const limits = { deadlineMs: 5_000, capacity: 100, retries: 0 };
  const attempts = attemptsOn(core, clock, concurrency);
  return {
    clock,
    core,
    store,
    delivery: new InlineDelivery({ store, attempts, clock, random: () => 0.5, limits, done: async () => {} }),
  };
}

function updateAt(n: number, imsi: string, msisdn: string | null = NUMBER): Arrival {
  const { version, change } = wantedAt(n, { imsi, msisdn });
  const { state: _, why, status, attempts, ...draft } = entryOf(n, { imsi, names: { ...NAMELESS, msisdn } });
  return { decision: { kind: 'provision', action: 'update', version, changes: [change] }, draft };
}

/** Who holds the number after these calls; fails where two hold it at a time. */
function holdersAfter(calls: readonly string[], before: readonly string[]): readonly string[] {
  const holders = new Set(before);
  for (const call of calls) {
    const [imsi, number] = call.split(' ') as [string, string];
    if (number === NUMBER) holders.add(imsi);
    else holders.delete(imsi);
    assert.ok(holders.size <= 1, `${[...holders].join(' and ')} after ${call}`);
  }
  return [...holders];
}

/** Swap number `n` as it comes while NSPS waits. */
function inlineSwapAt(n: number, from: string, to: string): Arrival {
  const { state: _, why, status, attempts, ...draft } = entryOf(n, { imsi: to, previousImsi: from, names: CALLED });
  const changes = [barredAt(n, from).change, wantedAt(n, { imsi: to }).change] as const;
  return { decision: { kind: 'provision', action: 'replace', version: versionAt(n), changes }, draft };
}

/** In the order of the calls; everything else is of no interest. */
function assertBefore(calls: readonly string[], first: string, then: string): void {
  assert.ok(calls.includes(first) && calls.includes(then), calls.join(', '));
  assert.ok(calls.indexOf(first) < calls.indexOf(then), calls.join(', '));
}

/** A swap in which the new SIM has to wait for one more, that nobody knew of when it began. */
const announceOther = (store: Store, imsi: string) =>
  store.write(effects({ kind: 'expect', imsi, after: [releaseAt(1, OTHER)], wanted: null }));

describe('a number is given only when every SIM that had it has released it (G5)', () => {
  test('also one that is named while another one is being released', async () => {
    const { core, store, bring } = loop();
    for (const imsi of [OLD, OTHER]) await confirmed(store, wantedAt(0, { imsi }));
    core.meanwhile.set(`${OLD} -`, () => announceOther(store, NEW));
    await store.write(grantAt(2, OLD, NEW));
    await bring(NEW, 2);
    assertBefore(core.calls, `${OTHER} -`, `${NEW} ${NUMBER}`);
  });

  test('also by one that is to be something newer which the core has nobody for: that stays a dead letter', async () => {
    const { clock, core, store, reconciler } = loop();
    core.answers.set(`${OLD} 79990000000`, failed('unknown_subscriber', 'nobody'));
    core.answers.set(`${OLD} -`, failed('unknown_subscriber', 'nobody'));
    const wanted = wantedAt(5, { imsi: OLD, msisdn: '79990000000' });
    await store.write(effects({ kind: 'want', imsi: OLD, wanted, after: [] }));
    // It rests until the swap needs the number.
    const held = await store.claim(OLD, wanted, CALL_MS);
    const busy = { result: 'retry', why: 'busy', retryInMs: 3_600_000, counts: true } as const;
    await store.write(effects({ kind: 'failed', imsi: OLD, wanted, ...busy, claim: held?.claim ?? '' }));
    await store.write(grantAt(3, OLD, NEW));
    reconciler.start();
    const isDone = async () =>
      (await store.look(NEW)).applied?.eventId === 'event-3' && (await store.look(OLD)).dueAt === null;
    while (!(await isDone())) {
      await clock.advance(CALL_MS);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const { applied, desired, dead } = await store.look(OLD);
    assert.deepEqual([applied?.eventId, applied?.missing], ['event-3', true]);
    assert.deepEqual([desired?.eventId, dead], ['event-5', 'nobody']);
    const stopped = reconciler.stop();
    await clock.advance(10_000);
    await stopped;
    await store.close();
  });

  test('also one that an old SIM itself is told to wait for after it was released', async () => {
    const { core, store, bring } = loop();
    for (const imsi of [OLD, OTHER]) await confirmed(store, wantedAt(0, { imsi }));
    core.meanwhile.set(`${OLD} -`, () => announceOther(store, OLD));
    await store.write(grantAt(2, OLD, NEW));
    await bring(NEW, 2);
    assertBefore(core.calls, `${OTHER} -`, `${NEW} ${NUMBER}`);
  });

  test('also one that is named while the number waits for a place at the core', async () => {
    const { clock, core, store, bring } = loop({ concurrency: 1 });
    await confirmed(store, wantedAt(0, { imsi: OTHER }));
    await store.write(effects({ kind: 'want', imsi: OLD, wanted: wantedAt(1, { imsi: OLD, msisdn: '7' }), after: [] }));
    await store.write(effects({ kind: 'want', imsi: NEW, wanted: wantedAt(2, { imsi: NEW }), after: [] }));
    clock.after(CALL_MS / 2, () => void announceOther(store, NEW).then(() => announceOther(store, OLD)));
    await bring(NEW, 2);
    // Whichever of the two went first, the other one waited.
    assertBefore(core.calls, `${OTHER} -`, core.calls.filter((call) => !call.startsWith(OTHER))[1] as string);
  });

  test('also one that another connector names while a claim is brought to the disk', async () => {
    const { clock, core, store, bring } = loop({ slow: true });
    await confirmed(store, wantedAt(0, { imsi: OTHER }));
    await store.write(effects({ kind: 'want', imsi: NEW, wanted: wantedAt(2, { imsi: NEW }), after: [] }));
    clock.after(SLOW_CLAIM_MS / 2, () => void announceOther(store, NEW));
    await bring(NEW, 2);
    assertBefore(core.calls, `${OTHER} -`, `${NEW} ${NUMBER}`);
  });

  test('also one that is named while it is looked up whose number it is', async (t) => {
    const { clock, core, store, bring } = loop();
    for (const imsi of [OLD, OTHER]) await confirmed(store, wantedAt(0, { imsi }));
    const find = store.views.find.bind(store.views);
    let looks = 0;
    t.mock.method(store.views, 'find', async (...args: Parameters<typeof find>) => {
      // One for whoever else wants the number of the old SIM, one for this, which takes so long that there is another before the call.
      if (++looks === 3) await announceOther(store, NEW);
      const found = await find(...args);
      await new Promise<void>((resolve) => clock.after(SLOW_CLAIM_MS, resolve));
      return found;
    });
    await store.write(grantAt(2, OLD, NEW));
    await bring(NEW, 2);
    assert.ok(looks >= 3, `${looks} looks`);
    assertBefore(core.calls, `${OTHER} -`, `${NEW} ${NUMBER}`);
  });

  test('also where a SIM gives its number away by taking another one', async () => {
    const { core, store, bring } = loop();
    await confirmed(store, wantedAt(0, { imsi: OTHER, msisdn: '7' }));
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    await store.write(grantAt(2, OLD, NEW));
    const taken = wantedAt(3, { imsi: OLD, msisdn: '7', owed: false });
    const unknown = { result: 'unsure', why: 'no answer', retryInMs: null, counts: true } as const;
    // It is not due before its time: the old one is brought on behalf of the new one.
    await store.write(effects({ kind: 'failed', imsi: OLD, wanted: taken, ...unknown }));
    await store.write(effects({ kind: 'expect', imsi: OLD, after: [releaseAt(3, OTHER)], wanted: null }));
    await bring(NEW, 2);
    assertBefore(core.calls, `${OTHER} -`, `${OLD} 7`);
    assertBefore(core.calls, `${OLD} 7`, `${NEW} ${NUMBER}`);
  });

  test('also when nothing tells that the swap is newer than what the old SIM is', async () => {
    const { core, store, bring } = loop();
    const undated = { version: {} };
    await confirmed(store, { ...wantedAt(1, { imsi: OLD }), ...undated });
    const after = [{ ...releaseAt(2, OLD), ...undated }];
    const wanted = { ...wantedAt(2, { imsi: NEW }), ...undated };
    await store.write(effects({ kind: 'want', imsi: NEW, wanted, after }));
    await bring(NEW, 2);
    assert.deepEqual(core.calls, [`${OLD} -`, `${NEW} ${NUMBER}`]);
  });

  test('also when the old SIM may have got it since it was released before, by nothing that tells when', async () => {
    const { core, store, bring } = loop();
    const undated = { version: {} };
    await confirmed(store, { ...barredAt(1, OLD), ...undated });
    const sent = { ...wantedAt(2, { imsi: OLD, owed: false }), ...undated };
    const unknown = { result: 'unsure', why: 'no answer', retryInMs: null, counts: true } as const;
    await store.write(effects({ kind: 'failed', imsi: OLD, wanted: sent, ...unknown }));
    const wanted = { ...wantedAt(3, { imsi: NEW }), ...undated };
    await store.write(effects({ kind: 'want', imsi: NEW, wanted, after: [{ ...releaseAt(3, OLD), ...undated }] }));
    await bring(NEW, 3);
    assert.deepEqual(core.calls, [`${OLD} -`, `${NEW} ${NUMBER}`]);
  });

  test('but not when the old SIM has another number by then, by nothing that tells when', async () => {
    const { core, store, bring } = loop();
    const undated = { version: {} };
    await confirmed(store, { ...wantedAt(1, { imsi: OLD, msisdn: '79990000000' }), ...undated });
    const after = [{ ...releaseAt(2, OLD), ...undated }];
    const wanted = { ...wantedAt(2, { imsi: NEW }), ...undated };
    await store.write(effects({ kind: 'want', imsi: NEW, wanted, after }));
    await bring(NEW, 2);
    assert.deepEqual(core.calls, [`${NEW} ${NUMBER}`]);
  });

  test('and a core that refuses it, because a lost call gave it back to the old SIM, is asked again', async () => {
    const { core, store, bring } = loop();
    const grant = wantedAt(1, { imsi: OLD });
    const unknown = { result: 'unsure', why: 'no answer', retryInMs: 100, counts: true } as const;
    await store.write(effects({ kind: 'want', imsi: OLD, wanted: grant, after: [] }));
    await store.write(effects({ kind: 'failed', imsi: OLD, wanted: grant, ...unknown }));
    await store.write(swapAt(2, OLD, NEW));
    const given = `${NEW} ${NUMBER}`;
    core.answers.set(given, failed('refused', 'Number taken'));
    core.meanwhile.set(given, async () => {
      if (core.calls.filter((call) => call === given).length === 3) core.answers.clear();
    });
    await bring(NEW, 2);
    assert.deepEqual(core.calls, [`${OLD} -`, given, given, given]);
  });

  test('and to wait for one that is named between two calls of an insert is no attempt', async () => {
    const { core, store, bring } = loop();
    await confirmed(store, wantedAt(0, { imsi: OTHER }));
    const { change, ...wanted } = wantedAt(2, { imsi: NEW });
    const insert: Wanted = { ...wanted, change: { ...change, action: 'insert' } };
    const unknown = { result: 'unsure', why: 'no answer', retryInMs: 0, counts: true } as const;
    await store.write(effects({ kind: 'want', imsi: NEW, wanted: insert, after: [] }));
    // One more would be too many.
    for (let n = 1; n < LIMITS.maxAttempts; n++)
      await store.write(effects({ kind: 'failed', imsi: NEW, wanted: insert, ...unknown }));
    const given = `${NEW} ${NUMBER}`;
    core.answers.set(given, failed('unknown_subscriber', 'nobody'));
    core.meanwhile.set(given, async () => core.calls.length === 1 && announceOther(store, NEW));
    core.meanwhile.set(`${OTHER} -`, async () => core.answers.clear());
    await bring(NEW, 2);
    assert.deepEqual(core.calls, [given, `${OTHER} -`, given]);
  });

  for (const answer of [
    failed('rate_limited', 'too many requests', { retryAfterMs: CALL_MS }),
    failed('credentials', 'who are you?'),
  ]) {
    test(`and a release that meets ${answer.failure.code} is no attempt of the SIM that waits for it`, async () => {
      const { core, store, bring } = loop();
      await confirmed(store, wantedAt(0, { imsi: OLD }));
      const release = `${OLD} -`;
      core.answers.set(release, answer);
      const met: number[] = [];
      core.meanwhile.set(release, async () => {
        met.push((await store.look(NEW)).attempts);
        // One more would be too many.
        if (met.length === LIMITS.maxAttempts) core.answers.clear();
      });
      await store.write(grantAt(2, OLD, NEW));
      await bring(NEW, 2);
      assert.deepEqual(met, [0, 0, 0]);
    });
  }

  const alone = (wanted: Wanted) => effects({ kind: 'want', imsi: OLD, wanted, after: [] });
  const removal: Wanted = wantedAt(3, { imsi: OLD });
  for (const [what, freeing, call] of [
    ['the late swap of the first two', swapAt(1, OLD, OTHER), `${OLD} -`],
    ['that has another number', alone(wantedAt(3, { imsi: OLD, msisdn: '7' })), `${OLD} 7`],
    ['it is removed', alone({ ...removal, change: { ...removal.change, action: 'delete' } }), `${OLD} ${NUMBER}`],
  ] as const) {
    test(`and the last of three SIMs, whom the core refused the number that the first still had, gets it after ${what}`, async () => {
      const { clock, core, store, reconciler, bring } = loop();
      await confirmed(store, wantedAt(0, { imsi: OLD }));
      const given = `${NEW} ${NUMBER}`;
      core.answers.set(given, failed('refused', 'Number taken'));
      core.meanwhile.set(call, async () => core.answers.clear());
      await store.write({ ...effects(), entry: entryOf(0, { imsi: OLD, names: CALLED }) });
      await store.write({
        ...swapAt(2, OTHER, NEW),
        entry: entryOf(2, { imsi: NEW, previousImsi: OTHER, names: CALLED }),
      });
      reconciler.start();
      while ((await store.views.backlog()).dead === 0) {
        await clock.advance(CALL_MS);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await store.write(freeing);
      await bring(NEW, 2);
      assert.equal(core.calls.filter((call) => call === given).length, 2);
    });
  }

  test('but a number that comes back to a SIM does not wait for that SIM', async () => {
    const { core, store, bring } = loop();
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    await store.write(swapAt(1, OLD, NEW));
    await store.write(swapAt(2, NEW, OLD));
    await bring(OLD, 2);
    assertBefore(core.calls, `${NEW} -`, `${OLD} ${NUMBER}`);
  });

  test('and SIMs whose numbers wait for each other in a circle do not wait for ever', async () => {
    const { core, store, bring } = loop();
    for (const [n, imsi] of [OLD, NEW, OTHER].entries()) {
      await confirmed(store, wantedAt(0, { imsi, msisdn: `7900000000${n}` }));
    }
    const swap = (n: number, from: string, to: string, msisdn: string) =>
      store.write(
        effects(
          { kind: 'want', imsi: from, wanted: barredAt(n, from), after: [] },
          { kind: 'want', imsi: to, wanted: wantedAt(n, { imsi: to, msisdn }), after: [releaseAt(n, from)] },
        ),
      );
    await swap(1, OLD, NEW, '79000000000');
    await swap(2, OTHER, OLD, '79000000002');
    await swap(3, NEW, OTHER, '79000000000');
    await bring(OTHER, 3);
    assertBefore(core.calls, `${NEW} -`, `${OTHER} 79000000000`);
  });

  test('and two SIMs do not wait for each other for ever when one of them gets a third number', async () => {
    const { core, store, bring } = loop();
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    await store.write(swapAt(1, OLD, NEW));
    await store.write(swapAt(2, NEW, OLD));
    await store.write(effects({ kind: 'want', imsi: NEW, wanted: wantedAt(3, { imsi: NEW, msisdn: '7' }), after: [] }));
    await bring(NEW, 3, [[OLD, 2]]);
    const inTheEnd = Object.fromEntries(core.calls.map((call) => call.split(' ')));
    assert.deepEqual(inTheEnd, { [OLD]: NUMBER, [NEW]: '7' });
  });

  test('and a late swap that was taken back since ends, with the number where it is', async () => {
    const { clock, core, store, delivery } = inline();
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    const [there, back] = [inlineSwapAt(1, OLD, NEW), inlineSwapAt(2, NEW, OLD)];
    core.answers.set(`${OLD} -`, failed('connect_failed', 'no core'));
    const first = delivery.deliver(there, []);
    await clock.advance(1_000);
    core.answers.clear();
    core.answers.set(`${OLD} ${NUMBER}`, TIMED_OUT);
    const second = delivery.deliver(back, []);
    await clock.advance(1_000);
    core.answers.clear();
    core.calls.length = 0;
    const again = delivery.deliver(there, []);
    await clock.advance(1_000);
    assert.deepEqual(
      (await Promise.all([first, second, again])).map(({ kind }) => kind),
      ['failed', 'failed', 'superseded'],
    );
    assert.deepEqual(core.calls, [`${NEW} -`, `${OLD} ${NUMBER}`]);
    await store.close();
  });

  for (const [what, last, order, expected] of [
    [
      'swap',
      inlineSwapAt(5, OLD, NEW),
      [2, 'last', 3, 4, 3],
      ['processed', 'processed', 'failed', 'processed', 'superseded'],
    ],
    [
      'update',
      updateAt(6, NEW),
      [2, 'last', 3, 4, 5, 3, 4],
      ['processed', 'processed', 'failed', 'failed', 'processed', 'superseded', 'processed'],
    ],
  ] as const) {
    test(`but not by a late swap once another SIM has it by a newer ${what}, while the one between is missing`, async () => {
      const { clock, core, store, delivery } = inline();
      await confirmed(store, wantedAt(0, { imsi: OLD }));
      const ways = { 2: [OLD, NEW], 3: [NEW, OTHER], 4: [OTHER, OLD], 5: [OLD, NEW] } as const;
      const eventAt = (n: keyof typeof ways) => inlineSwapAt(n, ways[n][0], ways[n][1]);
      const answers: string[] = [];
      for (const n of order) {
        const answer = delivery.deliver(n === 'last' ? last : eventAt(n), []);
        await clock.advance(2_000);
        answers.push((await answer).kind);
      }
      assert.deepEqual(answers, expected);
      assert.deepEqual(holdersAfter(core.calls, [OLD]), [NEW]);
      await store.close();
    });
  }

  test('but a SIM that has lost its number is deleted, whoever has that by something newer', async () => {
    const { clock, core, store, delivery } = inline();
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    core.answers.set(`${OLD} -`, failed('connect_failed', 'no core'));
    const gone = updateAt(2, NEW);
    const { decision, draft } = gone;
    const change: Change = { ...decision.changes[0], action: 'delete' };
    const answers: string[] = [];
    for (const arrival of [
      inlineSwapAt(1, OLD, NEW),
      updateAt(3, OTHER),
      { draft, decision: { ...decision, action: 'delete', changes: [change] } } as Arrival,
    ]) {
      const answer = delivery.deliver(arrival, []);
      await clock.advance(2_000);
      answers.push((await answer).kind);
    }
    assert.deepEqual(answers, ['failed', 'processed', 'processed']);
    await store.close();
  });

  test('nor when the late swap was promised: it waits for the one between', async () => {
    const { clock, core, store, reconciler, bring } = loop();
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    reconciler.start();
    const until = async (isSo: () => Promise<boolean>) => {
      while (!(await isSo())) {
        await clock.advance(CALL_MS);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    for (const n of [2, 5]) {
      await store.write(swapAt(n, OLD, NEW));
      await until(async () => (await store.look(NEW)).applied?.eventId === `event-${n}`);
    }
    await store.write(swapAt(3, NEW, OTHER));
    await until(async () => {
      const { applied, attempts } = await store.look(OTHER);
      return applied !== null || attempts > 0;
    });
    await store.write(swapAt(4, OTHER, OLD));
    await bring(OTHER, 4);
    assert.deepEqual(holdersAfter(core.calls, [OLD]), [NEW]);
  });

  test('also when an older event makes a number be confirmed whose call had no known result', async () => {
    const { clock, core, store, delivery } = inline();
    await confirmed(store, wantedAt(0, { imsi: OTHER }));
    core.answers.set(`${NEW} ${NUMBER}`, TIMED_OUT);
    const first = delivery.deliver(updateAt(5, NEW), []);
    await clock.advance(1_000);
    assert.equal((await first).kind, 'failed');
    await announceOther(store, NEW);
    core.calls.length = 0;
    const second = delivery.deliver(updateAt(4, NEW), []);
    await clock.advance(1_000);
    await second;
    assertBefore(core.calls, `${OTHER} -`, `${NEW} ${NUMBER}`);
    await store.close();
  });

  test('also while NSPS waits, and the number for a place at the core', async () => {
    const { clock, core, store, delivery } = inline({ concurrency: 1 });
    await confirmed(store, wantedAt(0, { imsi: OTHER }));
    core.meanwhile.set(`${OLD} -`, async () => {
      clock.after(CALL_MS / 2, () => void announceOther(store, NEW));
    });
    const answers = [delivery.deliver(updateAt(3, OLD, null), []), delivery.deliver(updateAt(2, NEW), [])];
    await clock.advance(2_000);
    assert.deepEqual(
      (await Promise.all(answers)).map(({ kind }) => kind),
      ['processed', 'processed'],
    );
    assert.deepEqual(core.calls, [`${OLD} -`, `${OTHER} -`, `${NEW} ${NUMBER}`]);
    await store.close();
  });

  test('also while NSPS waits, and a claim for the disk', async () => {
    const { clock, core, store, delivery } = inline({ slow: true });
    await confirmed(store, wantedAt(0, { imsi: OTHER }));
    clock.after(SLOW_CLAIM_MS / 2, () => void announceOther(store, NEW));
    const answer = delivery.deliver(updateAt(2, NEW), []);
    await clock.advance(4_000);
    assert.equal((await answer).kind, 'processed');
    assert.deepEqual(core.calls, [`${OTHER} -`, `${NEW} ${NUMBER}`]);
    await store.close();
  });

  test('also when it is promised, but not yet so, that the old SIM becomes something else', async () => {
    const { clock, core, store, delivery } = inline();
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    await store.write(effects({ kind: 'want', imsi: OLD, wanted: barredAt(4, OLD), after: [] }));
    await store.write(effects({ kind: 'expect', imsi: NEW, after: [releaseAt(2, OLD)], wanted: null }));
    const answer = delivery.deliver(updateAt(3, NEW), []);
    await clock.advance(2_000);
    assert.equal((await answer).kind, 'processed');
    assert.deepEqual(core.calls, [`${OLD} -`, `${NEW} ${NUMBER}`]);
    await store.close();
  });
});

/** A delete of a SIM without a number. */
function deletedAt(n: number, imsi: string): Wanted {
  const { change, ...barred } = barredAt(n, imsi);
  return { ...barred, change: { ...change, action: 'delete' } };
}

describe('whoever is called for a delete is held for it: else a process that dies leaves no word of it (G4)', () => {
  test('also when it came in while the number that he was to have was waited for', async (t) => {
    const { core, store, bring } = loop();
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    const noted = new Map<string, Wanted | null>();
    const claimDue = store.claimDue.bind(store);
    t.mock.method(store, 'claimDue', async (limit: number, holdMs: number) => {
      const due = await claimDue(limit, holdMs);
      for (const held of due) noted.set(held.imsi, newest(held));
      return due;
    });
    const calledFor: unknown[] = [];
    core.meanwhile.set(`${OLD} -`, () =>
      store.write(effects({ kind: 'want', imsi: NEW, wanted: deletedAt(4, NEW), after: [] })),
    );
    core.meanwhile.set(`${NEW} -`, async () => calledFor.push(noted.get(NEW)?.change.action));
    await store.write(grantAt(2, OLD, NEW));
    await bring(NEW, 4);
    assert.deepEqual(calledFor, ['delete']);
  });

  test('also on behalf of the SIM that gets his number, and is sent nothing else when that call may have been lost', async (t) => {
    const { core, store, bring } = loop();
    await confirmed(store, wantedAt(0, { imsi: OLD }));
    const wanted = deletedAt(4, OLD);
    await store.write(effects({ kind: 'want', imsi: OLD, wanted, after: [] }));
    // It may have been deleted, is asked again in an hour, and the number is wanted now.
    const held = await store.claim(OLD, wanted, CALL_MS);
    const unsure = { result: 'unsure', why: 'no answer', retryInMs: 3_600_000, counts: true } as const;
    await store.write(effects({ kind: 'failed', imsi: OLD, wanted, ...unsure, claim: held?.claim ?? '' }));
    const noted: unknown[] = [];
    const claim = store.claim.bind(store);
    t.mock.method(store, 'claim', (imsi: string, wanted: Wanted | null, holdMs: number) => {
      noted.push(wanted?.change.action);
      return claim(imsi, wanted, holdMs);
    });
    const sent: string[] = [];
    const apply = core.apply.bind(core);
    t.mock.method(core, 'apply', (change: Change, context: CallContext) => {
      sent.push(`${change.action} ${change.state.imsi}`);
      return apply(change, context);
    });
    await store.write(grantAt(2, OLD, NEW));
    await bring(NEW, 2);
    assert.deepEqual([noted, sent], [['delete'], [`delete ${OLD}`, `update ${NEW}`]]);
  });
});

test("a store that fails ends the turn of an event in its subscriber's line, and not the line", async (t) => {
  const { clock, core, store, delivery } = inline();
  t.mock.method(store, 'claim', () => Promise.reject(new StoreError('no disk')), { times: 1 });
  const [failing, waiting] = [updateAt(1, NEW), updateAt(2, NEW)].map((arrival) => delivery.deliver(arrival, []));
  await clock.advance(CALL_MS);
  const failed = await failing;
  assert.equal(failed?.kind === 'failed' && failed.failure.code, 'store_failed');
  assert.deepEqual(await waiting, { kind: 'processed' });
  assert.equal(core.calls.length, 1);
  await store.close();
});
