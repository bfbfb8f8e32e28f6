import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DONE, failed, type Outcome } from '../../src/core/outcome.ts';
import { Attempts } from '../../src/delivery/attempts.ts';
import { Breaker } from '../../src/delivery/breaker.ts';
import { Gate } from '../../src/delivery/gate.ts';
import { Reconciler } from '../../src/delivery/reconciler.ts';
import { WatchedStore } from '../../src/observe/watched-store.ts';
import { type ClaimOptions, type Store, StoreError } from '../../src/ports/store.ts';
import { NO_TRACER } from '../../src/ports/tracer.ts';
import { GuardedStore } from '../../src/store/guard.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import { acceptanceOf, effects, IMSI, LIMITS, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';
import { attemptsOn, CALL_MS, releaseAt, SlowCore } from '../helpers/swaps.ts';

const PLACES = 16;
const SUBSCRIBERS = 64;
const IMSIS = Array.from({ length: SUBSCRIBERS }, (_, n) => `0010100000${String(n).padStart(5, '0')}`);

function reconcilerOf(store: Store, core: SlowCore, clock: FakeClock, perSecond: number): Reconciler {
  const gate = new Gate({ concurrency: PLACES, perSecond }, clock);
  const attempts = new Attempts({
    target: core,
    gate,
    breaker: new Breaker({ failures: 0, cooldownMs: 1 }, clock),
    clock,
  });
  const limits = { deadlineMs: 60_000, concurrency: PLACES, rest: { firstMs: 10, longestMs: 100 } };
  const newIds = () => ({ requestId: 'r', uniqueId: 'u' });
  return new Reconciler({ store, attempts, clock, random: () => 0.5, log: memoryLog(), limits, newIds });
}

/** Brings all subscribers up to date, who are due from the beginning. @param perSecond calls; 0 = no limit. */
async function deliverAll(perSecond: number) {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const store = directStore();
  for (const imsi of IMSIS) {
    await store.write(effects({ kind: 'want', imsi, wanted: wantedAt(1, { imsi, msisdn: null }), after: [] }));
  }
  const taken: number[] = [];
  const watched = {
    ...store,
    claimDue: async (limit: number, holdMs: number) => {
      const due = await store.claimDue(limit, holdMs);
      if (due.length > 0) taken.push(due.length);
      return due;
    },
  };
  const reconciler = reconcilerOf(watched, core, clock, perSecond);
  reconciler.start();
  while (core.calls.length < SUBSCRIBERS) await clock.advance(CALL_MS / 2);
  const tookMs = clock.now();
  const stopped = reconciler.stop();
  await clock.advance(CALL_MS * 2);
  await stopped;
  await store.close();
  return { taken, calls: new Set(core.calls).size, tookMs };
}

/** Lets the connector try one subscriber until it rests; the core answers the same each time. */
async function triesOf(answer: Outcome, limits = LIMITS) {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const wanted = wantedAt(1);
  const { imsi, msisdn } = wanted.change.state;
  core.answers.set(`${imsi} ${msisdn}`, answer);
  const store = directStore(limits);
  await store.write(acceptanceOf(1));
  const log = memoryLog();
  const reconciler = new Reconciler({
    store,
    attempts: attemptsOn(core, clock),
    clock,
    random: () => 0,
    log,
    limits: { deadlineMs: 60_000, concurrency: 1, rest: { firstMs: 0, longestMs: 0 } },
    newIds: () => ({ requestId: 'r', uniqueId: 'u' }),
  });
  reconciler.start();
  while ((await store.views.backlog()).dead === 0) await clock.advance(CALL_MS);
  const stopped = reconciler.stop();
  await clock.advance(CALL_MS * 2);
  await stopped;
  await store.close();
  const lines = log.lines.filter(({ level }) => level !== 'debug');
  return lines.map(({ level, fields, message }) => [level, fields['outcome'], fields['error'], message] as const);
}

