import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Semaphore } from '../../src/basics/semaphore.ts';
import { FakeClock, settled } from '../helpers/fake-clock.ts';

test('admits in the order of asking, and nobody beyond his deadline', async () => {
  const clock = new FakeClock();
  const semaphore = new Semaphore(1, clock);
  const order: string[] = [];
  const ask = (name: string, deadline: number) =>
    semaphore.enter(deadline).then((inside) => order.push(`${name} ${inside}`));
  ask('first', 100);
  ask('second', 50);
  ask('third', 100);
  await clock.advance(50);
  assert.deepEqual(order, ['first true', 'second false']);
  semaphore.leave();
  await settled();
  assert.deepEqual(order, ['first true', 'second false', 'third true']);
  assert.equal(clock.timers, 0, 'no timer is left behind');
  semaphore.leave();
  assert.equal(await semaphore.enter(0), true, 'the place is free again');
});

test('so many at a time, the others in their order, and not beyond their deadline', async () => {
  const clock = new FakeClock();
  const semaphore = new Semaphore(2, clock);
  assert.deepEqual(await Promise.all([semaphore.enter(10), semaphore.enter(10)]), [true, true]);
  const told: string[] = [];
  const wait = (name: string, deadline: number) =>
    semaphore.enter(deadline).then((inside) => told.push(`${name} ${inside}`));
  const all = [wait('late', 5), wait('first', 100), wait('second', 100)];
  await clock.advance(5);
  assert.deepEqual(told, ['late false']);
  semaphore.leave();
  semaphore.leave();
  await Promise.all(all);
  assert.deepEqual(told, ['late false', 'first true', 'second true']);
  assert.equal(clock.timers, 0);
  semaphore.leave();
  assert.equal(await semaphore.enter(5), true);
});

test('nobody who waits comes in once waiting is given up', async () => {
  const clock = new FakeClock();
  const semaphore = new Semaphore(1, clock);
  assert.ok(semaphore.tryEnter());
  const waiting = [semaphore.enter(100), semaphore.enter(100)];
  semaphore.giveUp();
  assert.deepEqual(await Promise.all(waiting), [false, false]);
  assert.equal(clock.timers, 0);
  semaphore.leave();
  assert.ok(semaphore.tryEnter(), 'the place is free for others');
});
