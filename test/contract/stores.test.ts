import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from '../../src/store/memory.ts';
import { aState, storeSuite } from './store.suite.ts';

storeSuite('memory', async () => new MemoryStore());

test('the memory store forgets the subscriber heard of longest ago', async () => {
  const store = new MemoryStore(2);
  for (const imsi of ['a', 'b', 'a', 'c']) await store.remember(imsi, aState(imsi, {}));
  assert.deepEqual([await store.recall('a'), await store.recall('b')], [aState('a', {}), null]);
  assert.ok(await store.recall('c'));
});
