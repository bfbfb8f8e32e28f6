import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../src/targets/osmo-hlr/turns.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

test('so many at a time, the others in their order, and not beyond their deadline', async () => {
  const clock = new FakeClock();
  const turns = new Turns(2, clock);
  assert.deepEqual(await Promise.all([turns.take(10), turns.take(10)]), [true, true]);
  const told: string[] = [];
  const wait = (name: string, deadline: number) => turns.take(deadline).then((came) => told.push(`${name} ${came}`));
  const all = [wait('late', 5), wait('first', 100), wait('second', 100)];
  await clock.advance(5);
  assert.deepEqual(told, ['late false']);
  turns.done();
  turns.done();
  await Promise.all(all);
  assert.deepEqual(told, ['late false', 'first true', 'second true']);
  assert.equal(clock.timers, 0);
  turns.done();
  assert.equal(await turns.take(5), true);
});
