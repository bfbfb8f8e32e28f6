import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { react } from '../../src/core/react.ts';
import { type Effect, type Subscriber, unknownSubscriber } from '../../src/core/subscriber.ts';
import { STEP_MS, StoreClock } from '../../src/store/sqlite/clock.ts';
import { Engine } from '../../src/store/sqlite/engine.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { acceptanceOf, asked, effects, IMSI, LIMITS, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';

const HOUR_MS = 3_600_000;
/** A call is older than it says by the time that its write takes, which is by the machine's own clock. */
const WRITTEN_MS = 500;
const YEARS_MS = 20 * 365 * 24 * HOUR_MS;

const REFUSED = { result: 'rejected', why: 'No such profile', retryInMs: 0, counts: true } as const;
const UNSURE = { result: 'unsure', why: 'No answer', retryInMs: null, counts: true } as const;
const BUSY = { result: 'retry', why: 'Overloaded', retryInMs: 30_000, counts: false } as const;

/** The embedded store's own transactions on a clock of the test. */
function engineOn(clock: FakeClock, file = ':memory:', role: 'owner' | 'guest' = 'owner') {
  const engine = new Engine({ file, limits: LIMITS, role }, clock);
  return {
    close: () => engine.close(),
    write: (...list: readonly Effect[]) => engine.writes(asked(effects(...list))),
    accept: (n: number, imsi = IMSI) => engine.writes(asked(acceptanceOf(n, { imsi }))),
    due: () =>
      engine
        .due(9, [])
        .result.map(({ imsi }) => imsi)
        .toSorted(),
    read: (imsi = IMSI) => engine.read([imsi]).result[0] as Subscriber,
    subscribers: () => engine.views.subscribers({ dead: false, limit: 9 }),
  };
}

function opened(t: TestContext, clock: FakeClock) {
  const engine = engineOn(clock);
  t.after(() => engine.close());
  return engine;
}

const applied = (n: number, ageMs = 1): Effect => ({
  kind: 'applied',
  imsi: IMSI,
  wanted: wantedAt(n),
  ageMs,
  released: [],
});

describe('a wall clock that is set', () => {
  for (const [name, step] of [
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ] as const) {
    test(`${name}: what is due later is due when it was to be`, async (t) => {
      const clock = new FakeClock();
      const engine = opened(t, clock);
      engine.accept(1);
      engine.write({ kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...BUSY });
      await clock.advance(10_000);
      clock.setBy(step);
      assert.deepEqual(engine.due(), []);
      await clock.advance(19_999);
      assert.deepEqual(engine.due(), []);
      await clock.advance(1);
      assert.deepEqual(engine.due(), [IMSI]);
    });

    test(`${name}: only a call that began when the core had had its time settles (G4)`, async (t) => {
      const clock = new FakeClock();
      const engine = opened(t, clock);
      engine.write({ kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...UNSURE });
      await clock.advance(LIMITS.settleAfterMs / 2);
      clock.setBy(step);
      engine.write(applied(1));
      assert.notEqual(engine.read().unsettledUntil, null, 'the core may still come to the first call');
      await clock.advance(LIMITS.settleAfterMs / 2 + WRITTEN_MS);
      assert.deepEqual(engine.due(), [IMSI]);
      engine.write(applied(1, 0));
      assert.deepEqual([engine.read().unsettledUntil, engine.read().dueAt], [null, null]);
    });

    test(`${name}: nor does that of a dead letter, should it be tried again`, async (t) => {
      const clock = new FakeClock();
      const engine = opened(t, clock);
      engine.accept(1);
      engine.write({ kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...UNSURE, retryInMs: 0 });
      engine.write({ kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...REFUSED });
      assert.equal(engine.read().dead, 'No such profile');
      clock.setBy(step);
      engine.write({ kind: 'resync', imsi: IMSI });
      await clock.advance(LIMITS.settleAfterMs - 1);
      engine.write(applied(1, 0));
      assert.notEqual(engine.read().unsettledUntil, null);
      await clock.advance(WRITTEN_MS);
      engine.write(applied(1, 0));
      assert.equal(engine.read().unsettledUntil, null);
    });
  }

  test('by years makes nobody too old, and keeps nobody waiting: a machine whose clock began at zero', (t) => {
    const clock = new FakeClock();
    clock.setBy(-YEARS_MS);
    const engine = opened(t, clock);
    engine.accept(1);
    clock.setBy(YEARS_MS);
    engine.write({ kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...BUSY, counts: true });
    const { dead, waitingSince } = engine.read();
    assert.deepEqual([dead, waitingSince], [null, clock.wall()]);
  });

  test('is told, once, to whoever remembers what was read before', (t) => {
    const clock = new FakeClock();
    const engine = opened(t, clock);
    engine.accept(1);
    clock.setBy(HOUR_MS);
    const seen = engine.accept(1, OTHER_IMSI);
    assert.equal(seen.foreign, true);
    assert.equal(engine.accept(2, OTHER_IMSI).foreign, false);
    assert.equal(engine.read().waitingSince, clock.wall(), 'nor is a row that the thread remembers older than that');
  });

  test('is not followed by halves when the disk fails', (t) => {
    const clock = new FakeClock();
    const engine = opened(t, clock);
    engine.write({ kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...UNSURE });
    clock.setBy(HOUR_MS);
    const { exec } = DatabaseSync.prototype;
    const failing = t.mock.method(DatabaseSync.prototype, 'exec', function failing(this: DatabaseSync, sql: string) {
      if (sql === 'COMMIT') throw new Error('the disk fails');
      exec.call(this, sql);
    });
    assert.throws(() => engine.accept(1, OTHER_IMSI), /the disk fails/);
    assert.throws(() => engine.due(), /the disk fails/);
    failing.mock.restore();
    engine.accept(1, OTHER_IMSI);
    assert.equal(engine.read().unsettledUntil, clock.wall() + LIMITS.settleAfterMs);
  });

  test('does not delay what a command asks for by the clock as it is set already', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'nsps-clock-'));
    const file = join(folder, 'connector.db');
    const clock = new FakeClock();
    const owner = engineOn(clock, file);
    t.after(() => {
      owner.close();
      rmSync(folder, { recursive: true });
    });
    owner.write(applied(1));
    clock.setBy(HOUR_MS);
    const guest = engineOn(clock, file, 'guest');
    guest.write({ kind: 'resync', imsi: IMSI });
    assert.deepEqual(owner.due(), [IMSI]);
    owner.write({ kind: 'failed', imsi: OTHER_IMSI, wanted: wantedAt(1, { imsi: OTHER_IMSI }), ...UNSURE });
    await clock.advance(LIMITS.settleAfterMs / 2);
    clock.setBy(HOUR_MS);
    guest.write({ kind: 'resync', imsi: IMSI });
    guest.close();
    assert.deepEqual(owner.due(), [IMSI]);
    const { unsettledUntil } = owner.read(OTHER_IMSI);
    assert.equal(unsettledUntil, clock.wall() + LIMITS.settleAfterMs / 2, 'a command moves nothing itself');
  });
});

