import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outbox } from '../../src/ports/outbox.ts';
import { entryOf } from '../helpers/subscribers.ts';
import { type StoreBench, there } from './store-bench.ts';

const ALL = { events: 99, bytes: 1_000_000 };

const idsOf = async (outbox: Outbox, limits = ALL) => (await outbox.queued(limits)).map(({ eventId }) => eventId);

/** For targets that record events; of stores that serve them. */
export function outboxContract(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`store contract, outbox: ${name}`, () => {
    test('an event that waits or is recorded stays so, whatever comes again; one that failed waits anew', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const outbox = there(store.outbox);
      const failed = { state: 'failed', why: 'not now', status: 503 } as const;
      assert.deepEqual(await outbox.put(entryOf(1)), { state: 'queued', fresh: true });
      assert.deepEqual(await outbox.put(entryOf(1, failed)), { state: 'queued', fresh: false });
      assert.deepEqual(await outbox.put(entryOf(2, failed)), { state: 'failed', fresh: true });
      assert.deepEqual(await idsOf(outbox), ['event-1']);
      assert.deepEqual(await outbox.put(entryOf(2)), { state: 'queued', fresh: true });
      await outbox.conclude([{ eventId: 'event-1', state: 'processed', why: null }], null);
      assert.deepEqual(await outbox.put(entryOf(1)), { state: 'processed', fresh: false });
      assert.deepEqual(await idsOf(outbox), ['event-2']);
      const event = await store.views.event('event-1');
      assert.deepEqual([event?.state, event?.status, event?.why, event?.deliveries], ['processed', 202, null, 3]);
    });

    test('gives what waits in the order in which it came first, with its bodies, no more than fit', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const outbox = there(store.outbox);
      const body = Buffer.alloc(1_000, 'x');
      await Promise.all([1, 2, 3, 4].map((n) => outbox.put(entryOf(n, { body }))));
      await outbox.conclude([{ eventId: 'event-1', state: 'dead', why: 'refused' }], null);
      await outbox.put(entryOf(1, { body }));
      assert.deepEqual(await idsOf(outbox), ['event-1', 'event-2', 'event-3', 'event-4']);
      assert.deepEqual(await idsOf(outbox, { events: 2, bytes: 9_999 }), ['event-1', 'event-2']);
      assert.deepEqual(await idsOf(outbox, { events: 9, bytes: 3_500 }), ['event-1', 'event-2', 'event-3']);
      assert.deepEqual(await idsOf(outbox, { events: 9, bytes: 1 }), ['event-1'], 'one at least');
      const [first] = await outbox.queued(ALL);
      assert.deepEqual(Buffer.from(there(first).body), body);
    });

    test('keeps how events ended and the note together, and finds both again', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const outbox = there(store.outbox);
      assert.equal(await outbox.note(), null);
      await Promise.all([1, 2].map((n) => outbox.put(entryOf(n))));
      const attempt = { at: 1, imsi: '', action: 'append', result: 'row_refused', durationMs: 1 } as const;
      await outbox.conclude(
        [
          { eventId: 'event-1', state: 'rejected', why: 'refused', status: 422, attempt },
          { eventId: 'never heard of', state: 'processed', why: null },
        ],
        '{"a":1}',
      );
      await store.close();
      const again = await bench.open();
      const found = await again.views.event('event-1');
      assert.deepEqual(
        [found?.state, found?.why, found?.status, found?.attempts],
        ['rejected', 'refused', 422, [attempt]],
      );
      assert.equal(await there(again.outbox).note(), '{"a":1}');
      await there(again.outbox).conclude([], null);
      assert.equal(await there(again.outbox).note(), '{"a":1}', 'null leaves it');
      assert.deepEqual(await idsOf(there(again.outbox)), ['event-2']);
    });

    test('counts what waits, since when, and dead letters; nothing that waits is cleaned away', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const outbox = there(store.outbox);
      assert.deepEqual({ ...(await outbox.backlog()) }, { waiting: 0, oldest: null, dead: 0 });
      await Promise.all([1, 2, 3].map((n) => outbox.put(entryOf(n))));
      await outbox.conclude([{ eventId: 'event-1', state: 'dead', why: 'refused' }], null);
      assert.deepEqual({ ...(await outbox.backlog()) }, { waiting: 2, oldest: entryOf(2).receivedAt, dead: 1 });
      assert.equal(await store.clean({ before: Number.MAX_SAFE_INTEGER, most: 0, limit: 9 }), 0);
    });
  });
}
