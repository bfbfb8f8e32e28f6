import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Store } from '../../src/ports/store.ts';

/** What every store promises; run it on each of them. */
export function storeSuite(name: string, open: () => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    test('knows nothing at first', async () => {
      const store = await open();
      assert.equal(await store.applied('001010000000001'), null);
      await store.close();
    });
    test('remembers the version applied last, of each subscriber', async () => {
      const store = await open();
      await store.settle('001010000000001', { updatedAt: '1' });
      await store.settle('001010000000002', { iEvent: '7' });
      await store.settle('001010000000001', { updatedAt: '2', createdAt: '1' });
      assert.deepEqual(await store.applied('001010000000001'), { updatedAt: '2', createdAt: '1' });
      assert.deepEqual(await store.applied('001010000000002'), { iEvent: '7' });
      await store.close();
    });
    test('closing twice is fine', async () => {
      const store = await open();
      await store.close();
      await store.close();
    });
  });
}