describe('a wall clock that was set while no connector ran', () => {
  test('keeps nobody waiting for longer than anybody waits, nor too long in doubt', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'nsps-clock-'));
    const file = join(folder, 'connector.db');
    const clock = new FakeClock();
    clock.setBy(YEARS_MS);
    const ahead = engineOn(clock, file);
    ahead.write({ kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...UNSURE });
    ahead.accept(1, OTHER_IMSI);
    ahead.close();
    clock.setBy(-YEARS_MS);
    const engine = engineOn(clock, file);
    t.after(() => {
      engine.close();
      rmSync(folder, { recursive: true });
    });
    await clock.advance(LIMITS.longestRestMs);
    assert.deepEqual(engine.due(), [OTHER_IMSI, IMSI].toSorted());
    engine.write(applied(1, 0));
    assert.equal(engine.read().unsettledUntil, null);
    assert.equal(engine.read(OTHER_IMSI).waitingSince, clock.wall() - LIMITS.longestRestMs);
  });

  test('is no different when the right time comes only after the start', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'nsps-clock-'));
    const file = join(folder, 'connector.db');
    const clock = new FakeClock();
    const before = engineOn(clock, file);
    before.write({ kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...UNSURE });
    before.close();
    clock.setBy(-YEARS_MS);
    const engine = engineOn(clock, file);
    t.after(() => {
      engine.close();
      rmSync(folder, { recursive: true });
    });
    clock.setBy(YEARS_MS);
    engine.due();
    assert.equal(engine.read().unsettledUntil, clock.wall() + LIMITS.settleAfterMs);
    await clock.advance(LIMITS.longestRestMs);
    assert.deepEqual(engine.due(), [IMSI]);
  });
});

