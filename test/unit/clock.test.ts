import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** Keeps the program busy, so that whatever falls due meanwhile is late. */
function hog(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('limits of a second and more come in the order of their times, whatever order they were set in', async () => {
  const ran: string[] = [];
  const started = systemClock.now();
  const due: number[] = [];
  await new Promise<void>((resolve) => {
    const set = (name: string, ms: number) =>
      systemClock.after(ms, () => {
        ran.push(name);
        due.push(systemClock.now() - started - ms);
        if (ran.length === 4) resolve();
      });
    set('last', 1_100);
    const cancel = set('cancelled', 1_010);
    set('first', 1_000);
    set('third', 1_060);
    set('second', 1_030);
    cancel();
    systemClock.after(900, () => hog(250));
  });
  assert.deepEqual(ran, ['first', 'second', 'third', 'last']);
  assert.ok(
    due.every((late) => late >= 0),
    `none came too early: ${due}`,
  );
});

test('a limit that one beside it takes back does not come any more', async () => {
  const ran: string[] = [];
  await new Promise<void>((resolve) => {
    let takeBack = () => {};
    systemClock.after(1_000, () => takeBack());
    takeBack = systemClock.after(1_000, () => ran.push('taken back'));
    systemClock.after(1_001, resolve);
  });
  assert.deepEqual(ran, []);
});

test('limits that were taken back do not keep a program from ending, nor does a very far one come at once', async () => {
  const script = `
    const { systemClock } = await import(${JSON.stringify(new URL('../../src/observe/clock.ts', import.meta.url).href)});
    const cancels = [60_000, 40 * 86_400_000].map((ms) => systemClock.after(ms, () => process.exit(3)));
    setTimeout(() => cancels.forEach((cancel) => cancel()), 50);`;
  // Waiting for either would take longer than this test may.
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});

test('what is no time is over at once, and is not waited for', async () => {
  for (const ms of [Number.NaN, -5]) await new Promise<void>((resolve) => systemClock.after(ms, resolve));
});
