import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS } from '../../src/contract/answers.ts';
import { FAILURES, type FailureCode, mayRepeat, pauseBeforeRepeat } from '../../src/core/outcome.ts';

const codes = Object.keys(FAILURES) as FailureCode[];

test('only what is safe to repeat is repeated', () => {
  const repeated = (action: 'update' | 'insert' | 'delete') => codes.filter((code) => mayRepeat(code, action));
  assert.deepEqual(repeated('update'), [
    'connect_failed',
    'busy',
    'rate_limited',
    'bad_gateway',
    'cut',
    'unauthorized',
  ]);
  assert.deepEqual(repeated('insert'), ['connect_failed', 'busy', 'rate_limited', 'unauthorized']);
  assert.deepEqual(repeated('delete'), repeated('insert'));
});

test('nothing that may have been applied is repeated for every action', () => {
  const always: string[] = codes.filter((code) => FAILURES[code].repeat === 'any').map((code) => FAILURES[code].kind);
  assert.deepEqual(new Set(always), new Set(['retry']));
});

test('the circuit counts unreachable, timed out and 5xx, and nothing else', () => {
  const sick = codes.filter((code) => FAILURES[code].sick);
  assert.deepEqual(sick, ['connect_failed', 'busy', 'bad_gateway', 'cut', 'timeout', 'core_error']);
});

test('every failure has an answer, and what NSPS should send again is no 4xx other than 429', () => {
  for (const code of codes) {
    const { answer, kind } = FAILURES[code];
    const { status } = ERRORS[answer];
    // A missing spreadsheet is 404, as from PortaOne's connector for Google Sheets.
    if (kind !== 'rejected' && code !== 'place_missing') assert.ok(status === 429 || status >= 500, code);
  }
});

test('pauses double, are jittered from zero, are capped, and yield to what the core asked for', () => {
  const failure = { code: 'busy', why: '' } as const;
  assert.equal(pauseBeforeRepeat(1, failure, 0), 0);
  assert.equal(pauseBeforeRepeat(1, failure, 0.5), 100);
  assert.equal(pauseBeforeRepeat(3, failure, 0.5), 400);
  assert.equal(pauseBeforeRepeat(60, failure, 0.5), 2500);
  assert.equal(pauseBeforeRepeat(1, { ...failure, retryAfterMs: 7000 }, 0.5), 7000);
  assert.equal(pauseBeforeRepeat(1, { ...failure, retryAfterMs: 0 }, 0.5), 100, 'never at once');
});
