import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Stage } from '../../src/basics/stage.ts';

test('those who come in the same turn go on together, in their order; who comes then goes on in the next', async () => {
  const stage = new Stage();
  const went: string[] = [];
  stage.enter(() => {
    went.push('first');
    stage.enter(() => went.push('later'));
  });
  stage.enter(() => went.push('second'));
  assert.deepEqual(went, [], 'nobody goes on at once');
  await nextTurn();
  assert.deepEqual(went, ['first', 'second']);
  await nextTurn();
  assert.deepEqual(went, ['first', 'second', 'later']);
});

test('the steps that promises lead to are taken abreast', async () => {
  const stage = new Stage();
  const steps: string[] = [];
  const ready = Promise.resolve();
  const walk = async (name: string) => {
    steps.push(`${name}1`);
    await ready;
    steps.push(`${name}2`);
  };
  const walks = ['a', 'b'].map((name) => new Promise<void>((done) => stage.enter(() => void walk(name).then(done))));
  await Promise.all(walks);
  assert.deepEqual(steps, ['a1', 'b1', 'a2', 'b2']);
});

test('a fault of one is uncaught, and the others go on all the same', async () => {
  const stage = new Stage();
  const went: string[] = [];
  const caught = new Promise<unknown>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  try {
    stage.enter(() => {
      throw new Error('a slip');
    });
    stage.enter(() => went.push('second'));
    assert.match(String(await caught), /a slip/);
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
  assert.deepEqual(went, ['second']);
});
