import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Store, Write } from '../../src/ports/store.ts';
import { acceptanceOf, effects, entryOf, IMSI, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';
import { HOLD_MS, type StoreBench, there, withStore } from './store-bench.ts';
import { namesContract } from './store-names.suite.ts';
import { pagesContract } from './store-pages.suite.ts';

/** What operators are told, what they do, and what is kept about them. */
export function operatorsContract(name: string, makeBench: () => Promise<StoreBench>): void {
  pagesContract(name, makeBench);
  namesContract(name, makeBench);
  describe(`store contract, dead letters: ${name}`, () => {
    test('groups them by reason, and lists those of one', () =>
      withStore(makeBench, async (store) => {
        const imsis = Array.from({ length: 5 }, (_, index) => String(250010000000000 + index));
        for (const [n, imsi] of imsis.entries()) await kill(store, n, imsi, n < 3 ? 'refused' : 'no such profile');
        const groups = await store.views.deadGroups(9);
        assert.deepEqual(
          groups.map(({ why, count }) => [why, count]),
          [
            ['refused', 3],
            ['no such profile', 2],
          ],
        );
        for (const { oldest, newest } of groups) assert.ok(there(oldest) <= there(newest) && there(oldest) > 0);
        assert.equal((await store.views.deadGroups(1)).length, 1);
        const letters = async (filter: { why?: string; afterImsi?: string; limit: number }) =>
          (await store.views.deadLetters(filter)).map(({ imsi }) => imsi);
        assert.deepEqual(await letters({ why: 'refused', limit: 9 }), imsis.slice(0, 3));
        assert.deepEqual(await letters({ limit: 2, afterImsi: there(imsis[2]) }), imsis.slice(3));
        assert.deepEqual(await letters({ limit: 4 }), imsis.slice(0, 4));
      }));

    test('groups reasons that differ in numbers only', () =>
      withStore(makeBench, async (store) => {
        const clash = (number: string) => `MSISDN ${number} is already used by IMSI 250010000000009`;
        await kill(store, 1, IMSI, clash('79123456781'));
        await kill(store, 2, OTHER_IMSI, clash('79123456782'));
        await kill(store, 3, SOMEBODY, 'HTTP 422 at 1234');
        const why = 'MSISDN … is already used by IMSI …';
        assert.deepEqual(
          (await store.views.deadGroups(9)).map((group) => [group.why, group.count]),
          [
            [why, 2],
            ['HTTP 422 at 1234', 1],
          ],
        );
        for (const one of [why, clash('79123456782')]) {
          assert.equal((await store.views.deadLetters({ why: one, limit: 9 })).length, 2);
        }
      }));

    test('are discarded with a reason: what the core confirmed last counts again', () =>
      withStore(makeBench, async (store) => {
        await store.write({
          ...acceptanceOf(1),
          effects: [{ kind: 'applied', imsi: IMSI, wanted: wantedAt(1), ageMs: 1, released: [] }],
        });
        await kill(store, 5, IMSI, 'refused');
        assert.deepEqual(await store.write(DISCARD), [true]);
        const known = there(await store.views.subscriber(IMSI));
        assert.deepEqual(known.applied, wantedAt(1));
        assert.deepEqual(
          [known.desired, known.dead, known.dueAt, known.waitingSince, known.attempts],
          [null, null, null, null, 0],
        );
        const event = there(await store.views.event('event-5'));
        assert.deepEqual([event.state, event.why], ['discarded', 'a test SIM']);
        assert.deepEqual(await store.write(DISCARD), [false], 'once');
        assert.deepEqual(await store.views.backlog(), { waiting: 0, oldest: null, dead: 0 });
        assert.deepEqual(await store.write(acceptanceOf(0)), [false], 'never backwards');
        assert.deepEqual(await store.write(acceptanceOf(3)), [true], 'nothing newer is wanted any more');
        assert.deepEqual(await store.write(acceptanceOf(5)), [true], 'it is taken when it comes again');
        const again = there(await store.views.event('event-5'));
        assert.deepEqual([again.state, again.why, again.deliveries], ['queued', null, 2]);
      }));

    test('can be discarded where nothing was ever confirmed, and of a confirmation that was refused', () =>
      withStore(makeBench, async (store) => {
        await kill(store, 1, IMSI, 'refused');
        assert.deepEqual(await store.write(DISCARD), [true]);
        assert.equal((await store.claimDue(1, HOLD_MS)).length, 0);
        await kill(store, 2, OTHER_IMSI, 'refused', [
          { kind: 'applied', imsi: OTHER_IMSI, wanted: wantedAt(2, { imsi: OTHER_IMSI }), ageMs: 1, released: [] },
          { kind: 'resync', imsi: OTHER_IMSI },
        ]);
        assert.equal((await store.views.event('event-2'))?.state, 'dead');
        assert.deepEqual(await store.write(effects({ kind: 'discard', imsi: OTHER_IMSI, why: 'gone' })), [true]);
        assert.equal((await store.views.event('event-2'))?.state, 'discarded');
        assert.deepEqual(await store.write(effects({ kind: 'discard', imsi: SOMEBODY, why: 'never heard of' })), [
          false,
        ]);
      }));

    test('are none any more once something newer takes the place of a confirmation that was refused', () =>
      withStore(makeBench, async (store) => {
        const newer = wantedAt(2, { owed: false });
        const overtakers: Write[] = [
          acceptanceOf(2),
          effects({
            kind: 'failed',
            imsi: IMSI,
            wanted: newer,
            result: 'unsure',
            why: '',
            retryInMs: null,
            counts: true,
          }),
          effects({ kind: 'applied', imsi: IMSI, wanted: newer, ageMs: 1, released: [] }),
        ];
        for (const [n, overtaker] of overtakers.entries()) {
          const imsi = String(250010000000000 + n);
          await killConfirmed(store, imsi);
          const aimed = overtaker.effects.map((effect) => ({ ...effect, imsi }));
          await store.write({ ...overtaker, entry: null, effects: aimed });
          assert.equal((await store.views.event(`event-${imsi}`))?.state, 'superseded');
        }
        await killConfirmed(store, OTHER_IMSI);
        await store.write(effects({ kind: 'resync', imsi: OTHER_IMSI }));
        assert.equal(
          (await store.views.event(`event-${OTHER_IMSI}`))?.state,
          'processed',
          'it was, and is tried again',
        );
      }));

    test('stay discarded when only the other SIM of the swap is done', () =>
      withStore(makeBench, async (store) => {
        const [release, grant] = [wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }), wantedAt(2)];
        await store.write({
          entry: entryOf(2, { previousImsi: OTHER_IMSI }),
          story: null,
          effects: [
            { kind: 'want', imsi: OTHER_IMSI, wanted: release, after: [] },
            { kind: 'want', imsi: IMSI, wanted: grant, after: [] },
          ],
        });
        await refuse(store, IMSI, grant, 'refused');
        await store.write(DISCARD);
        await store.write(effects({ kind: 'applied', imsi: OTHER_IMSI, wanted: release, ageMs: 1, released: [] }));
        assert.equal((await store.views.event('event-2'))?.state, 'discarded');
      }));
  });

  describe(`store contract, what operators did: ${name}`, () => {
    test('is kept in its order, and for its time only', () =>
      withStore(makeBench, async (store) => {
        const before = Date.now();
        for (const detail of ['first', null, 'a\0b']) await store.note({ ...DEED, detail });
        const all = await store.views.audit({ limit: 9 });
        assert.deepEqual(
          all.map(({ seq, at, ...deed }) => deed),
          ['a\ufffdb', null, 'first'].map((detail) => ({ ...DEED, detail })),
        );
        for (const { at } of all) assert.ok(Math.abs(at - before) < 600_000);
        const seqs = all.map(({ seq }) => seq);
        assert.deepEqual(
          seqs,
          seqs.toSorted((a, b) => b - a),
        );
        const page = await store.views.audit({ beforeSeq: there(seqs[0]), limit: 1 });
        assert.equal(page[0]?.seq, seqs[1]);
      }));

    test('is deleted in its time, a few at a time, whatever the number of events', () =>
      withStore(makeBench, async (store) => {
        for (let n = 0; n < 4; n++) await store.note(DEED);
        const seqs = async () => (await store.views.audit({ limit: 9 })).map(({ seq }) => seq);
        const all = await seqs();
        await store.clean({ before: 1, most: 1, limit: 9 });
        assert.deepEqual(await seqs(), all);
        const later = Date.now() + 600_000;
        assert.equal(await store.clean({ before: later, most: 100, limit: 3 }), 0, 'they are no events');
        assert.deepEqual(await seqs(), all.slice(0, 1));
        await store.clean({ before: later, most: 100, limit: 3 });
        await store.note(DEED);
        assert.ok(there((await seqs())[0]) > there(all[0]), 'a number is never used again');
      }));
  });
}

