import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BacklogReading } from '../../src/observe/backlog-reading.ts';
import type { Backlog } from '../../src/ports/store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const SOME: Backlog = { waiting: 7, oldest: 1, dead: 2 };

/** A store that answers when told to. */
function slowStore() {
  const asked: { resolve(backlog: Backlog): void; reject(error: Error): void }[] = [];
  const ask = () => new Promise<Backlog>((resolve, reject) => asked.push({ resolve, reject }));
  return { asked, ask };
}

test('a store that hangs holds up nobody, and is asked once', async () => {
  const clock = new FakeClock();
  const { asked, ask } = slowStore();
  const reading = new BacklogReading(ask, clock);
  const answers = Promise.all([reading.read(), reading.read()]);
  await clock.advance(1_000);
  assert.deepEqual(await answers, [null, null]);
  const later = reading.read();
  await clock.advance(1_000);
  assert.equal(await later, null);
  assert.equal(asked.length, 1);
  assert.equal(clock.timers, 0);
});

test('an answer holds for a while, and is told a little longer when the store is slow', async () => {
  const clock = new FakeClock();
  const { asked, ask } = slowStore();
  const reading = new BacklogReading(ask, clock);
  const first = reading.read();
  asked[0]?.resolve(SOME);
  assert.deepEqual(await first, SOME);
  await clock.advance(4_000);
  assert.deepEqual(await reading.read(), SOME);
  assert.equal(asked.length, 1);
  await clock.advance(2_000);
  const second = reading.read();
  await clock.advance(1_000);
  assert.deepEqual(await second, SOME);
  assert.equal(asked.length, 2);
  await clock.advance(60_000);
  const third = reading.read();
  await clock.advance(1_000);
  assert.equal(await third, null);
  assert.equal(asked.length, 2);
});

test('nothing is told when the store fails, and it is asked again', async () => {
  const clock = new FakeClock();
  const { asked, ask } = slowStore();
  const reading = new BacklogReading(ask, clock);
  const first = reading.read();
  asked[0]?.reject(new Error('no'));
  assert.equal(await first, null);
  const second = reading.read();
  asked[1]?.resolve(SOME);
  assert.deepEqual(await second, SOME);
});
