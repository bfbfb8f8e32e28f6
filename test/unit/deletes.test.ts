import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Action } from '../../src/core/types.ts';
import { strictSite } from '../helpers/strict-core.ts';
import { effects, IMSI, wantedAt } from '../helpers/subscribers.ts';

/** He has the state number `n`, and all is done that there is to do. */
async function assertHolds({ core, store }: ReturnType<typeof strictSite>, n: number): Promise<void> {
  const { applied, desired, unsettledUntil, dueAt, dead } = await store.look(IMSI);
  assert.deepEqual([core.holds, dead], [`cs-${n}`, null]);
  assert.deepEqual([applied?.eventId, desired, unsettledUntil, dueAt], [`event-${n}`, null, null, null]);
}

for (const mode of ['inline', 'queued'] as const) {
  describe(`${mode}: a delete of unknown result that the core comes to late (G4)`, () => {
    for (const after of [
      ['insert'],
      ['insert', 'update'],
      ['insert', 'modify'],
      ['insert', 'set'],
      ['update'],
      ['update', 'update'],
    ] as Action[][]) {
      test(`does not leave him lost who was confirmed since by ${after.join(' and ')}`, async (t) => {
        const site = strictSite(t, mode);
        await site.deliver('insert', 1);
        site.core.fates = ['late'];
        await site.deliver('delete', 2);
        for (const [index, action] of after.entries()) await site.deliver(action, 3 + index);
        const newest = 2 + after.length;
        assert.equal(site.core.holds, `cs-${newest}`);
        site.core.catchUp();
        assert.equal(site.core.holds, null);
        await site.settle();
        await assertHolds(site, newest);
        await site.close();
      });
    }

    test('is not what the next update fails for', async (t) => {
      const site = strictSite(t, mode);
      await site.deliver('insert', 1);
      site.core.fates = ['late'];
      await site.deliver('delete', 2);
      await site.deliver('insert', 3);
      site.core.catchUp();
      assert.equal(await site.deliver('update', 4), mode === 'inline' ? 'processed' : 'queued');
      assert.equal(site.core.holds, 'cs-4');
      await site.settle();
      await assertHolds(site, 4);
      await site.close();
    });
  });

  test(`${mode}: a delete of unknown result that is given up does not leave him lost whom the core had before`, async (t) => {
    const site = strictSite(t, mode);
    await site.deliver('insert', 1);
    await site.deliver('update', 2);
    site.core.fates = ['late'];
    await site.deliver('delete', 3);
    site.core.catchUp();
    assert.equal(site.core.holds, null);
    const { desired } = await site.store.look(IMSI);
    assert.ok(desired);
    const refused = { result: 'rejected', why: 'refused', retryInMs: 1, counts: true } as const;
    await site.store.write(effects({ kind: 'failed', imsi: IMSI, wanted: desired, ...refused }));
    await site.store.write(effects({ kind: 'discard', imsi: IMSI, why: 'he stays' }));
    await site.settle();
    await assertHolds(site, 2);
    await site.close();
  });

  test(`${mode}: an update of somebody the core does not have is no insert by itself: he may have been removed by hand`, async (t) => {
    const site = strictSite(t, mode);
    await site.deliver('insert', 1);
    await site.deliver('update', 2);
    site.core.fates = ['unheard'];
    await site.deliver('update', 3);
    site.core.holds = null;
    await site.deliver('update', 4);
    await site.settle();
    assert.equal(site.core.calls.filter((action) => action === 'insert').length, 1);
    await site.close();
  });
}

describe('a delete', () => {
  const wanted = (n: number, action: Action) => {
    const state = wantedAt(n, { owed: false });
    return { ...state, change: { ...state.change, action } };
  };
  const applied = (n: number, action: Action) =>
    ({ kind: 'applied', imsi: IMSI, wanted: wanted(n, action), ageMs: 0, released: [] }) as const;

  for (const [what, effect] of [
    ['whose holder is gone', { kind: 'abandoned', imsi: IMSI, wanted: wanted(2, 'delete') }],
    ['whose holder held on too long', applied(2, 'delete')],
    [
      'that NSPS sends again, since it may have been sent before',
      { kind: 'stale', imsi: IMSI, eventId: 'event-2', wanted: wanted(2, 'delete') },
    ],
  ] as const) {
    test(`${what} may come over the newer update that was confirmed meanwhile`, async (t) => {
      const site = strictSite(t, 'inline');
      for (const [n, action] of [
        [1, 'insert'],
        [3, 'update'],
      ] as const)
        await site.store.write(effects(applied(n, action)));
      await site.store.write(effects(effect));
      assert.equal(site.core.holds, null);
      await site.settle();
      assert.deepEqual(site.core.calls.slice(0, 2), ['update', 'insert']);
      await assertHolds(site, 3);
      await site.close();
    });
  }
});
