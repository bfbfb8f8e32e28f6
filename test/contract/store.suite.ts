import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Version } from '../../src/core/version.ts';
import type { Remembered, Store } from '../../src/ports/store.ts';

const [ONE, TWO] = ['001010000000001', '001010000000002'];

export function aState(imsi: string, version: Version, settled = true): Remembered {
  const state = { imsi, status: 'serviceGranted', msisdn: null, csProfile: 'cs', epsProfile: 'eps' } as const;
  return { version, change: { action: 'update', state }, settled };
}

/** What every store promises; run it on each of them. */
export function storeSuite(name: string, open: () => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    test('knows nothing at first', async () => {
      const store = await open();
      assert.equal(await store.recall(ONE), null);
      await store.close();
    });
    test('remembers the newest state of each subscriber', async () => {
      const store = await open();
      await store.remember(ONE, aState(ONE, { updatedAt: '1' }));
      await store.remember(TWO, aState(TWO, { iEvent: '7' }));
      await store.remember(ONE, aState(ONE, { updatedAt: '2', createdAt: '1' }, false));
      assert.deepEqual(await store.recall(ONE), aState(ONE, { updatedAt: '2', createdAt: '1' }, false));
      assert.deepEqual(await store.recall(TWO), aState(TWO, { iEvent: '7' }));
      await store.close();
    });
    test('closing twice is fine', async () => {
      const store = await open();
      await store.close();
      await store.close();
    });
  });
}
