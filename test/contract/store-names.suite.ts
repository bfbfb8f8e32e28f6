import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NAMELESS, type Names } from '../../src/core/names.ts';
import type { Known } from '../../src/ports/operating.ts';
import { acceptanceOf, entryOf, IMSI, OTHER_IMSI } from '../helpers/subscribers.ts';
import { keep, type StoreBench, there, told, withStore } from './store-bench.ts';

/** Who is or was called what. */
export function namesContract(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`store contract, who is called what: ${name}`, () => {
    test('finds somebody by IMSI, number, account and card, written as people do', () =>
      withStore(makeBench, async (store) => {
        await keep(store, told(1, { names: NAMES }));
        await keep(store, told(2, { imsi: OTHER_IMSI }));
        const known = (by: Known['by'], value: string) => [{ imsi: IMSI, by, value, current: true }];
        for (const text of ['79123456789', '+79123456789', '79123456789@msisdn', ' 79123456789 ', '79123']) {
          assert.deepEqual(await store.views.find(text, 9), known('msisdn', '79123456789'), text);
        }
        assert.deepEqual(await store.views.find('17', 9), known('account', '17'));
        assert.deepEqual(await store.views.find('8938003991234567890', 9), known('iccid', '8938003991234567890'));
        assert.deepEqual(await store.views.find(IMSI, 9), known('imsi', IMSI));
        assert.deepEqual(await store.views.find(IMSI.slice(0, 7), 9), known('imsi', IMSI));
        for (const text of ['', ' ', '7912', '1', '79123456780', OTHER_IMSI, "' OR 1", '\0', '%', '7'.repeat(500)]) {
          assert.deepEqual(await store.views.find(text, 9), [], text);
        }
        assert.deepEqual(await store.views.names(IMSI), NAMES);
        assert.equal(await store.views.names('250019999999999'), null);
      }));

    test('knows what somebody was called before, and puts those who are called so now first', () =>
      withStore(makeBench, async (store) => {
        await keep(store, told(1, { names: NAMES }));
        await keep(store, told(2, { names: { ...NAMES, msisdn: '79120000000' } }));
        await keep(store, told(3, { names: { ...NAMELESS, msisdn: NAMES.msisdn }, imsi: SOMEBODY }));
        assert.deepEqual(
          (await store.views.find('79123456789', 9)).map(({ imsi, current }) => [imsi, current]),
          [
            [SOMEBODY, true],
            [IMSI, false],
          ],
        );
        assert.equal((await store.views.find('79123456789', 1))[0]?.imsi, SOMEBODY);
        assert.equal((await store.views.names(IMSI))?.msisdn, '79120000000');
        await keep(store, told(4, { names: NAMES }));
        assert.deepEqual(await store.views.names(IMSI), NAMES, 'he may be called so again');
      }));

    test('lets neither an event that says nothing nor one that was overtaken change what somebody is called', () =>
      withStore(makeBench, async (store) => {
        await store.write({ ...acceptanceOf(5), entry: entryOf(5, { names: NAMES }) });
        await keep(store, told(6));
        assert.deepEqual(await store.views.names(IMSI), NAMES);
        const late = { ...acceptanceOf(4), entry: entryOf(4, { names: { ...NAMES, msisdn: '79120000000' } }) };
        assert.deepEqual(await store.write(late), [false]);
        assert.deepEqual(await store.views.names(IMSI), NAMES);
      }));

    test('hears what an event says when it is sent again', () =>
      withStore(makeBench, async (store) => {
        await keep(store, told(1, { state: 'failed' }));
        await keep(store, told(1, { state: 'processed', names: NAMES }));
        assert.deepEqual(await store.views.names(IMSI), NAMES);
      }));

    test('takes number and account from a SIM that was replaced', () =>
      withStore(makeBench, async (store) => {
        const card = { ...NAMES, iccid: '8938003990000000000' };
        await keep(store, told(1, { imsi: OTHER_IMSI, names: card }));
        await keep(store, told(2, { previousImsi: OTHER_IMSI, names: NAMES }));
        assert.deepEqual(await store.views.names(OTHER_IMSI), { ...NAMELESS, iccid: card.iccid });
        assert.deepEqual(
          (await store.views.find('79123456789', 9)).map(({ imsi, current }) => [imsi, current]),
          [
            [IMSI, true],
            [OTHER_IMSI, false],
          ],
        );
      }));

    test('keeps many of them written together apart', () =>
      withStore(makeBench, async (store) => {
        const imsis = Array.from({ length: 100 }, (_, index) => String(250010000000000 + index));
        const named = (index: number, msisdn: string) =>
          told(index, { imsi: there(imsis[index % 100]), names: { ...NAMELESS, msisdn } });
        await Promise.all(
          Array.from({ length: 300 }, (_, n) => keep(store, named(n, `3806${n < 200 ? '5' : '7'}${1000 + (n % 100)}`))),
        );
        const found = await store.views.find('38067', 200);
        assert.equal(found.length, 100);
        assert.ok(found.every(({ current }) => current));
      }));
  });
}

const SOMEBODY = '250010000000077';
const NAMES: Names = { msisdn: '79123456789', account: '17', iccid: '8938003991234567890' };
