import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventOutcome } from '../../src/contract/event-states.ts';
import { Series } from '../../src/observe/series.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const event = (outcome: EventOutcome) => ({ type: 'SIM/Updated', outcome, status: 202, durationMs: 1 });
const call = (durationMs: number, result = 'done') => ({ action: 'update', result, durationMs });
const NOTHING = { events: {}, calls: 0, errors: 0, p50Ms: null, p95Ms: null, p99Ms: null };

test('counts events by where they ended, and calls with their durations', () => {
  const series = new Series(new FakeClock());
  series.answered(event('processed'));
  series.answered(event('processed'));
  series.answered(event('ignored'));
  series.answered(event('rejected'));
  series.answered(event('failed'));
  series.answered(event('failed'));
  for (let ms = 1; ms <= 100; ms++) series.called(call(ms));
  series.called(call(5_000, 'timeout'));
  const { events, calls, errors, p50Ms, p95Ms, p99Ms } = series.lastMinute();
  assert.deepEqual(events, { processed: 2, ignored: 1, rejected: 1, failed: 2 });
  assert.deepEqual([calls, errors], [101, 1]);
  for (const [found, exact] of [
    [p50Ms, 51],
    [p95Ms, 96],
    [p99Ms, 100],
  ] as const) {
    assert.ok(found !== null && Math.abs(found / exact - 1) < 0.05, `${found} is near ${exact}`);
  }
});

test('forgets after a minute what was in the minute, and tells the last whole second', async () => {
  const clock = new FakeClock();
  const series = new Series(clock);
  series.called(call(1));
  series.called(call(1));
  assert.equal(series.lastSecond(), 0, 'the second is not over');
  await clock.advance(1_000);
  assert.equal(series.lastSecond(), 2);
  await clock.advance(1_000);
  assert.equal(series.lastSecond(), 0);
  assert.equal(series.lastMinute().calls, 2);
  await clock.advance(58_000);
  assert.deepEqual(series.lastMinute(), NOTHING);
});

test('has a point for every step since the start, empty ones too, and no more than an hour or a day', async () => {
  const clock = new FakeClock();
  const series = new Series(clock);
  series.answered(event('queued'));
  await clock.advance(20_000);
  series.called(call(2, 'refused'));
  const { stepMs, steps } = series.series('hour');
  assert.equal(stepMs, 10_000);
  assert.deepEqual(
    steps.map(({ at, events, calls, errors }) => ({ at: at - clock.wall(), events, calls, errors })),
    [
      { at: -20_000, events: { queued: 1 }, calls: 0, errors: 0 },
      { at: -10_000, events: {}, calls: 0, errors: 0 },
      { at: 0, events: {}, calls: 1, errors: 1 },
    ],
  );
  await clock.advance(3_600_000);
  assert.equal(series.series('hour').steps.length, 360);
  assert.ok(
    series.series('hour').steps.every(({ calls }) => calls === 0),
    'the place was taken by a newer step',
  );
  assert.equal(series.series('day').stepMs, 300_000);
  assert.equal(
    series.series('day').steps.reduce((sum, { calls }) => sum + calls, 0),
    1,
  );
  await clock.advance(2 * 86_400_000);
  assert.equal(series.series('day').steps.length, 288);
});

test('durations of any size fall somewhere', () => {
  const series = new Series(new FakeClock());
  for (const ms of [0, -1, Number.NaN, 0.01, 1e9]) series.called(call(ms));
  const { calls, p50Ms, p99Ms } = series.lastMinute();
  assert.equal(calls, 5);
  assert.ok((p50Ms as number) < 0.2);
  assert.ok((p99Ms as number) > 90_000);
});
