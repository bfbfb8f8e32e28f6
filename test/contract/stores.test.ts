import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from '../../src/store/memory.ts';
import { storeSuite } from './store.suite.ts';

storeSuite('memory', async () => new MemoryStore());

test('the memory store forgets the subscriber heard of longest ago', async () => {
  const store = new MemoryStore(2);
  for (const imsi of ['a', 'b', 'a', 'c']) await store.settle(imsi, {});
  assert.deepEqual([await store.applied('a'), await store.applied('b'), await store.applied('c')], [{}, null, {}]);
});