describe('a subscriber whose times come from a clock that was ahead', () => {
  const doubted = { ...unknownSubscriber(IMSI), desired: wantedAt(1), waitingSince: YEARS_MS, dueAt: YEARS_MS };

  test('is doubted as long as if it began now, and then no more', () => {
    const confirmed = (from: Subscriber, now: number) => react(from, applied(1), now, LIMITS).subscriber;
    const first = confirmed({ ...doubted, unsettledUntil: YEARS_MS }, HOUR_MS);
    assert.deepEqual([first.unsettledUntil, first.dueAt], Array(2).fill(HOUR_MS + LIMITS.settleAfterMs));
    const second = confirmed(first, HOUR_MS + LIMITS.settleAfterMs + 1);
    assert.deepEqual([second.unsettledUntil, second.dueAt], [null, null]);
  });

  test('is too old at last', () => {
    const failing: Effect = { kind: 'failed', imsi: IMSI, wanted: wantedAt(1), ...BUSY };
    const first = react(doubted, failing, HOUR_MS, LIMITS).subscriber;
    const second = react(first, failing, HOUR_MS + LIMITS.maxAgeMs, LIMITS).subscriber;
    assert.deepEqual([first.dead, second.dead], [null, 'Overloaded (too old)']);
  });
});

describe('the clock of a store', () => {
  test('follows one that is slowed down or sped up, and whoever is kept from the processor', () => {
    let [steady, wall, pause] = [0, 1_800_000_000_000, 0];
    const clock = new StoreClock({
      now: () => steady,
      wall: () => {
        // After the steady clock was read.
        steady += pause;
        wall += pause;
        return wall;
      },
    });
    for (let second = 0; second < 10_000; second++) {
      steady += 1_000;
      wall += 1_001;
      assert.equal(clock.stepped(), 0);
    }
    assert.equal(clock.now(), wall);
    pause = 2 * STEP_MS;
    assert.equal(clock.stepped(), 0);
    pause = 0;
    assert.equal(clock.stepped(), 0);
    assert.equal(clock.now(), wall);
    wall -= STEP_MS;
    assert.equal(clock.stepped(), -STEP_MS);
    assert.equal(clock.now(), wall + STEP_MS, 'not yet followed');
    clock.follow(-STEP_MS);
    assert.deepEqual([clock.stepped(), clock.now()], [0, wall]);
  });
});

const imsis = [IMSI, OTHER_IMSI];
type Act = (engine: ReturnType<typeof engineOn>, n: number) => unknown;

const acts = fc.oneof(
  fc.record({ imsi: fc.constantFrom(...imsis), what: fc.constantFrom('want', 'resync', 'unsure', 'busy', 'refused') }),
  fc.record({
    imsi: fc.constantFrom(...imsis),
    what: fc.constantFrom('applied'),
    ageMs: fc.nat(90).map((s) => s * 1_000 + WRITTEN_MS),
  }),
);

function actOf({ imsi, what, ...more }: { imsi: string; what: string; ageMs?: number }): Act {
  return (engine, n) => {
    const wanted = engine.read(imsi).desired ?? wantedAt(n, { imsi });
    if (what === 'want') return engine.accept(n, imsi);
    if (what === 'resync') return engine.write({ kind: 'resync', imsi });
    if (what === 'applied')
      return engine.write({ kind: 'applied', imsi, wanted, ageMs: more.ageMs ?? 0, released: [] });
    const how = what === 'unsure' ? UNSURE : what === 'busy' ? BUSY : REFUSED;
    return engine.write({ kind: 'failed', imsi, wanted, ...how });
  };
}

test('whatever the wall clock is set to, what is left to wait is what it would be, and so is all else', async () => {
  const sets = fc
    .record({ ms: fc.integer({ min: STEP_MS, max: 3 * HOUR_MS }), back: fc.boolean() })
    .map(({ ms, back }) => (back ? -ms : ms));
  const passes = fc.nat(120).map((seconds) => seconds * 1_000);
  const steps = fc.array(fc.record({ act: acts, pass: passes, set: fc.option(sets) }), { maxLength: 30, size: 'max' });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const clocks = [new FakeClock(), new FakeClock()] as const;
      const engines = [engineOn(clocks[0]), engineOn(clocks[1])] as const;
      for (const [n, { act, pass, set }] of list.entries()) {
        for (const clock of clocks) await clock.advance(pass);
        if (set !== null) clocks[1].setBy(set);
        for (const engine of engines) actOf(act)(engine, n);
        const [plain, moved] = await Promise.all(
          engines.map(async (engine, which) => {
            const now = clocks[which]?.wall() ?? 0;
            const due = engine.due();
            return { due, subscribers: (await engine.subscribers()).map((one) => relative(one, now)) };
          }),
        );
        assert.deepEqual(moved, plain);
      }
      for (const engine of engines) engine.close();
    }),
    { numRuns: 100 },
  );
});

/** His times as milliseconds from now. */
function relative({ dueAt, unsettledUntil, waitingSince, ...rest }: Subscriber, now: number) {
  const from = (time: number | null) => (time === null ? null : time - now);
  return { ...rest, dueAt: from(dueAt), unsettledUntil: from(unsettledUntil), waitingSince: from(waitingSince) };
}
