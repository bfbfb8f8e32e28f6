import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DONE, FAILURES, failed } from '../../src/core/outcome.ts';
import { asInsert, unknownSubscriber } from '../../src/core/subscriber.ts';
import type { Version } from '../../src/core/version.ts';
import { Attempts } from '../../src/delivery/attempts.ts';
import { Breaker } from '../../src/delivery/breaker.ts';
import { Gate } from '../../src/delivery/gate.ts';
import { SubscriberLines } from '../../src/delivery/lines.ts';
import { effectOf, push } from '../../src/delivery/push.ts';
import type { Target } from '../../src/ports/target.ts';
import { asOfNow, momentNow } from '../../src/store/requests.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { IMSI, wantedAt } from '../helpers/subscribers.ts';
import { attemptsOn, CALL_MS, SlowCore } from '../helpers/swaps.ts';

const HOUR_MS = 3_600_000;
const VERSION = { iEvent: '1' };

describe('subscriber lines', () => {
  /** Takes its turn, does something, and leaves. */
  const run = async (lines: SubscriberLines, imsi: string, version: Version, work: () => unknown) => {
    assert.ok(await lines.enter(imsi, version, 100));
    await work();
    lines.leave(imsi);
  };
  test('one at a time for a subscriber, others meanwhile', async () => {
    const lines = new SubscriberLines(new FakeClock());
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const order: string[] = [];
    assert.ok(lines.tryEnter('a'));
    assert.ok(!lines.tryEnter('a'));
    const first = hold.then(() => lines.leave('a'));
    const second = run(lines, 'a', VERSION, () => order.push('a2'));
    await run(lines, 'b', VERSION, () => order.push('b1'));
    release();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['b1', 'a2']);
    assert.ok(lines.tryEnter('a'), 'the line is empty again');
  });
  test('the newest of those who wait goes next', async () => {
    const lines = new SubscriberLines(new FakeClock());
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const order: string[] = [];
    const runs = ['5', '7', '9', '8'].map((iEvent) =>
      run(lines, 'a', { iEvent }, async () => {
        if (order.push(iEvent) === 1) await hold;
      }),
    );
    release();
    await Promise.all(runs);
    assert.deepEqual(order, ['5', '9', '8', '7']);
  });
  test('a turn that does not come before the deadline is not taken', async () => {
    const clock = new FakeClock();
    const lines = new SubscriberLines(clock);
    assert.ok(lines.tryEnter('a'));
    const late = lines.enter('a', VERSION, 30);
    await clock.advance(30);
    assert.equal(await late, false);
    lines.leave('a');
    assert.ok(lines.tryEnter('a'), 'nobody who gave up is given a turn');
  });
});

describe('gate', () => {
  test('spaces the starts evenly', async () => {
    const clock = new FakeClock();
    const gate = new Gate({ concurrency: 10, perSecond: 10 }, clock);
    const starts: number[] = [];
    for (let call = 0; call < 4; call++) void gate.enter(1000).then(() => starts.push(clock.now()));
    await clock.advance(1000);
    assert.deepEqual(starts, [0, 100, 200, 300]);
  });
  test('turns away what could not start before its deadline, and gives the place back', async () => {
    const clock = new FakeClock();
    const gate = new Gate({ concurrency: 1, perSecond: 10 }, clock);
    assert.equal(await gate.enter(1000), 'inside');
    gate.leave();
    assert.equal(await gate.enter(50), 100, 'says when there is one');
    const third = gate.enter(1000);
    await clock.advance(100);
    assert.equal(await third, 'inside');
    gate.leave();
    assert.equal(await gate.enter(clock.now()), 'late');
  });
});

describe('breaker', () => {
  const fail = (breaker: Breaker, times: number) => {
    for (let call = 0; call < times; call++) {
      const permit = breaker.admit();
      assert.ok(permit);
      breaker.record(permit, true);
    }
  };
  test('opens after failures in a row, lets one probe through after the cool-down, and closes on its success', async () => {
    const clock = new FakeClock();
    const breaker = new Breaker({ failures: 3, cooldownMs: 100 }, clock);
    fail(breaker, 3);
    assert.equal(breaker.state, 'open');
    assert.equal(breaker.admit(), null);
    assert.equal(breaker.wait(), 100);
    await clock.advance(100);
    const probe = breaker.admit();
    assert.deepEqual(probe, { probe: true });
    assert.equal(breaker.admit(), null, 'one probe only');
    breaker.record({ probe: true }, false);
    assert.equal(breaker.state, 'closed');
  });
  test('a failed probe opens it again, a late failure from before does not prolong it', async () => {
    const clock = new FakeClock();
    const breaker = new Breaker({ failures: 1, cooldownMs: 100 }, clock);
    fail(breaker, 1);
    await clock.advance(50);
    breaker.record({ probe: false }, true);
    assert.equal(breaker.wait(), 50);
    await clock.advance(50);
    assert.ok(breaker.admit());
    breaker.record({ probe: true }, true);
    assert.equal(breaker.wait(), 100);
  });
  test('a late success from before does not close it', () => {
    const breaker = new Breaker({ failures: 1, cooldownMs: 100 }, new FakeClock());
    fail(breaker, 1);
    breaker.record({ probe: false }, false);
    assert.equal(breaker.state, 'open');
  });
  test('a refusal proves that the core lives and resets the count', () => {
    const breaker = new Breaker({ failures: 3, cooldownMs: 100 }, new FakeClock());
    fail(breaker, 2);
    breaker.record({ probe: false }, false);
    fail(breaker, 2);
    assert.equal(breaker.state, 'closed');
  });
  test('0 = never', () => {
    const breaker = new Breaker({ failures: 0, cooldownMs: 100 }, new FakeClock());
    fail(breaker, 1000);
    assert.equal(breaker.state, 'closed');
  });
});

