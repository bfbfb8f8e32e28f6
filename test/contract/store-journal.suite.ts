import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Store } from '../../src/ports/store.ts';
import { acceptanceOf, effects, entryOf, IMSI, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';
import { type StoreBench, there } from './store-bench.ts';

/** The journal of events. */
export function journalContract(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`store contract, journal: ${name}`, () => {
    test('adds a new delivery to the story of its event, and does not forget that it was done', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const attempts = [{ at: 1, imsi: IMSI, action: 'update', result: 'done' as const, durationMs: 1 }];
      await store.write({ entry: entryOf(1, { state: 'processed', attempts }), story: null, effects: [] });
      await store.write({ entry: entryOf(1, { state: 'superseded', uniqueId: 'second' }), story: null, effects: [] });
      const event = await store.views.event('event-1');
      assert.deepEqual(
        [event?.state, event?.deliveries, event?.uniqueId, event?.attempts],
        ['processed', 2, 'second', attempts],
      );
    });

    test('finds events by state, subscriber and time, newest first, page by page', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      for (let n = 1; n <= 6; n++) {
        const entry = entryOf(n, { imsi: n % 2 ? IMSI : OTHER_IMSI, state: n < 4 ? 'processed' : 'failed' });
        await store.write({ entry, story: null, effects: [] });
      }
      const ids = async (filter: Omit<Parameters<Store['views']['events']>[0], 'limit'>) =>
        (await store.views.events({ limit: 9, ...filter })).map(({ eventId }) => eventId);
      assert.deepEqual(await ids({ state: 'failed' }), ['event-6', 'event-5', 'event-4']);
      assert.deepEqual(await ids({ imsi: IMSI }), ['event-5', 'event-3', 'event-1']);
      const { receivedAt } = entryOf(3);
      assert.deepEqual(await ids({ from: receivedAt, until: receivedAt + 2 }), ['event-4', 'event-3']);
      const [first] = await store.views.events({ limit: 1 });
      assert.deepEqual((await ids({ beforeSeq: there(first).seq })).slice(0, 2), ['event-5', 'event-4']);
    });

    test('shows a replayed event as queued again, and does not count it as a delivery', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      for (const n of [1, 2]) {
        await store.write({ ...acceptanceOf(n), entry: entryOf(n, { state: 'failed' }), effects: [] });
      }
      const replay = (n: number) => store.write({ ...acceptanceOf(n), entry: null });
      const stateOf = async (n: number) => (await store.views.event(`event-${n}`))?.state;
      assert.deepEqual(await replay(2), [true]);
      assert.deepEqual(await replay(1), [false]);
      const again = await store.views.event('event-2');
      assert.deepEqual([again?.state, again?.deliveries], ['queued', 1]);
      assert.equal(await stateOf(1), 'failed', 'something newer is wanted: nothing happens to it');
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(2), ageMs: 1, released: [] }));
      assert.equal(await stateOf(2), 'processed');
    });

    test('hears all that becomes of an event in one write, and an entry of the same event says more than that', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const [mine, other] = [wantedAt(1), wantedAt(1, { imsi: OTHER_IMSI })];
      await store.write({
        entry: entryOf(1, { previousImsi: OTHER_IMSI }),
        story: null,
        effects: [mine, other].map((wanted) => ({
          kind: 'want',
          imsi: wanted.change.state.imsi,
          wanted,
          after: [],
        })),
      });
      const call = { at: 1, imsi: IMSI, action: 'update', result: 'done' as const, durationMs: 1 };
      const applied = { kind: 'applied', imsi: IMSI, wanted: mine, ageMs: 1, released: [] } as const;
      const failed = { kind: 'failed', imsi: OTHER_IMSI, wanted: other, result: 'rejected', counts: true } as const;
      await store.write({
        entry: null,
        story: { eventId: 'event-1', attempts: [call] },
        effects: [applied, { ...failed, why: 'No such profile', retryInMs: 5 }],
      });
      const swap = await store.views.event('event-1');
      assert.deepEqual([swap?.state, swap?.why, swap?.attempts], ['dead', 'No such profile', [call]]);

      await store.write(acceptanceOf(2));
      const entry = entryOf(2, { state: 'failed', why: 'it says so' });
      const effect = { ...applied, wanted: wantedAt(2) };
      await store.write({ entry, story: { eventId: 'event-2', attempts: [call] }, effects: [effect] });
      const again = await store.views.event('event-2');
      assert.deepEqual([again?.state, again?.why, again?.attempts], ['failed', 'it says so', [call]]);
    });

    test('forgets old events in small batches, but none that something waits for', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.write(acceptanceOf(1));
      for (let n = 2; n <= 6; n++)
        await store.write({ entry: entryOf(n, { state: 'processed' }), story: null, effects: [] });
      const before = entryOf(5).receivedAt;
      assert.equal(await store.clean({ before, most: 100, limit: 2 }), 2);
      assert.equal(await store.clean({ before, most: 100, limit: 2 }), 1);
      assert.equal(await store.clean({ before, most: 100, limit: 2 }), 0);
      const left = await store.views.events({ limit: 9 });
      assert.deepEqual(
        left.map(({ eventId }) => eventId),
        ['event-6', 'event-5', 'event-1'],
      );
      assert.equal(await store.clean({ before: 0, most: 1, limit: 9 }), 1, 'bounded also by their number');
    });

    test('forgets old events behind any number of dead ones, and those once they are dead no more', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const add = (n: number, state: 'dead' | 'processed') =>
        store.write({ entry: entryOf(n, { state }), story: null, effects: [] });
      await Promise.all(Array.from({ length: 4_500 }, (_, n) => add(n, 'dead')));
      for (let n = 4_500; n < 4_506; n++) await add(n, 'processed');
      const order = { before: entryOf(4_505).receivedAt, most: 100_000, limit: 3 };
      assert.deepEqual([await store.clean(order), await store.clean(order)], [3, 2]);
      await add(7, 'processed');
      assert.deepEqual([await store.clean(order), await store.clean(order)], [1, 0]);
      assert.equal(await store.views.event('event-7'), null);
      assert.notEqual(await store.views.event('event-8'), null);
    });

    test('finds what it keeps of a subscriber before and between events that it forgot', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const dead = new Set([1, 5, 6, 9]);
      const ids = async (imsi: string) => (await store.views.events({ imsi, limit: 99 })).map(({ eventId }) => eventId);
      const left = (of: Iterable<number>) => [...of].map((n) => `event-${n}`).reverse();
      for (let n = 1; n <= 12; n++) {
        const entry = entryOf(n, {
          previousImsi: n % 3 ? null : OTHER_IMSI,
          state: dead.has(n) ? 'dead' : 'processed',
        });
        await store.write({ entry, story: null, effects: [] });
      }
      // In steps of two or less, whose ends are anywhere in the story.
      for (const end of [4, 8, 12, 12, 12]) await store.clean({ before: entryOf(end).receivedAt, most: 99, limit: 2 });
      assert.deepEqual(await ids(IMSI), left([...dead, 12]));
      assert.deepEqual(await ids(OTHER_IMSI), left([6, 9, 12]));
      const last = entryOf(20, { imsi: null, state: 'processed' });
      await store.write({ entry: last, story: null, effects: [] });
      await store.clean({ before: last.receivedAt, most: 99, limit: 9 });
      await store.write({ entry: entryOf(21), story: null, effects: [] });
      assert.deepEqual(await ids(IMSI), left([...dead, 21]), 'also when his last event is forgotten');
    });

    test('finds an event that named nobody at first with those whom it names when it comes again', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const ids = async (imsi: string) => (await store.views.events({ imsi, limit: 99 })).map(({ eventId }) => eventId);
      const nobody = { imsi: null, state: 'rejected' } as const;
      const swap = { previousImsi: OTHER_IMSI, state: 'processed' } as const;
      const hear = (n: number, more: Parameters<typeof entryOf>[1]) =>
        store.write({ entry: entryOf(n, more), story: null, effects: [] });
      for (const n of [1, 2]) await hear(n, nobody);
      for (const n of [3, 4]) await hear(n, swap);
      await hear(5, nobody);
      for (const n of [5, 2, 1, 3]) await hear(n, swap);
      const all = ['event-5', 'event-4', 'event-3', 'event-2', 'event-1'];
      assert.deepEqual([await ids(IMSI), await ids(OTHER_IMSI)], [all, all]);
      await hear(6, nobody);
      await hear(6, { ...swap, imsi: OTHER_IMSI });
      assert.deepEqual(await ids(OTHER_IMSI), ['event-6', ...all]);
      await hear(7, { ...nobody, previousImsi: IMSI });
      await hear(7, { ...swap, previousImsi: IMSI });
      assert.deepEqual(await ids(IMSI), ['event-7', ...all], 'a SIM that took its own place');
    });

    test('finds it also when what came after it is forgotten', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const hear = (n: number, more: Parameters<typeof entryOf>[1]) =>
        store.write({ entry: entryOf(n, more), story: null, effects: [] });
      await hear(1, { imsi: null, state: 'dead' });
      await hear(2, { state: 'processed' });
      await hear(3, { imsi: null, state: 'processed' });
      await store.clean({ before: entryOf(3).receivedAt, most: 99, limit: 9 });
      await hear(1, { state: 'dead' });
      const found = await store.views.events({ imsi: IMSI, limit: 99 });
      assert.deepEqual(
        found.map(({ eventId }) => eventId),
        ['event-1'],
      );
    });

    test('leaves an event with those whom it named first, whoever it names or does not when it comes again', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const hear = (more: Parameters<typeof entryOf>[1]) =>
        store.write({ entry: entryOf(1, { state: 'failed', ...more }), story: null, effects: [] });
      await hear({ previousImsi: OTHER_IMSI });
      await hear({ imsi: '001010000000009', previousImsi: null });
      await hear({ imsi: null });
      const event = await store.views.event('event-1');
      assert.deepEqual([event?.imsi, event?.previousImsi], [IMSI, OTHER_IMSI]);
      for (const [imsi, events] of [
        [IMSI, 1],
        [OTHER_IMSI, 1],
        ['001010000000009', 0],
      ] as const)
        assert.equal((await store.views.events({ imsi, limit: 9 })).length, events, imsi);
    });
  });
}