describe('the log says when the connector gave up', () => {
  test('after the last attempt there may be, and not before', async () => {
    const [first, second, ...rest] = await triesOf(failed('busy', 'Overloaded'), { ...LIMITS, maxAttempts: 2 });
    assert.deepEqual(first, ['warn', 'failed', 'Overloaded', 'Subscriber not brought up to date yet']);
    assert.deepEqual(second?.slice(0, 3), ['error', 'dead', 'Overloaded (after 2 attempts)']);
    assert.match(second?.[3] ?? '', /^Given up: dead letter\..*replay/);
    assert.deepEqual(rest, []);
  });

  test('at once when the core refused', async () => {
    const [only, ...rest] = await triesOf(failed('refused', 'No such profile'));
    assert.deepEqual(only?.slice(0, 3), ['error', 'dead', 'No such profile']);
    assert.deepEqual(rest, []);
  });
});

describe('the connector looks for work', () => {
  test('not at every place that frees while others still wait for their turn, and the rate stays what it is', async () => {
    const { taken, calls, tookMs } = await deliverAll(20);
    assert.equal(calls, SUBSCRIBERS);
    assert.deepEqual(taken, [PLACES, ...Array.from({ length: (SUBSCRIBERS - PLACES) / 2 }, () => 2)]);
    assert.ok(Math.abs(tookMs - (SUBSCRIBERS - 1) * 50) <= CALL_MS, `${tookMs} ms`);
  });

  test('at once where nobody waits for a turn, so that no place stays empty', async () => {
    const { calls, tookMs } = await deliverAll(0);
    assert.equal(calls, SUBSCRIBERS);
    assert.ok(tookMs <= (SUBSCRIBERS / PLACES) * CALL_MS, `${tookMs} ms`);
  });
});

test('a SIM that is called for to free its number is held beyond a power failure: nobody else would tell of it', async () => {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const store = directStore();
  const claims: [imsi: string, options: ClaimOptions | undefined][] = [];
  const watched: Store = {
    ...store,
    claim: (imsi, wanted, holdMs, options) => {
      claims.push([imsi, options]);
      return store.claim(imsi, wanted, holdMs, options);
    },
  };
  const seen = new WatchedStore(watched, { observer: null, tracer: NO_TRACER, clock, shared: false });
  await store.write(effects({ kind: 'want', imsi: IMSI, wanted: wantedAt(2), after: [releaseAt(2, OTHER_IMSI)] }));
  const reconciler = reconcilerOf(new GuardedStore(seen, clock, 60_000, () => {}), core, clock, 0);
  reconciler.start();
  while (core.calls.length < 2) await clock.advance(CALL_MS / 2);
  assert.deepEqual(core.calls, [`${OTHER_IMSI} -`, `${IMSI} 79123456789`]);
  assert.deepEqual(claims, [[OTHER_IMSI, { durable: true }]]);
  const stopped = reconciler.stop();
  await clock.advance(CALL_MS * 2);
  await stopped;
  await store.close();
});

test('a call that was made stays in its story when the store fails before the next one for the same state', async () => {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const store = directStore();
  const { change, ...rest } = wantedAt(1);
  const wanted = { ...rest, change: { ...change, action: 'insert' } } as const;
  await store.write({ ...acceptanceOf(1), effects: [{ kind: 'want', imsi: IMSI, wanted, after: [] }] });
  const lost = { kind: 'failed', imsi: IMSI, wanted, result: 'unsure', why: 'no answer', counts: true } as const;
  await store.write(effects({ ...lost, retryInMs: 0 }));
  const call = `${IMSI} ${change.state.msisdn}`;
  const look = store.look;
  core.meanwhile.set(call, async () => {
    // The update that comes before the insert finds nobody; what the number waits for is looked up once more then.
    core.answers.set(call, core.calls.length === 1 ? failed('unknown_subscriber', 'no such subscriber') : DONE);
    if (core.calls.length > 1) return;
    store.look = async () => {
      store.look = look;
      throw new StoreError('not now');
    };
  });
  const reconciler = reconcilerOf(store, core, clock, 0);
  reconciler.start();
  while (core.calls.length < 2) await clock.advance(CALL_MS);
  const story = await store.views.event('event-1');
  assert.deepEqual(
    story?.attempts.map(({ action, result }) => `${action} ${result}`),
    ['update unknown_subscriber'],
  );
  const stopped = reconciler.stop();
  await clock.advance(CALL_MS * 3);
  await stopped;
  await store.close();
});
