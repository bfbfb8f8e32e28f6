import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Place, Roster } from '../../src/basics/roster.ts';

test('what comes and goes is there in the order it came, and what went leads to nothing', () => {
  // Each number takes out what came so many places before the last, when there is that; a negative one adds.
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 })), (steps) => {
      const roster = new Roster<number>();
      let expected: Place<number>[] = [];
      for (const [number, step] of steps.entries()) {
        if (step < 0) expected.push(roster.add(number));
        const gone = step < 0 ? undefined : expected.at(-1 - step);
        if (gone) {
          assert.ok(roster.remove(gone));
          assert.ok(!roster.remove(gone), 'it can only go once');
          assert.deepEqual(gone, { value: null, before: null, after: null });
          expected = expected.filter((place) => place !== gone);
        }
        assert.deepEqual(
          roster.places().map(({ value }) => value),
          expected.map(({ value }) => value),
        );
        assert.equal(roster.size, expected.length);
        assert.equal(roster.oldest, expected[0] ?? null);
      }
    }),
  );
});
