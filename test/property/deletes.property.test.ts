import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Action } from '../../src/core/types.ts';
import { type Fate, strictSite } from '../helpers/strict-core.ts';
import { IMSI } from '../helpers/subscribers.ts';

const ROUNDS = 3;
const TAKEN = ['processed', 'queued', 'superseded'];

/** What billing does, as far as it can: somebody new comes, and who is there is changed or goes; or the core catches up. */
const story = fc
  .array(fc.constantFrom('changes', 'changes', 'goes', 'goes', 'catch up'), { minLength: 2, maxLength: 9 })
  .map((steps) => {
    let there = false;
    return steps.map((what): Action | 'catch up' => {
      if (what === 'catch up') return what;
      const action = !there ? 'insert' : what === 'goes' ? 'delete' : 'update';
      there = action !== 'delete';
      return action;
    });
  });
const fates = fc.array(fc.constantFrom<Fate[]>('done', 'done', 'unheard', 'lost', 'late'), { maxLength: 12 });

type Site = ReturnType<typeof strictSite>;

/** @returns the numbers of the events that NSPS still has. */
async function play(site: Site, steps: readonly (Action | 'catch up')[]): Promise<Set<number>> {
  const left = new Set<number>();
  for (const [n, step] of steps.entries()) {
    if (step === 'catch up') site.core.catchUp();
    else if (!TAKEN.includes(await site.deliver(step, n))) left.add(n);
  }
  site.core.catchUp();
  site.core.fates = [];
  await site.settle();
  return left;
}

/** NSPS sends again what it got no 2xx for. */
async function playAgain(site: Site, steps: readonly (Action | 'catch up')[], left: Set<number>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    for (const n of left) if (TAKEN.includes(await site.deliver(steps[n] as Action, n))) left.delete(n);
  }
  await site.settle();
}

for (const mode of ['inline', 'queued'] as const) {
  test(`${mode}: who is inserted, changed and deleted ends as billing has him, whatever the core is late with (G4)`, async (t) => {
    await fc.assert(
      fc.asyncProperty(story, fates, async (steps, plan) => {
        const site = strictSite(t, mode);
        site.core.fates = [...plan];
        const left = await play(site, steps);
        await playAgain(site, steps, left);
        const { dead, unsettledUntil, desired } = await site.store.look(IMSI);
        assert.deepEqual([[...left], dead, unsettledUntil, desired], [[], null, null, null], site.core.calls.join());
        const newest = steps.findLastIndex((step) => step !== 'catch up');
        const holds = newest < 0 || steps[newest] === 'delete' ? null : `cs-${newest}`;
        assert.equal(site.core.holds, holds, site.core.calls.join());
        await site.close();
      }),
      { numRuns: 60 },
    );
  });
}

type Step = Action | 'replace';

/** The same, and his number goes to another SIM now and then, and he gets another one; with the order in which NSPS first delivers the events. */
const disorder = fc
  .array(fc.constantFrom('changes', 'changes', 'goes', 'is replaced'), { minLength: 2, maxLength: 7 })
  .chain((moves) => {
    let there = false;
    const steps = moves.map((what): Step => {
      const left = what === 'is replaced' ? 'replace' : 'update';
      const step = !there ? 'insert' : what === 'goes' ? 'delete' : left;
      there = step !== 'delete';
      return step;
    });
    const numbers = [...steps.keys()];
    return fc.tuple(
      fc.constant(steps),
      fc.shuffledSubarray(numbers, { minLength: numbers.length, maxLength: numbers.length }),
    );
  });

for (const mode of ['inline', 'queued'] as const) {
  test(`${mode}: the same in whatever order NSPS delivers it (G4)`, async (t) => {
    await fc.assert(
      fc.asyncProperty(disorder, fates, async ([steps, order], plan) => {
        const site = strictSite(t, mode);
        site.core.fates = [...plan];
        const numberAt = (n: number) => `7900000000${steps.slice(0, n).filter((step) => step === 'replace').length}`;
        let left = order;
        for (let round = 0; round < 2 * steps.length + ROUNDS && left.length > 0; round++) {
          const again: number[] = [];
          for (const n of left) {
            if (!TAKEN.includes(await site.deliver(steps[n] as Step, n, numberAt(n)))) again.push(n);
          }
          left = again;
          if (round < ROUNDS) continue;
          site.core.catchUp();
          site.core.fates = [];
        }
        site.core.catchUp();
        site.core.fates = [];
        await site.settle();
        const { dead, unsettledUntil, desired } = await site.store.look(IMSI);
        assert.deepEqual([left, dead, unsettledUntil, desired], [[], null, null, null], site.core.calls.join());
        const holds = steps.at(-1) === 'delete' ? null : `cs-${steps.length - 1}`;
        assert.equal(site.core.holds, holds, site.core.calls.join());
        await site.close();
      }),
      { numRuns: 60 },
    );
  });
}
