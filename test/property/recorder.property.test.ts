import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Delivered } from '../../src/delivery/arrival.ts';
import { RecordingDelivery } from '../../src/delivery/recording/delivery.ts';
import { Recorder } from '../../src/delivery/recording/recorder.ts';
import type { Outbox } from '../../src/ports/outbox.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import { type Course, LATEST_MS, ModelSheet, mortalOutbox } from '../helpers/model-sheet.ts';
import { entryOf } from '../helpers/subscribers.ts';

const PER_MINUTE = 30;
const WAIT_MS = 2_000;

/** A connector on a store that outlives it. */
class Life {
  readonly clock = new FakeClock();
  readonly sheet = new ModelSheet(this.clock);
  readonly store = directStore();
  /** What NSPS was told last of each event. */
  readonly told = new Map<string, Delivered>();
  readonly waitMs: number;
  #alive = { yes: true };
  #recorder: Recorder;
  #delivery: RecordingDelivery;

  constructor(waitMs: number) {
    this.waitMs = waitMs;
    [this.#recorder, this.#delivery] = this.#begin();
  }

  #begin(): [Recorder, RecordingDelivery] {
    const alive = { yes: true };
    this.#alive = alive;
    const outbox = mortalOutbox(this.store.outbox as Outbox, () => alive.yes);
    const recorder = new Recorder({
      outbox,
      target: this.sheet.seenBy(() => alive.yes),
      clock: this.clock,
      random: () => 0.5,
      log: memoryLog(),
      limits: {
        perMinute: PER_MINUTE,
        settleMs: LATEST_MS + 400,
        patience: 3,
        rest: { firstMs: 50, longestMs: 1_000 },
      },
    });
    recorder.start();
    return [recorder, new RecordingDelivery({ outbox, recorder, limits: { capacity: 1_000, waitMs: this.waitMs } })];
  }

  kill(): void {
    this.#alive.yes = false;
    [this.#recorder, this.#delivery] = this.#begin();
  }

  send(n: number): void {
    const { state: _state, why: _why, status: _status, attempts: _attempts, ...draft } = entryOf(n);
    const body = Buffer.from(JSON.stringify({ event_id: draft.eventId, data: { event_type: 'SIM/Updated' } }));
    void this.#delivery.deliver({ decision: { kind: 'record' }, draft: { ...draft, body } }, []).then((delivered) => {
      this.told.set(draft.eventId, delivered);
    });
  }

  async end(): Promise<void> {
    this.sheet.plan([]);
    await this.clock.advance(130_000);
    const stopped = this.#recorder.stop();
    await this.clock.advance(10_000);
    await stopped;
    await this.store.close();
  }
}

type Step =
  | { readonly kind: 'send'; readonly n: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'plan'; readonly courses: readonly Course[] }
  | { readonly kind: 'set'; readonly ms: number }
  | { readonly kind: 'kill' | 'sort' };

const courses: fc.Arbitrary<Course> = fc.constantFrom(
  'well',
  'lost',
  'applied',
  'late',
  'core_error',
  'rate_limited',
  'unauthorized',
  'place_missing',
);

function stepsOf(
  more: readonly ('kill' | 'sort')[],
  besides: readonly fc.Arbitrary<Step>[] = [],
): fc.Arbitrary<Step[]> {
  const send = fc.record({ kind: fc.constant('send' as const), n: fc.integer({ min: 1, max: 40 }) });
  const wait = fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) });
  const plan = fc.record({ kind: fc.constant('plan' as const), courses: fc.array(courses, { maxLength: 8 }) });
  const others = more.map((kind) => fc.constant({ kind }));
  return fc.array(
    fc.oneof({ arbitrary: send, weight: 4 }, { arbitrary: wait, weight: 3 }, plan, ...others, ...besides),
    {
      minLength: 5,
      maxLength: 50,
    },
  );
}

async function play(life: Life, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'send') life.send(step.n);
    else if (step.kind === 'plan') life.sheet.plan(step.courses);
    else if (step.kind === 'kill') life.kill();
    else if (step.kind === 'set') life.clock.setBy(step.ms);
    else if (step.kind === 'sort') life.sheet.rows.sort();
    // What is sent in one turn is written together.
    await life.clock.advance(step.kind === 'wait' ? step.ms : 0);
  }
  await life.end();
}

function checkRows({ sheet, told, waitMs }: Life): void {
  assert.equal(new Set(sheet.rows).size, sheet.rows.length, `none twice: ${sheet.rows.join(' ')}`);
  const there = new Set(sheet.rows);
  for (const [eventId, delivered] of told) {
    if (delivered.kind !== 'failed') assert.ok(there.has(eventId), `${eventId} was told ${delivered.kind}`);
    else assert.ok(waitMs > 0, 'who does not wait is not told that it failed');
  }
}

/** The most appends within any minute. */
function busiestMinute(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length));
}

for (const waitMs of [0, WAIT_MS]) {
  const mode = waitMs === 0 ? 'queued' : 'inline';
  test(`${mode}: whatever fails and dies, what is acknowledged has one row, and never too many writes`, async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(['kill']), async (steps) => {
        const life = new Life(waitMs);
        await play(life, steps);
        checkRows(life);
        assert.ok(busiestMinute(life.sheet.appends) <= PER_MINUTE);
      }),
      { numRuns: 120 },
    );
  });
}

const sets = fc.record({ kind: fc.constant('set' as const), ms: fc.integer({ min: -7_200_000, max: 7_200_000 }) });

for (const kills of [[], ['kill' as const]]) {
  const dies = kills.length > 0 ? ' and whatever dies' : '';
  test(`whatever the wall clock is set to${dies}, what is acknowledged has one row, and soon`, async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(kills, [sets]), async (steps) => {
        const life = new Life(0);
        await play(life, steps);
        checkRows(life);
        // Of writes before a death only the wall clock can tell how long ago they were.
        if (kills.length === 0) assert.ok(busiestMinute(life.sheet.appends) <= PER_MINUTE);
      }),
      { numRuns: 200 },
    );
  });
}

test('rows stand in the order in which their events came first', async () => {
  await fc.assert(
    fc.asyncProperty(stepsOf(['kill']), async (steps) => {
      const life = new Life(0);
      await play(life, steps);
      const inOrder = [...new Set(steps.filter((step) => step.kind === 'send').map(({ n }) => `event-${n}`))];
      assert.deepEqual(life.sheet.rows, inOrder);
    }),
    { numRuns: 120 },
  );
});

test('people sort the sheet in the middle of it: still one row each', async () => {
  await fc.assert(
    fc.asyncProperty(stepsOf(['kill', 'sort']), async (steps) => {
      const life = new Life(0);
      await play(life, steps);
      checkRows(life);
    }),
    { numRuns: 120 },
  );
});
