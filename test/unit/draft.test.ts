import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../../src/contract/event.ts';
import { draftOf } from '../../src/http/draft.ts';

const ids = { requestId: 'r', uniqueId: 'u' };

function keptId(eventId: string): string {
  const event: Event = { event_id: eventId, data: { event_type: 'SIM/Updated' } };
  return draftOf(event, { kind: 'ignore', reason: 'by rule' }, Buffer.from('{}'), ids, 0).eventId;
}

test('a usual id is kept as it is, and long ones are short and still two', () => {
  const usual = 'a3623086-24c2-47fb-a17f-929d9e542ed2';
  assert.equal(keptId(usual), usual);
  assert.equal(keptId('x'.repeat(200)), 'x'.repeat(200));
  const [one, other] = ['1', '2'].map((end) => keptId('x'.repeat(1_000) + end)) as [string, string];
  assert.notEqual(one, other);
  assert.deepEqual([one.length, other.length], [200, 200]);
  assert.equal(keptId(`${'x'.repeat(1_000)}1`), one, 'the same event is the same');
});
