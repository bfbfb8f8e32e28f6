import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknownSubscriber } from '../../src/core/subscriber.ts';
import { strictSite } from '../helpers/strict-core.ts';
import { effects, IMSI } from '../helpers/subscribers.ts';

test('inline: what the core comes to late is put right though it refused the same meanwhile (G4)', async (t) => {
  const site = strictSite(t, 'inline');
  site.core.fates = ['late'];
  assert.equal(await site.deliver('update', 1), 'timeout');
  assert.equal(await site.deliver('update', 1), 'unknown_subscriber');
  for (const [n, action] of (['insert', 'update', 'update'] as const).entries()) await site.deliver(action, n);
  site.core.catchUp();
  assert.equal(site.core.holds, 'cs-1');
  await site.settle();
  assert.equal(site.core.holds, 'cs-2');
  await site.close();
});

test('inline: who is only refused is not looked after for ever', async (t) => {
  const site = strictSite(t, 'inline');
  site.core.fates = ['late'];
  await site.deliver('update', 1);
  await site.deliver('update', 1);
  await site.settle();
  assert.equal(site.core.holds, null);
  assert.deepEqual(await site.store.look(IMSI), unknownSubscriber(IMSI));
  await site.close();
});

test('queued: also when the dead letter was given up by an operator', async (t) => {
  const site = strictSite(t, 'queued');
  site.core.fates = ['late'];
  await site.deliver('update', 1);
  while ((await site.store.look(IMSI)).dead === null) await site.deliver('update', 1);
  await site.store.write(effects({ kind: 'discard', imsi: IMSI, why: 'not ours' }));
  await site.deliver('insert', 0);
  await site.deliver('update', 2);
  site.core.catchUp();
  assert.equal(site.core.holds, 'cs-1');
  await site.settle();
  assert.equal(site.core.holds, 'cs-2');
  await site.close();
});
