import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { react } from '../../src/core/react.ts';
import { asInsert, type Effect, type Subscriber, unknownSubscriber, type Wanted } from '../../src/core/subscriber.ts';
import { strictSite } from '../helpers/strict-core.ts';
import { effects, IMSI, LIMITS, wantedAt } from '../helpers/subscribers.ts';
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

describe('inline: what overtook an older event and is a dead letter, since an operator replayed it too early (G3),', () => {
  for (const [what, lateAction, calls] of [
    ['is inserted when the insert that it lacked comes', 'insert', ['update', 'update', 'insert']],
    ['is sent once more when an older event comes', 'update', ['update', 'update', 'update']],
  ] as const) {
    test(what, async (t) => {
      const site = strictSite(t, 'inline');
      assert.equal(await site.deliver('update', 2), 'unknown_subscriber');
      await site.store.write(effects({ kind: 'want', imsi: IMSI, wanted: wantedAt(2), after: [] }));
      await site.settle();
      assert.equal((await site.store.look(IMSI)).dead, 'no such subscriber');
      if (lateAction === 'update') site.core.holds = 'by hand';
      assert.equal(await site.deliver(lateAction, 1), 'superseded');
      const { desired, dead } = await site.store.look(IMSI);
      assert.deepEqual([site.core.holds, desired, dead], ['cs-2', null, null]);
      assert.deepEqual(site.core.calls, calls);
      await site.close();
    });
  }

  test('lets no older one be dropped as long as the core refuses it', async (t) => {
    const site = strictSite(t, 'inline');
    await site.store.write(effects({ kind: 'want', imsi: IMSI, wanted: wantedAt(2), after: [] }));
    await site.settle();
    assert.equal(await site.deliver('update', 1), 'unknown_subscriber');
    assert.equal((await site.store.look(IMSI)).dead, 'no such subscriber');
    await site.store.write(effects({ kind: 'discard', imsi: IMSI, why: 'not ours' }));
    site.core.holds = 'by hand';
    assert.equal(await site.deliver('update', 1), 'processed');
    await site.close();
  });
});
