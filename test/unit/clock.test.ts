import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/observe/clock.ts';

test('a thousand deadlines at once leave room for everything else, in their order, and none is lost', async () => {
  const ran: number[] = [];
  let sinceLook = 0;
  let mostBetweenLooks = 0;
  let looking = true;
  const look = () => {
    mostBetweenLooks = Math.max(mostBetweenLooks, sinceLook);
    sinceLook = 0;
    if (looking) setImmediate(look);
  };
  setImmediate(look);
  await new Promise<void>((resolve) => {
    for (let timer = 0; timer < 1000; timer++) {
      systemClock.after(5, () => {
        ran.push(timer);
        sinceLook++;
        if (ran.length === 1000) resolve();
      });
    }
  });
  looking = false;
  assert.ok(mostBetweenLooks <= 40, `${mostBetweenLooks} ran in a row`);
  assert.deepEqual(
    ran,
    ran.toSorted((a, b) => a - b),
  );
});

test('what is cancelled does not run, not even when it was due already', async () => {
  const ran: string[] = [];
  let cancelLast = () => {};
  await new Promise<void>((resolve) => {
    for (let timer = 0; timer < 50; timer++) systemClock.after(5, () => (timer === 0 ? cancelLast() : undefined));
    cancelLast = systemClock.after(5, () => ran.push('cancelled'));
    systemClock.after(5, resolve);
  });
  assert.deepEqual(ran, []);
});
