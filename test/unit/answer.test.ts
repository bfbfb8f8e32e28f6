import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURES, type FailureCode } from '../../src/core/outcome.ts';
import { Answers } from '../../src/http/answer.ts';
import { wantedAt } from '../helpers/subscribers.ts';

test('a failure names the store when that is what failed, and the core otherwise', () => {
  const answers = new Answers('upper');
  const { change } = wantedAt(1);
  for (const code of Object.keys(FAILURES) as FailureCode[]) {
    const { body } = answers.failure({ code, why: 'words' }, change);
    const path = code === 'store_failed' ? 'store' : 'core';
    assert.deepEqual('details' in body && body.details, [{ path, message: 'words', imsi: change.state.imsi }], code);
  }
});
