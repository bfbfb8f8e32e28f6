import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DONE, failed } from '../../src/core/outcome.ts';
import type { Change } from '../../src/core/types.ts';
import { compareVersions, type Version } from '../../src/core/version.ts';
import type { Arrival } from '../../src/delivery/arrival.ts';
import { Attempts } from '../../src/delivery/attempts.ts';
import { Breaker } from '../../src/delivery/breaker.ts';
import { Gate } from '../../src/delivery/gate.ts';
import { InlineDelivery } from '../../src/delivery/inline.ts';
import type { CallContext, Target } from '../../src/ports/target.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { entryOf } from '../helpers/subscribers.ts';

/** A core that takes its time, sometimes fails, and writes down what it saw. */
class RecordingTarget implements Target {
  readonly name = 'recording';
  readonly applied: Change[] = [];
  overlaps = 0;
  mostAtOnce = 0;
  readonly #busy = new Map<string, number>();
  readonly #clock: FakeClock;
  readonly #plan: { latency: number; fails: boolean }[];
  #inside = 0;

  constructor(clock: FakeClock, plan: { latency: number; fails: boolean }[]) {
    this.#clock = clock;
    this.#plan = plan;
  }

  async apply(change: Change, _context: CallContext) {
    const { imsi } = change.state;
    const { latency, fails } = this.#plan.shift() ?? { latency: 1, fails: false };
    if (this.#busy.has(imsi)) this.overlaps++;
    this.#busy.set(imsi, 1);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#inside);
    await new Promise<void>((resolve) => this.#clock.after(latency, resolve));
    this.#inside--;
    this.#busy.delete(imsi);
    if (fails) return failed('busy', 'not now');
    this.applied.push(change);
    return DONE;
  }

  async close() {}
}

let events = 0;

function arrival(imsi: string, updatedAt: string): Arrival {
  const state = { imsi, status: 'serviceGranted', msisdn: null, csProfile: updatedAt, epsProfile: 'e' } as const;
  const { state: _, why, status, attempts, ...draft } = entryOf(++events, { imsi });
  return {
    decision: { kind: 'provision', action: 'update', version: { updatedAt }, changes: [{ action: 'update', state }] },
    draft,
  };
}

function build(clock: FakeClock, target: Target, concurrency: number, capacity = 1000) {
  const attempts = new Attempts({
    target,
    gate: new Gate({ concurrency, perSecond: 0 }, clock),
    breaker: new Breaker({ failures: 0, cooldownMs: 1 }, clock),
    clock,
  });
  const limits = { deadlineMs: 2_000, capacity, retries: 1 };
  return new InlineDelivery({ store: directStore(), attempts, clock, random: () => 0.5, limits, done: async () => {} });
}

const IMSIS = ['001010000000001', '001010000000002', '001010000000003'];

const scenario = fc.record({
  events: fc.array(fc.record({ imsi: fc.constantFrom(...IMSIS), version: fc.nat(9), at: fc.nat(100) }), {
    minLength: 1,
    maxLength: 25,
  }),
  plan: fc.array(fc.record({ latency: fc.integer({ min: 1, max: 50 }), fails: fc.boolean() }), { maxLength: 40 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
});

interface Answered {
  readonly imsi: string;
  readonly version: Version;
  readonly kind: string;
}

test('G1, G2 in one process: one call at a time for a subscriber, never backwards, and every answer is true', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ events, plan, concurrency }) => {
      const clock = new FakeClock();
      const target = new RecordingTarget(clock, [...plan]);
      const delivery = build(clock, target, concurrency);
      const answers: Answered[] = [];
      for (const { imsi, version: number, at } of events) {
        const one = arrival(imsi, String(number));
        const answer = (kind: string) => answers.push({ imsi, version: one.decision.version, kind });
        clock.after(at, () => void delivery.deliver(one, []).then(({ kind }) => answer(kind)));
      }
      await clock.advance(10_000);

      assert.equal(answers.length, events.length, 'every event is answered');
      assert.equal(target.overlaps, 0);
      assert.ok(target.mostAtOnce <= concurrency);
      assert.equal(delivery.inside, 0);
      assert.equal(clock.timers, 0, 'no timer is left behind');
      for (const imsi of IMSIS) {
        const applied = target.applied.filter(({ state }) => state.imsi === imsi);
        const versions = applied.map(({ state }) => ({ updatedAt: state.csProfile }));
        assertNeverBackwards(versions);
        assertTrue(
          answers.filter((answer) => answer.imsi === imsi),
          versions,
        );
      }
    }),
    { numRuns: 200 },
  );
});

function assertNeverBackwards(applied: readonly Version[]): void {
  for (const [index, version] of applied.entries()) {
    const before = applied[index - 1];
    if (before) assert.ok(compareVersions(before, version) <= 0, 'never backwards');
  }
}

/** What was answered is what happened. */
function assertTrue(answers: readonly Answered[], applied: readonly Version[]): void {
  const newest = applied.at(-1);
  for (const { kind, version } of answers) {
    if (kind === 'processed') assert.ok(applied.some((other) => compareVersions(other, version) === 0));
    if (kind === 'superseded') assert.ok(newest && compareVersions(newest, version) > 0);
  }
}

test('the waiting room is bounded: one event more is turned away at once', async () => {
  const clock = new FakeClock();
  const delivery = build(clock, new RecordingTarget(clock, []), 1, 3);
  const answers: string[] = [];
  for (let event = 0; event < 4; event++) {
    void delivery.deliver(arrival(`00101000000000${event}`, '1'), []).then((delivered) => {
      answers.push(delivered.kind === 'failed' ? delivered.failure.code : delivered.kind);
    });
  }
  await clock.advance(0);
  assert.deepEqual(answers, ['crowded']);
  await clock.advance(100);
  assert.deepEqual(answers, ['crowded', 'processed', 'processed', 'processed']);
});
