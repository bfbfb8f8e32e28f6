import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Wanted } from '../../src/core/subscriber.ts';
import type { Action } from '../../src/core/types.ts';
import { type Entry, StoreError } from '../../src/ports/store.ts';
import {
  acceptanceOf,
  effects,
  entryOf,
  IMSI,
  LIMITS,
  OTHER_IMSI,
  versionAt,
  wantedAt,
} from '../helpers/subscribers.ts';
import { HOLD_MS, type StoreBench, there, untilFree } from './store-bench.ts';

/** What is in doubt, what waits for something else, and who holds whom. */
export function doubtsContract(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`store contract, doubts and swaps: ${name}`, () => {
    test('takes a claim whose holder is gone for an unknown result', async () => {
      await using bench = await makeBench();
      const { store, abandon } = await bench.openMortal();
      await store.claim(IMSI, wantedAt(1, { owed: false }), HOLD_MS);
      await abandon();
      const next = await bench.open();
      const found = await untilFree(next, IMSI);
      assert.deepEqual(found.desired, wantedAt(1, { owed: false }), 'it may have been sent');
      assert.ok(found.unsettledUntil && found.dueAt);
    });

    test('takes a call for one of unknown result when it refuses what came of it', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const release = { version: versionAt(2), change: wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }).change };
      await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release], wanted: null }));
      const wanted = wantedAt(3, { owed: false });
      const { claim } = there(await store.claim(IMSI, wanted, HOLD_MS));
      const result = { kind: 'applied', imsi: IMSI, wanted, ageMs: 1, released: [release], claim } as const;
      await assert.rejects(store.write(effects(result)), /a number was not released yet/);
      const found = await untilFree(store, IMSI);
      assert.deepEqual([found.applied, found.desired, found.after], [null, wanted, [release]], 'it was sent');
      assert.ok(found.unsettledUntil && found.dueAt);
      await store.close();
    });

    test('lets nobody who comes too late end the claim of the next, not even in the same process', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const late = there(await store.claim(IMSI, wantedAt(1), HOLD_MS));
      const { claim } = late;
      // He was let go of meanwhile: by the end of his lease, or because whoever asked had given up.
      await store.write(effects({ kind: 'untouched', imsi: IMSI, retryInMs: null, claim }));
      const next = there(await store.claim(IMSI, wantedAt(2), 60_000));
      assert.notEqual(next.claim, claim);
      const result = { kind: 'applied', imsi: IMSI, wanted: wantedAt(1), ageMs: 5, released: [], claim } as const;
      assert.deepEqual(await store.write(effects(result)), [true], 'what it knows is kept');
      for (const kind of ['stale', 'untouched'] as const) {
        await store.write(effects({ kind, imsi: IMSI, eventId: 'event-0', retryInMs: null, claim }));
      }
      assert.equal(await store.claim(IMSI, null, HOLD_MS), null, 'he is held for the next one');
      await store.write(effects({ kind: 'untouched', imsi: IMSI, retryInMs: null, claim: next.claim }));
      assert.deepEqual(there(await store.claim(IMSI, null, HOLD_MS)).applied, wantedAt(1));
    });

    test('tells the time by which a doubt ends', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const before = await store.now();
      const unknown = { kind: 'failed', result: 'unsure', why: 'no answer', retryInMs: null, counts: true } as const;
      await store.write(effects({ ...unknown, imsi: IMSI, wanted: wantedAt(1) }));
      const { unsettledUntil } = await store.look(IMSI);
      const began = there(unsettledUntil) - LIMITS.settleAfterMs;
      assert.ok(before <= began && began <= (await store.now()), `${before} ${began}`);
    });

    test('tells whoever holds a subscriber what came in meanwhile', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      assert.equal((await store.look(IMSI)).desired, null, 'nobody ever heard of him');
      await store.write(acceptanceOf(1));
      const [held] = await store.claimDue(1, 60_000);
      const release = { version: versionAt(1), change: wantedAt(1, { imsi: OTHER_IMSI, msisdn: null }).change };
      await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release], wanted: null }));
      assert.deepEqual([held?.after, (await store.look(IMSI)).after], [[], [release]]);
    });

    test('keeps a promise made while an attempt without a known result was under way, whatever the stamps', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const undated = (n: number) => ({ ...wantedAt(n), version: {} });
      for (const n of [1, 2]) {
        await store.write(effects({ kind: 'want', imsi: IMSI, wanted: undated(n), after: [] }));
        if (n === 1) assert.equal((await store.claimDue(1, 60_000)).length, 1);
      }
      const unknown = { result: 'unsure', why: 'no answer', retryInMs: 1, counts: true } as const;
      await store.write(effects({ kind: 'failed', imsi: IMSI, wanted: undated(1), ...unknown }));
      const found = await store.look(IMSI);
      assert.deepEqual([found.desired, found.dead], [undated(2), null]);
      assert.ok(found.unsettledUntil && found.dueAt);
    });

    test('does not undo what was confirmed by an attempt before it that nobody was promised, whatever the stamps', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const undated = (n: number) => ({ ...wantedAt(n, { owed: false }), version: {} });
      const unsure = { result: 'unsure', why: 'no answer', retryInMs: null, counts: true } as const;
      await store.claim(IMSI, undated(1), HOLD_MS);
      await store.write(effects({ kind: 'failed', imsi: IMSI, wanted: undated(1), ...unsure }));
      await store.claim(IMSI, undated(2), HOLD_MS);
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: undated(2), ageMs: 1, released: [] }));
      const { applied, desired, unsettledUntil } = await store.look(IMSI);
      assert.deepEqual([applied?.eventId, desired], ['event-2', null]);
      assert.ok(unsettledUntil, 'the core may still come to the first one');
    });

    test('takes over an attempt that nobody was promised when something older is answered by it (G3)', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const wanted = wantedAt(2, { owed: false });
      await store.claim(IMSI, wanted, HOLD_MS);
      await store.write({
        entry: entryOf(2, { state: 'failed', status: 503 }),
        story: null,
        effects: [
          { kind: 'failed', imsi: IMSI, wanted, result: 'unsure', why: 'no answer', retryInMs: null, counts: true },
        ],
      });
      assert.deepEqual(await store.write(acceptanceOf(1)), [false]);
      assert.equal((await store.views.event('event-1'))?.state, 'superseded');
      assert.equal((await store.views.event('event-2'))?.state, 'queued');
      const [due] = await store.claimDue(1, HOLD_MS);
      assert.deepEqual(due?.desired, wantedAt(2));
      const refused = { result: 'rejected', why: 'no', retryInMs: 0, counts: true } as const;
      await store.write(effects({ kind: 'failed', imsi: IMSI, wanted: wantedAt(2), ...refused }));
      assert.equal((await store.views.event('event-2'))?.state, 'dead', 'somebody has to look');
    });

    test('tries a dead letter once more when something older is answered by it, which may be what it lacked (G3)', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.write(acceptanceOf(2));
      await store.claimDue(1, HOLD_MS);
      const refused = { result: 'rejected', why: 'number in use', retryInMs: 0, counts: true } as const;
      await store.write(effects({ kind: 'failed', imsi: IMSI, wanted: wantedAt(2), ...refused }));
      assert.equal((await store.views.event('event-2'))?.state, 'dead');
      assert.deepEqual(await store.write(acceptanceOf(1)), [false]);
      const states = await Promise.all([1, 2].map((n) => store.views.event(`event-${n}`)));
      assert.deepEqual(
        states.map((event) => event?.state),
        ['superseded', 'queued'],
      );
      const [due] = await store.claimDue(1, HOLD_MS);
      assert.deepEqual([due?.desired, due?.dead, due?.attempts], [wantedAt(2), null, 0]);
    });

    for (const order of [
      [1, 2],
      [2, 1],
    ]) {
      test(`inserts a subscriber though the insert is overtaken, in the order ${order.join(', ')}`, async () => {
        await using bench = await makeBench();
        const store = await bench.open();
        const update = wantedAt(2);
        const inserting = (wanted: Wanted): Wanted => ({ ...wanted, change: { ...wanted.change, action: 'insert' } });
        for (const n of order) {
          const wanted = n === 1 ? inserting(wantedAt(1)) : update;
          await store.write({ ...acceptanceOf(n), effects: [{ kind: 'want', imsi: IMSI, wanted, after: [] }] });
        }
        assert.deepEqual((await store.look(IMSI)).desired, inserting(update));
      });
    }

    test('inserts again who may yet be taken away by a delete of unknown result, as long as that is not settled', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const sent = (n: number, action: Action): Wanted => {
        const wanted = wantedAt(n, { owed: false });
        return { ...wanted, change: { ...wanted.change, action } };
      };
      const confirm = (wanted: Wanted) =>
        store.write(effects({ kind: 'applied', imsi: IMSI, wanted, ageMs: 1, released: [] }));
      const unsure = { result: 'unsure', why: 'no answer', retryInMs: null, counts: true } as const;
      await confirm(sent(1, 'update'));
      await store.write(effects({ kind: 'failed', imsi: IMSI, wanted: sent(2, 'delete'), ...unsure }));
      await confirm(sent(3, 'update'));
      assert.deepEqual((await store.look(IMSI)).applied, sent(3, 'insert'));
      await store.write(acceptanceOf(4));
      assert.deepEqual((await store.look(IMSI)).desired?.change, sent(4, 'insert').change);
      await store.close();
    });

    test('inserts again who may have been taken away by a delete that was done too late', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const change = (n: number, action: Action) => ({ ...wantedAt(n).change, action });
      for (const wanted of [wantedAt(3), { ...wantedAt(2), change: change(2, 'delete') }]) {
        await store.write(effects({ kind: 'applied', imsi: IMSI, wanted, ageMs: 1, released: [] }));
      }
      const { applied, unsettledUntil } = await store.look(IMSI);
      assert.deepEqual(applied, { ...wantedAt(3), change: change(3, 'insert') });
      assert.ok(unsettledUntil);
      await store.close();
    });

    test('doubts the newest state when an older event comes that NSPS got no 2xx for', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const isDoubted = async (before: Pick<Entry, 'state' | 'status'> | null, n: number) => {
        const imsi = String(250010000000000 + n);
        const newer = wantedAt(99, { imsi });
        await store.claim(imsi, newer, HOLD_MS);
        await store.write(effects({ kind: 'applied', imsi, wanted: newer, ageMs: 1, released: [] }));
        if (before) await store.write({ entry: entryOf(n, { imsi, ...before }), story: null, effects: [] });
        await store.claim(imsi, wantedAt(n, { imsi }), HOLD_MS);
        const entry = entryOf(n, { imsi, state: 'superseded' });
        await store.write({ entry, story: null, effects: [{ kind: 'stale', imsi, eventId: entry.eventId }] });
        return (await store.look(imsi)).unsettledUntil !== null;
      };
      const answered = (['processed', 'superseded', 'queued', 'ignored', 'dead', 'discarded'] as const).map(
        (state) => ({
          state,
          status: 202,
        }),
      );
      for (const [n, before] of answered.entries()) assert.ok(!(await isDoubted(before, n)), before.state);
      // What failed may have been sent again since; so may what somebody else brought to an end meanwhile.
      const unanswered = [
        null,
        { state: 'failed', status: 503 },
        { state: 'rejected', status: 422 },
        { state: 'processed', status: 503 },
      ] as const;
      for (const [n, before] of unanswered.entries())
        assert.ok(await isDoubted(before, 50 + n), before?.state ?? 'unknown');
    });

    test('does not forget a release that a number waits for before it was done (G5)', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const release = { version: versionAt(2), change: wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }).change };
      await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release], wanted: null }));
      const claimed = await store.claim(IMSI, wantedAt(3), HOLD_MS);
      assert.deepEqual(claimed?.after, [release]);
      const grant = effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(3), ageMs: 1, released: [release] });
      await assert.rejects(store.write(grant), (error) => error instanceof StoreError && !error.passing);
      const released = wantedAt(2, { imsi: OTHER_IMSI, msisdn: null });
      await store.claim(OTHER_IMSI, released, HOLD_MS);
      await store.write(effects({ kind: 'applied', imsi: OTHER_IMSI, wanted: released, ageMs: 1, released: [] }));
      assert.deepEqual(await store.write(grant), [true]);
      assert.deepEqual((await store.views.subscriber(IMSI))?.after, []);
    });

    test('keeps an older number from the old SIM of a swap that could not be done yet (G5)', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const release = wantedAt(6, { msisdn: null, owed: false });
      await store.write(effects({ kind: 'expect', imsi: IMSI, after: [], wanted: release }));
      const known = await store.claim(IMSI, wantedAt(4), HOLD_MS);
      assert.deepEqual([known?.applied, known?.desired, known?.dueAt], [null, release, null]);
    });

    test('keeps every release of a SIM, each once, however often its swap is announced (G5)', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const { change } = wantedAt(1, { imsi: OTHER_IMSI, msisdn: null });
      const stamps = { eventTime: '2025-01-01T00:00:00.000000', iEvent: '7', createdAt: '2025-01-01T00:00:00.000000' };
      const releases = [1, 3].map((n) => ({ version: { ...versionAt(n), ...stamps }, change }));
      for (const release of [...releases, ...releases]) {
        await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release], wanted: null }));
      }
      assert.deepEqual((await store.look(IMSI)).after, releases);
    });

    test('keeps a release that was announced while an earlier number was on its way', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const release = { version: versionAt(2), change: wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }).change };
      await store.claim(IMSI, wantedAt(3), HOLD_MS);
      await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release], wanted: null }));
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(3), ageMs: 1, released: [] }));
      assert.deepEqual((await store.views.subscriber(IMSI))?.after, [release]);
    });

    test('writes all of a swap or nothing, and shows its event as done when both SIMs are', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const [release, grant] = [wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }), wantedAt(2)];
      await store.write({
        entry: entryOf(2, { previousImsi: OTHER_IMSI }),
        story: null,
        effects: [
          { kind: 'want', imsi: OTHER_IMSI, wanted: release, after: [] },
          { kind: 'want', imsi: IMSI, wanted: grant, after: [release] },
        ],
      });
      assert.equal((await store.claimDue(9, 60_000)).length, 2);
      await store.write(effects({ kind: 'applied', imsi: OTHER_IMSI, wanted: release, ageMs: 1, released: [] }));
      assert.equal((await store.views.event('event-2'))?.state, 'queued');
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: grant, ageMs: 1, released: [] }));
      assert.equal((await store.views.event('event-2'))?.state, 'processed');
      assert.equal((await store.views.events({ imsi: OTHER_IMSI, limit: 9 })).length, 1);
    });

    test('does many things at once, each with its own result', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const imsis = Array.from({ length: 300 }, (_, index) => String(250010000000000 + index));
      await Promise.all(
        imsis.map(async (imsi, index) => {
          const wanted = wantedAt(index, { imsi });
          const twice = await Promise.all([store.claim(imsi, wanted, 60_000), store.claim(imsi, wanted, 60_000)]);
          assert.equal(twice.filter((one) => one?.imsi === imsi).length, 1);
          await store.write({
            entry: entryOf(index, { imsi, state: 'processed' }),
            story: null,
            effects: [{ kind: 'applied', imsi, wanted, ageMs: 1, released: [] }],
          });
        }),
      );
      const page = await store.views.subscribers({ afterImsi: there(imsis[9]), limit: 10 });
      assert.deepEqual(
        page.map(({ imsi }) => imsi),
        imsis.slice(10, 20),
      );
    });
  });
}
