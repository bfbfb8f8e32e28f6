import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type DueRange, onlyRecent, rangeAfter, rangeOf } from '../../src/store/postgres/due-range.ts';

const NOW = 1_000_000;
const RECENT = { low: NOW - 5_000, high: NOW - 5_001, since: NOW - 5_000 };

const isIn = ({ low, high, since }: DueRange, at: number) => (at >= low && at <= high) || at >= since;

describe('where those are who are due', () => {
  test('is nowhere but lately when a look found fewer than it was to find, or a scout nobody', () => {
    const range = { low: 0, high: 10, since: 20 };
    assert.deepEqual(rangeAfter(range, { now: NOW, limit: 3, oldest: 1, found: [1, 2] }), RECENT);
    assert.deepEqual(rangeOf(null, null, NOW), RECENT);
    assert.deepEqual(onlyRecent(NOW), RECENT);
  });

  test('is between those whom a look took from either end, and lately', () => {
    const range = { low: 0, high: 100, since: 500 };
    const look = { now: NOW, limit: 4, oldest: 2, found: [90, 5, 3, 80] };
    assert.deepEqual(rangeAfter(range, look), { low: 5, high: 80, since: NOW - 5_000 });
    assert.deepEqual(rangeAfter(range, { ...look, oldest: 4 }), { low: 90, high: 100, since: 500 });
    assert.deepEqual(rangeAfter(range, { ...look, oldest: 0 }), { low: 0, high: 3, since: NOW - 5_000 });
    assert.deepEqual(rangeOf(7, 70, NOW), { low: 7, high: 70, since: NOW - 5_000 });
  });

  test('has everybody in it who is due, whatever was taken and came meanwhile', () => {
    const times = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 30 });
    const looks = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(6), fc.integer({ min: 0, max: 9_000 })));
    fc.assert(
      fc.property(times, looks, (begin, steps) => {
        let now = 30_000;
        let due = begin.toSorted((a, b) => a - b);
        let range = rangeOf(due.at(0) ?? null, due.at(-1) ?? null, now);
        for (const [limit, half, ms] of steps) {
          const oldest = Math.min(limit, half);
          const first = due.slice(0, oldest);
          const rest = due.slice(first.length);
          const last = rest.slice(Math.max(0, rest.length - (limit - first.length)));
          range = rangeAfter(range, { now, limit, oldest, found: [...last, ...first] });
          now += ms;
          // Whoever is written comes in at his time: a little before the look that finds him.
          due = [...rest.slice(0, rest.length - last.length), now - Math.min(ms, 1_000), now];
          assert.deepEqual(
            due.filter((at) => !isIn(range, at)),
            [],
          );
        }
      }),
    );
  });
});
