import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAtLetter } from '../../src/cli/waiting.ts';
import { type Subscriber, unknownSubscriber } from '../../src/core/subscriber.ts';
import type { StoredEvent } from '../../src/ports/store.ts';
import { IMSI } from '../helpers/events.ts';

test('a confirmation that was refused is waited for, though its event counts as processed', async () => {
  let subscriber: Subscriber | null = { ...unknownSubscriber(IMSI), waitingSince: 1 };
  const views = {
    event: async () => ({ state: 'processed', attempts: [], why: null }) as unknown as StoredEvent,
    subscriber: async () => subscriber,
  };
  const look = lookAtLetter(views, { imsi: IMSI, eventId: 'e-1' }, 0);
  assert.deepEqual(await look(), { subject: 'e-1', status: 'waiting' });
  subscriber = { ...unknownSubscriber(IMSI), dead: 'No such profile' };
  assert.deepEqual(await look(), { subject: 'e-1', status: 'dead', why: 'No such profile' });
  for (const settled of [unknownSubscriber(IMSI), null]) {
    subscriber = settled;
    assert.deepEqual(await look(), { subject: 'e-1', status: 'done' });
  }
});
