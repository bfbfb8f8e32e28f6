import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Failure } from '../../src/core/outcome.ts';
import { adviceOn, adviceOnKey, withAdvice } from '../../src/targets/google-sheets/advice.ts';

const advice = (coreStatus: number, why: string, code: Failure['code'] = 'misconfigured') =>
  adviceOn({ code, coreStatus, why }, 'me@project');

describe('what to do about the words of Google', () => {
  test('an API that is off is not a sheet that is not shared', () => {
    const off = 'Google Sheets API has not been used in project 1 before or it is disabled. Enable it by visiting …';
    assert.equal(advice(403, off), 'enable the Google Sheets API in the project of the key');
    assert.equal(
      advice(403, 'The caller does not have permission'),
      'share the spreadsheet with me@project as an editor',
    );
    assert.equal(advice(400, 'You are trying to edit a protected cell'), 'let me@project edit what is protected');
  });

  test('what passes by itself, and what is about one row, needs none', () => {
    assert.equal(advice(429, "Quota exceeded for quota metric 'Write requests'", 'rate_limited'), '');
    assert.equal(advice(500, 'Internal error encountered.', 'core_error'), '');
    assert.equal(advice(400, 'Invalid values[0][0]: "unable to parse range"', 'row_refused'), '');
  });

  test('a clock that is wrong is told by how much, where Google says its time', () => {
    const words = 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
    assert.equal(adviceOnKey(words, 3_600_000), 'the clock here is 60 minutes fast; set it right');
    assert.equal(adviceOnKey(words, -7_200_000), 'the clock here is 120 minutes slow; set it right');
    assert.equal(adviceOnKey(words, 0), 'check the clock here');
    assert.match(adviceOnKey('Invalid JWT Signature.', 3_600_000), /put a new key into GOOGLE_CREDENTIALS_PATH$/);
  });

  test('is added to the words, in one sentence', () => {
    assert.equal(withAdvice('Not found.', 'look'), 'Not found: look');
    assert.equal(withAdvice('Not found.', ''), 'Not found.');
  });
});
