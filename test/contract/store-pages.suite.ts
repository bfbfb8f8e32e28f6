import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventSearch } from '../../src/ports/operating.ts';
import type { Entry, Store } from '../../src/ports/store.ts';
import { acceptanceOf, entryOf, IMSI, OTHER_IMSI } from '../helpers/subscribers.ts';
import { keep, type StoreBench, there, told, withStore } from './store-bench.ts';

/** Looking for events. */
export function pagesContract(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`store contract, pages of events: ${name}`, () => {
    test('lists events newest first, without their bodies, page by page to the end', () =>
      withStore(makeBench, async (store) => {
        const attempts = [{ at: 1, imsi: IMSI, action: 'update', result: 'done' as const, durationMs: 1 }];
        for (let n = 1; n <= 5; n++) await keep(store, told(n, { state: 'processed', attempts, why: `why ${n}` }));
        const first = await store.views.page({ limit: 2 });
        assert.deepEqual(idsOf(first), ['event-5', 'event-4']);
        const { body, decision, requestId, uniqueId, ...known } = there(await store.views.event('event-5'));
        assert.deepEqual(first.events[0], { ...known, attempts: 1 });
        assert.equal(first.reachedAt, entryOf(4).receivedAt);
        const second = await store.views.page({ limit: 2, beforeSeq: there(first.next) });
        assert.deepEqual(idsOf(second), ['event-3', 'event-2']);
        const last = await store.views.page({ limit: 2, beforeSeq: there(second.next) });
        assert.deepEqual([idsOf(last), last.next, last.reachedAt], [['event-1'], null, entryOf(1).receivedAt]);
      }));

    test('says so when there is nothing', () =>
      withStore(makeBench, async (store) => {
        assert.deepEqual(await store.views.page({ limit: 9 }), { events: [], next: null, reachedAt: null });
        assert.deepEqual(await store.views.page({ limit: 9, imsi: IMSI }), { events: [], next: null, reachedAt: null });
        assert.deepEqual(await store.views.page({ limit: 9, text: 'x' }), { events: [], next: null, reachedAt: null });
      }));

    test('finds them by subscriber, state, type and time, and by all of these together', () =>
      withStore(makeBench, async (store) => {
        for (let n = 0; n < 24; n++) await keep(store, oneOfMany(n));
        const { receivedAt: from } = entryOf(5);
        const filters = [
          { imsi: IMSI },
          { imsi: OTHER_IMSI },
          { state: 'failed' },
          { state: 'discarded' },
          { type: 'SIM/Updated' },
          { from, until: from + 9 },
          { imsi: OTHER_IMSI, state: 'dead' },
          { state: 'failed', from, type: 'SIM/Updated' },
          { imsi: IMSI, state: 'processed', from, until: from + 12, type: 'Account/Status' },
        ] as const;
        for (const filter of filters) {
          const expected = (await store.views.events({ ...filter, limit: 99 })).map(({ eventId }) => eventId);
          assert.ok(expected.length > 0, JSON.stringify(filter));
          assert.deepEqual(await walk(store, { ...filter, limit: 2 }), expected, JSON.stringify(filter));
          assert.deepEqual(await walk(store, { ...filter, limit: 99 }), expected, JSON.stringify(filter));
        }
      }));

    test('finds text in an event as it came, and in its id, with its letters as they are', () =>
      withStore(makeBench, async (store) => {
        const texts = ['{"note":"Bärenstraße 5"}', '{"note":"O\'Hara 100%_\\\\"}', '{}'];
        for (const [n, text] of texts.entries()) await keep(store, told(n, { body: Buffer.from(text) }));
        await keep(store, told(3, { eventId: 'needle-3', imsi: OTHER_IMSI }));
        for (const [text, ids] of [
          ['Bärenstraße', ['event-0']],
          ['bärenstraße', []],
          ["O'Hara 100%_", ['event-1']],
          ['event-', ['needle-3', 'event-2', 'event-1', 'event-0']],
          ['needle', ['needle-3']],
          ['nothing like it', []],
        ] as const) {
          assert.deepEqual(await walk(store, { text, limit: 1 }), ids, text);
        }
        assert.deepEqual(await walk(store, { text: 'note', imsi: IMSI, state: 'processed', limit: 9 }), [
          'event-1',
          'event-0',
        ]);
        assert.deepEqual(await walk(store, { text: '', limit: 9 }), await walk(store, { limit: 9 }));
      }));

    test('takes times that are not quite in order', () =>
      withStore(makeBench, async (store) => {
        const base = entryOf(0).receivedAt;
        const times = Array.from({ length: 60 }, (_, n) => base + n * 10_000 + (n % 7 === 3 ? -25_000 : 0));
        for (const [n, receivedAt] of times.entries()) await keep(store, told(n, { receivedAt }));
        for (const [from, until] of [
          [base + 100_000, base + 200_000],
          [base, base + 10_000],
          [base + 590_000, base + 600_000],
          [base + 10_000_000, base + 20_000_000],
        ] as const) {
          const expected = times.flatMap((at, n) => (at >= from && at < until ? [`event-${n}`] : [])).toReversed();
          assert.deepEqual(await walk(store, { from, until, limit: 3 }), expected);
          const events = await store.views.events({ from, until, limit: 99 });
          assert.deepEqual(
            events.map(({ eventId }) => eventId),
            expected,
          );
        }
      }));

    test('finds what a subscriber with very many events did long ago', () =>
      withStore(makeBench, async (store) => {
        const base = entryOf(0).receivedAt;
        const old = Array.from({ length: 60 }, (_, n) => ({ ...oneOfMany(n), receivedAt: base + n }));
        // More than are listed, or gone past, for one page.
        const late = Array.from({ length: 5_100 }, (_, n) => told(60 + n, { receivedAt: base + HOUR_MS + n }));
        for (const entry of old) await keep(store, entry);
        await Promise.all(late.map((entry) => keep(store, entry)));
        const until = base + HOUR_MS / 2;
        const his = old.filter(({ imsi }) => imsi === IMSI).toReversed();
        const ids = (entries: readonly Entry[]) => entries.map(({ eventId }) => eventId);
        assert.deepEqual(await walk(store, { imsi: IMSI, until, limit: 7 }), ids(his));
        assert.deepEqual(await walk(store, { imsi: IMSI, until, text: 'event-3', limit: 7 }), [
          ...ids(his.filter(({ eventId }) => eventId.startsWith('event-3'))),
        ]);
        for (const state of ['dead', 'discarded'] as const) {
          const expected = ids(his.filter((entry) => entry.state === state));
          assert.ok(expected.length > 2);
          assert.deepEqual(await walk(store, { imsi: IMSI, state, limit: 2 }), expected, state);
          assert.deepEqual(await walk(store, { imsi: IMSI, state, until, limit: 2 }), expected, state);
        }
        const { next } = await store.views.page({ until, limit: 1 });
        assert.deepEqual(await walk(store, { imsi: IMSI, beforeSeq: there(next) + 1, limit: 7 }), ids(his));
      }));

    test('pages through a rare state however many are in it, newest first', () =>
      withStore(makeBench, async (store) => {
        const rejected = Array.from({ length: 5_100 }, (_, n) => told(n, { state: 'rejected' }));
        await Promise.all(rejected.map((entry) => keep(store, entry)));
        await keep(store, told(9_999));
        const found = await walk(store, { state: 'rejected', limit: 200 });
        assert.equal(found.length, rejected.length);
        assert.equal(new Set(found).size, rejected.length);
        assert.equal(
          (await store.views.page({ state: 'rejected', limit: 200 })).events.length,
          200,
          'a full page at once',
        );
      }));

    test('goes on where events between were deleted', () =>
      withStore(makeBench, async (store) => {
        await store.write(acceptanceOf(0));
        for (let n = 1; n <= 9; n++) await keep(store, told(n, { state: 'processed', imsi: OTHER_IMSI }));
        assert.equal(await store.clean({ before: entryOf(8).receivedAt, most: 100, limit: 99 }), 7);
        assert.deepEqual(await walk(store, { limit: 2 }), ['event-9', 'event-8', 'event-0']);
        assert.deepEqual(await walk(store, { from: entryOf(0).receivedAt, limit: 1 }), [
          'event-9',
          'event-8',
          'event-0',
        ]);
      }));
  });
}

const idsOf = ({ events }: Awaited<ReturnType<Store['views']['page']>>) => events.map(({ eventId }) => eventId);

const HOUR_MS = 3_600_000;

/** Of two subscribers, in all kinds of states; now and then a swap. */
function oneOfMany(n: number): Entry {
  const states = ['processed', 'failed', 'dead', 'discarded'] as const;
  const [imsi, type] = [n % 3 ? IMSI : OTHER_IMSI, n % 2 ? 'SIM/Updated' : 'Account/Status'];
  return entryOf(n, { imsi, type, state: there(states[n % 4]), previousImsi: n % 6 === 1 ? OTHER_IMSI : null });
}

/** All that a search finds, page by page. */
async function walk(store: Store, search: EventSearch): Promise<string[]> {
  const found: string[] = [];
  for (let next: number | null | undefined; next !== null; ) {
    const page = await store.views.page({ ...search, ...(next !== undefined && { beforeSeq: next }) });
    assert.ok(page.events.length <= search.limit);
    assert.ok(page.next === null || next === undefined || page.next < next, 'every page comes further');
    found.push(...idsOf(page));
    next = page.next;
  }
  return found;
}
