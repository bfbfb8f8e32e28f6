import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURES, type FailureCode } from '../../src/core/outcome.ts';
import { entryOf } from '../../src/delivery/arrival.ts';
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

test('metrics and charts are told the outcome that the journal keeps', () => {
  const answers = new Answers('upper');
  const draft = {} as Parameters<typeof entryOf>[0];
  for (const code of Object.keys(FAILURES) as FailureCode[]) {
    const failure = { code, why: 'words' };
    const { state } = entryOf(draft, { kind: 'failed', failure, change: null }, []);
    assert.equal(answers.failure(failure, null).state, state, code);
  }
  assert.equal(answers.invalid([{ path: 'event_id', message: 'is missing' }]).state, 'rejected');
});
