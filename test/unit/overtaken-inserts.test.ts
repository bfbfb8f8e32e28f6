import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { react } from '../../src/core/react.ts';
import { asInsert, type Effect, type Subscriber, unknownSubscriber, type Wanted } from '../../src/core/subscriber.ts';
import { IMSI, LIMITS, wantedAt } from '../helpers/subscribers.ts';
import { barredAt } from '../helpers/swaps.ts';

const NOW = 1_735_689_700_000;

function after(...what: Effect[]): Subscriber {
  return what.reduce((known, effect) => react(known, effect, NOW, LIMITS).subscriber, unknownSubscriber(IMSI));
}

function insertAt(n: number): Wanted {
  const wanted = wantedAt(n);
  return { ...wanted, change: { ...wanted.change, action: 'insert' } };
}

describe('an insert that comes while what overtook it is being sent', () => {
  const late: Effect = { kind: 'want', imsi: IMSI, wanted: insertAt(1), after: [] };

  test('is made good for when the core has nobody for that', () => {
    const update: Effect = { kind: 'want', imsi: IMSI, wanted: wantedAt(2), after: [] };
    const refusal = { result: 'rejected', why: 'no such subscriber', retryInMs: 10, counts: true } as const;
    const { desired, dead, dueAt } = after(update, late, {
      kind: 'failed',
      imsi: IMSI,
      wanted: wantedAt(2),
      ...refusal,
    });
    assert.deepEqual([desired?.eventId, desired?.change.action, dead, dueAt], ['event-2', 'insert', null, NOW]);
    const again = after(update, late, { kind: 'failed', imsi: IMSI, wanted: asInsert(wantedAt(2)), ...refusal });
    assert.equal(again.dead, 'no such subscriber', 'an insert that is refused is a dead letter');
  });

  test('is so, too, when that is as good as released', () => {
    const release = barredAt(2, IMSI);
    const met: Effect = { kind: 'applied', imsi: IMSI, wanted: { ...release, missing: true }, ageMs: 1, released: [] };
    const { desired, dueAt } = after({ kind: 'want', imsi: IMSI, wanted: release, after: [] }, late, met);
    assert.deepEqual([desired?.eventId, desired?.change.action, dueAt], ['event-2', 'insert', NOW]);
  });
});

test('who is to be inserted is so, too, after a release of him ended without a word', () => {
  const release = barredAt(2, IMSI);
  const { desired } = after(
    { kind: 'want', imsi: IMSI, wanted: insertAt(1), after: [] },
    { kind: 'want', imsi: IMSI, wanted: release, after: [] },
    { kind: 'failed', imsi: IMSI, wanted: release, result: 'unsure', why: 'HTTP 500', retryInMs: 10, counts: true },
  );
  assert.deepEqual([desired?.eventId, desired?.change.action], ['event-2', 'insert']);
});
