import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../src/cli/progress.ts';

/** A terminal that keeps what was written to it. */
function terminal() {
  const written: string[] = [];
  const stream = { isTTY: true, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  return { written, stream };
}

test('is shown after the quiet time though nothing is done yet, so that nobody takes a wait for a hang', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { written, stream } = terminal();
  const progress = new Progress(2, { quietMs: 2_000, stream });
  t.mock.timers.tick(1_999);
  assert.deepEqual(written, []);
  t.mock.timers.tick(1);
  assert.match(written.join(''), /0% {2}0\/2/);
  progress.clear();
});

test('is not shown of what was over before', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { written, stream } = terminal();
  const progress = new Progress(1, { quietMs: 2_000, stream });
  progress.advance();
  progress.clear();
  written.splice(0);
  t.mock.timers.tick(5_000);
  assert.deepEqual(written, []);
});

test('tells what was begun while nothing of it is done, and no more once it is', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { written, stream } = terminal();
  const progress = new Progress(null, { stream });
  progress.begin(2);
  assert.equal(written.at(-1), '\r0 done, 2 begun\u001b[K');
  progress.expect(2);
  progress.advance(2);
  assert.ok((written.at(-1) ?? '').endsWith('100%  2/2\u001b[K'));
});

test('does not call done what is over and was not done', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { written, stream } = terminal();
  const progress = new Progress(null, { stream });
  progress.advance(1, 1);
  assert.equal(written.at(-1), '\r0 done, 1 not done\u001b[K');
  progress.expect(3);
  progress.advance(2);
  assert.ok((written.at(-1) ?? '').endsWith('100%  3/3, 1 not done\u001b[K'));
});
