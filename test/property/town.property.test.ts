import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { play, sharedStories, step, type TownStory, townStories } from '../helpers/town.ts';

const calm = (seed: number, ...steps: TownStory['steps']): TownStory => ({ steps, chances: [], seed });

/** Stories that went wrong once, too rare to be met in a hundred. */
const REMEMBERED: readonly TownStory[] = [
  // The insert comes while the core is being asked for the update that overtook it.
  calm(0, step('changes', 0, { late: 3 }), step('changes', 0, { pauseMs: 1_000 }), step('changes', 0)),
  // A process that is gone has inserted him between the update and the insert of the next one.
  calm(11, step('changes', 1, { pauseMs: 50, accident: 'resync' }), step('changes', 0, { accident: 'kill' })),
  // He is deleted, inserted and changed while the core is working on the delete.
  calm(0, step('changes', 0, { pauseMs: 1_000 }), step('goes', 0), step('changes', 0), step('changes', 0)),
  // An insert is refused for its number, then he is changed.
  calm(
    598_516,
    step('changes', 0),
    step('changes', 2, { number: 1 }),
    step('swaps', 0, { to: 2, late: 3 }),
    step('changes', 1, { number: 1 }),
    step('changes', 0, { pauseMs: 300 }),
  ),
  // A number is refused while its old SIM, which never confirmed that it had it, is in doubt.
  calm(379_136, step('changes', 0), step('bars', 0), step('changes', 1, { accident: 'kill' })),
  // A SIM is to release one number and wants another, which is that of the SIM that waits for its release.
  calm(0, step('changes', 0), step('changes', 1, { number: 1 }), step('swaps', 1, { to: 0 }), step('numbers', 1)),
  {
    // The same, with that SIM in doubt.
    ...calm(
      0,
      step('changes', 1),
      step('changes', 2, { number: 1 }),
      step('swaps', 1, { to: 2 }),
      step('numbers', 1, { number: 1 }),
      step('changes', 0),
      step('changes', 0),
    ),
    chances: [
      { fate: 'done', lateMs: 0 },
      { fate: 'unheard', lateMs: 0 },
    ],
  },
  {
    // The doubt about who has a number ends while the word is on its way that the core refuses it.
    ...calm(
      999_994,
      step('changes', 1, { number: 1, accident: 'kill' }),
      step('goes', 1),
      step('changes', 0, { number: 1 }),
    ),
    chances: (['late', 'done', 'away', 'lost', 'done', 'late'] as const).map((fate) => ({ fate, lateMs: 96 })),
  },
  {
    // Two SIMs come to exchange their numbers, and one of them is given up in doubt: the other does not wait for it for ever.
    ...calm(
      0,
      step('changes', 1),
      step('changes', 0, { number: 1 }),
      step('goes', 0),
      step('numbers', 1, { number: 1 }),
      step('changes', 0),
    ),
    chances: [{ fate: 'late', lateMs: 0 }],
  },
  // A number becomes free while the word is on its way that the core refuses it to its next SIM.
  calm(
    4,
    step('changes', 0),
    step('changes', 2, { number: 1, pauseMs: 50 }),
    step('changes', 0, { pauseMs: 50 }),
    step('goes', 2),
    step('numbers', 0, { number: 1 }),
  ),
];

for (const mode of ['inline', 'queued'] as const) {
  test(`G1, G2, G4, ${mode}: who comes, changes, moves numbers and goes ends as billing has him, in a core that says no`, async (t) => {
    const time = t.mock.method(Date, 'now');
    await fc.assert(
      fc.asyncProperty(townStories, async (story) => {
        const setTime = (now: () => number) => time.mock.mockImplementation(now);
        const { untaken, faults, log } = await play(mode, story, { setTime });
        // Where the core refuses what NSPS still sends, nothing was promised.
        if (mode === 'inline' && untaken > 0) return;
        assert.deepEqual([untaken, faults], [0, []], log.join('\n'));
      }),
      { numRuns: 100, examples: REMEMBERED.map((story) => [story]) },
    );
  });
}

/** Of two connectors: stories that went wrong once. */
const REMEMBERED_OF_TWO: readonly TownStory[] = [
  // One hangs beyond its claim, and tells of a refusal once the other has brought him there.
  calm(432_116, step('changes', 2, { late: 2 }), step('changes', 2, { accident: 'hang' }), step('changes', 0)),
  // A number is refused while the one that hangs still holds the SIM that has it by the call.
  calm(
    387_695,
    step('changes', 0),
    step('numbers', 0, { number: 1, accident: 'hang' }),
    step('changes', 1),
    step('changes', 0),
    step('changes', 0),
  ),
];

for (const mode of ['inline', 'queued'] as const) {
  test(`G1, G2, G4, ${mode}: the same with two connectors on one database, of which some hang or die with what they hold`, async (t) => {
    const time = t.mock.method(Date, 'now');
    await fc.assert(
      fc.asyncProperty(sharedStories, async (story) => {
        const setTime = (now: () => number) => time.mock.mockImplementation(now);
        const { untaken, faults, log } = await play(mode, story, { setTime, connectors: 2 });
        if (mode === 'inline' && untaken > 0) return;
        assert.deepEqual([untaken, faults], [0, []], log.join('\n'));
      }),
      { numRuns: 60, examples: REMEMBERED_OF_TWO.map((story) => [story]) },
    );
  });
}