const SOMEBODY = '250010000000077';
const DEED = { who: 'token', what: 'resync', subject: IMSI, detail: null };
const DISCARD = effects({ kind: 'discard', imsi: IMSI, why: 'a test SIM' });

/** Makes a dead letter of an accepted event. @param more effects in between. */
async function kill(store: Store, n: number, imsi: string, why: string, more: Write['effects'] = []) {
  await store.write(acceptanceOf(n, { imsi }));
  for (const effect of more) await store.write(effects(effect));
  await refuse(store, imsi, wantedAt(n, { imsi }), why);
}

/** Makes a dead letter of a state that the core had confirmed: it was sent again, and refused. */
async function killConfirmed(store: Store, imsi: string): Promise<void> {
  const wanted = { ...wantedAt(1, { imsi }), eventId: `event-${imsi}` };
  await store.write({
    entry: { ...entryOf(1, { imsi }), eventId: wanted.eventId },
    story: null,
    effects: [{ kind: 'applied', imsi, wanted, ageMs: 1, released: [] }],
  });
  await store.write(effects({ kind: 'resync', imsi }));
  await refuse(store, imsi, wanted, 'refused');
  assert.equal((await store.views.event(wanted.eventId))?.state, 'dead');
}

async function refuse(store: Store, imsi: string, wanted: ReturnType<typeof wantedAt>, why: string): Promise<void> {
  const failure = { result: 'rejected', why, retryInMs: 0, counts: true } as const;
  await store.write(effects({ kind: 'failed', imsi, wanted, ...failure }));
}
