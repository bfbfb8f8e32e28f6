import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Event } from '../../src/contract/event.ts';
import { NAMELESS, namesOf } from '../../src/core/names.ts';
import { anyEvent } from '../helpers/arbitraries.ts';

type Data = NonNullable<Event['pb_data']>;

function namesIn(account_info: unknown, sim_info: unknown = {}) {
  const pb_data = { account_info, sim_info } as Data;
  return namesOf({ event_id: 'e', data: { event_type: 'SIM/Updated' }, pb_data });
}

describe('what an event calls its subscriber', () => {
  test('comes from the account and the card', () => {
    assert.deepEqual(
      namesIn({ id: '79123456789@msisdn', i_account: 17 }, { msisdn: '1', iccid: '8938003991234567890' }),
      { msisdn: '79123456789', account: '17', iccid: '8938003991234567890' },
    );
    assert.equal(namesIn({ id: '8938003991234567890' }, { msisdn: '+380651234567' }).msisdn, '380651234567');
    assert.equal(namesIn(null, { msisdn: 380651234567 }).msisdn, '380651234567');
    assert.equal(namesIn({ i_account: '0017' }).account, '0017');
  });

  test('is nothing where it is absent or odd', () => {
    for (const odd of [null, undefined, '', 1.5, true, {}, [], 'x'.repeat(65)]) {
      assert.deepEqual(namesIn({ i_account: odd }, { msisdn: odd, iccid: odd }), NAMELESS, String(odd));
    }
    for (const id of [null, '', '@msisdn', 'x@msisdn', `${'7'.repeat(65)}@msisdn`])
      assert.deepEqual(namesIn({ id }), NAMELESS);
    assert.deepEqual(namesIn({ i_account: -1 }, { msisdn: 'home' }), NAMELESS);
    assert.equal(namesIn({}, { iccid: 2 ** 60 }).iccid, null, 'a number that lost its end');
    assert.equal(namesIn({}, { iccid: 'a\0\ud800' }).iccid, 'a\ufffd\ufffd');
    assert.deepEqual(namesOf({ event_id: 'e', data: { event_type: 'x' } }), NAMELESS);
  });

  test('can be told of any event, and is never long', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        for (const name of Object.values(namesOf(event))) {
          assert.ok(name === null || (name.length > 0 && name.length <= 64 && name.isWellFormed()));
        }
      }),
    );
  });
});
