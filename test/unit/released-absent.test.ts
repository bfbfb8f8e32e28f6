import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { strictSite } from '../helpers/strict-core.ts';
import { IMSI } from '../helpers/subscribers.ts';

type Site = ReturnType<typeof strictSite>;

/** All is done that there is to do. @param holds the number of the state that the core has; null of nobody. */
async function assertEnds({ core, store, settle }: Site, holds: number | null): Promise<void> {
  await settle();
  const { desired, unsettledUntil, dueAt, dead } = await store.look(IMSI);
  assert.deepEqual([core.holds, dead], [holds === null ? null : `cs-${holds}`, null], core.calls.join());
  assert.deepEqual([desired, unsettledUntil, dueAt], [null, null, null]);
}

for (const mode of ['inline', 'queued'] as const) {
  const taken = mode === 'inline' ? 'processed' : 'queued';

  describe(`${mode}: a SIM that the core did not have when its number went to another one`, () => {
    test('is inserted as what it is since when its insert comes after all (G4)', async (t) => {
      const site = strictSite(t, mode);
      assert.equal(await site.deliver('replace', 2), taken);
      assert.equal(await site.deliver('insert', 1), 'superseded');
      await assertEnds(site, 2);
      assert.equal(await site.deliver('update', 3), taken);
      await assertEnds(site, 3);
      await site.close();
    });

    test('is so, too, when it had been deleted before', async (t) => {
      const site = strictSite(t, mode);
      await site.deliver('insert', 1);
      await site.deliver('delete', 2);
      await site.deliver('replace', 4);
      assert.equal(await site.deliver('insert', 3), 'superseded');
      await assertEnds(site, 4);
      await site.close();
    });

    test('is not inserted before that, nor a dead letter for being asked for again', async (t) => {
      const site = strictSite(t, mode);
      await site.deliver('replace', 3);
      assert.equal(await site.deliver('update', 2), 'superseded');
      await assertEnds(site, null);
      assert.ok(!site.core.calls.includes('insert'));
      assert.equal(await site.deliver('insert', 1), 'superseded');
      await assertEnds(site, 3);
      await site.close();
    });

    test('is inserted as something newer that the core refused meanwhile', async (t) => {
      const site = strictSite(t, mode);
      await site.deliver('replace', 2);
      assert.equal(await site.deliver('update', 3), mode === 'inline' ? 'unknown_subscriber' : 'queued');
      assert.equal(await site.deliver('insert', 1), 'superseded');
      if (mode === 'inline') assert.equal(await site.deliver('update', 3), 'processed');
      await assertEnds(site, 3);
      await site.close();
    });

    test('is taken for there once an update of it was confirmed', async (t) => {
      const site = strictSite(t, mode);
      await site.deliver('replace', 2);
      site.core.holds = 'by hand';
      await site.deliver('update', 3);
      assert.equal(await site.deliver('insert', 1), 'superseded');
      await assertEnds(site, 3);
      assert.ok(!site.core.calls.includes('insert'));
      await site.close();
    });

    test('is inserted though the first try of that failed', async (t) => {
      const site = strictSite(t, mode);
      await site.deliver('replace', 2);
      site.core.fates = ['lost'];
      const first = await site.deliver('insert', 1);
      assert.equal(first, mode === 'inline' ? 'timeout' : 'superseded');
      if (mode === 'inline') assert.equal(await site.deliver('insert', 1), 'superseded');
      await assertEnds(site, 2);
      await site.close();
    });
  });
}