describe('attempts', () => {
  test('a confirmation is as old as its call, also when the machine slept while it was under way (G4)', async (t) => {
    const clock = new FakeClock();
    const core = new SlowCore(clock);
    const [wanted, held] = [wantedAt(1), { ...unknownSubscriber(IMSI), claim: '1' }];
    core.meanwhile.set(`${IMSI} ${wanted.change.state.msisdn}`, async () => clock.setBy(HOUR_MS));
    const context = { deadline: 5_000, requestId: 'r', uniqueId: 'u' };
    const pushing = push(attemptsOn(core, clock), held, wanted, [], context, { askedAt: 0, holds: async () => true });
    await clock.advance(CALL_MS);
    const pushed = await pushing;
    assert.ok(pushed);
    assert.equal(pushed.attempts[0]?.durationMs, CALL_MS);
    const effect = effectOf(pushed, held, () => null);
    assert.ok(effect.kind === 'applied');
    assert.equal(effect.ageMs, CALL_MS + HOUR_MS);
    // It sleeps again before that is written.
    const asked = momentNow();
    const wall = Date.now();
    t.mock.method(Date, 'now', () => wall + HOUR_MS);
    const written = asOfNow(effect, asked);
    assert.ok(written.kind === 'applied' && written.ageMs >= effect.ageMs + HOUR_MS);
  });
  const updated = 'unknown_subscriber';
  for (const [what, results, { looks, ms }, outcome] of [
    ['a second update finds nobody either', [updated, 'refused', updated], { looks: 2, ms: 5_000 }, 'refused'],
    ['its number has to wait again', [updated], { looks: 0, ms: 5_000 }, 'number_held'],
    // The core may have come to the earlier insert by then: that it is there already is no last word.
    ['its number has to wait then', [updated, 'refused'], { looks: 1, ms: 5_000 }, 'number_held'],
    ['there is no time for a second update', [updated, 'refused'], { looks: 2, ms: 2 * CALL_MS }, 'no_turn'],
  ] as const) {
    test(`the calls of an insert that may have been done before are all told, also when ${what}`, async () => {
      const clock = new FakeClock();
      const answers = results.map((code) => failed(code, 'no'));
      const apply = async () => {
        await new Promise<void>((resolve) => clock.after(CALL_MS, resolve));
        return answers.shift() ?? DONE;
      };
      const held = { ...unknownSubscriber(IMSI), unsettledUntil: 1, claim: '1' };
      const context = { deadline: ms, requestId: 'r', uniqueId: 'u' };
      let looked = 0;
      // It is old after the first call, and looked at before those after it.
      const still = { askedAt: 0, holds: async () => looked++ < looks };
      const attempts = attemptsOn({ name: 'no', apply, close: async () => {} }, clock);
      const pushing = push(attempts, held, asInsert(wantedAt(1)), [], context, still);
      await clock.advance(3 * CALL_MS);
      const pushed = await pushing;
      assert.deepEqual(
        pushed?.attempts.map(({ result }) => result),
        results,
      );
      assert.equal(pushed?.outcome.kind === 'failed' && pushed.outcome.failure.code, outcome);
    });
  }
  test('a target that throws may have called the core; it leaves nothing under way, and is no success as a probe', async () => {
    const clock = new FakeClock();
    const breaker = new Breaker({ failures: 1, cooldownMs: 50 }, clock);
    const target: Target = { name: 'broken', apply: () => Promise.reject(new Error('a slip')), close: async () => {} };
    const attempts = new Attempts({ target, gate: new Gate({ concurrency: 1, perSecond: 0 }, clock), breaker, clock });
    const once = () => attempts.once(wantedAt(1).change, { requestId: 'r', uniqueId: 'u', deadline: 10_000 });
    for (let probe = 0; probe < 3; probe++) {
      const tried = await once();
      assert.ok(tried?.outcome.kind === 'failed');
      assert.equal(FAILURES[tried.outcome.failure.code].kind, 'unsure');
      assert.match(tried.outcome.failure.why, /a slip/);
      assert.equal(tried.attempt?.result, tried.outcome.failure.code);
      assert.equal(attempts.underWay, 0);
      assert.equal(breaker.state, 'open');
      await clock.advance(50);
    }
  });
});
