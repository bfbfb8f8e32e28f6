import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide } from '../../src/core/decide.ts';
import type { Decision, Rules } from '../../src/core/types.ts';
import { anEvent, type EventParts, IMSI, NUMBER, OTHER_IMSI, RULES } from '../helpers/events.ts';

const LENIENT: Rules = { ...RULES, strictEnrichment: false };
const open = { bill_status: 'open', blocked: false, id: `${NUMBER}@msisdn` };

function changes(parts: EventParts, rules = RULES) {
  const decision = decide(anEvent(parts), rules);
  assert.equal(decision.kind, 'provision', JSON.stringify(decision));
  return (decision as Extract<Decision, { kind: 'provision' }>).changes;
}

function state(parts: EventParts, rules = RULES) {
  return changes(parts, rules)[0].state;
}

function faultPaths(parts: EventParts, rules = RULES): string[] {
  const decision = decide(anEvent(parts), rules);
  assert.equal(decision.kind, 'reject', JSON.stringify(decision));
  return (decision as Extract<Decision, { kind: 'reject' }>).faults.map(({ path }) => path);
}

function ignored(parts: EventParts, rules = RULES): string {
  const decision = decide(anEvent(parts), rules);
  assert.equal(decision.kind, 'ignore', JSON.stringify(decision));
  return (decision as Extract<Decision, { kind: 'ignore' }>).reason;
}

test('an open account is granted service under its number, with the default profiles', () => {
  assert.deepEqual(changes({}), [
    {
      action: 'update',
      state: { imsi: IMSI, status: 'serviceGranted', msisdn: NUMBER, csProfile: 'default', epsProfile: 'default' },
    },
  ]);
});

describe('event type', () => {
  test('without an action is ignored, also when it is the name of an inherited property', () => {
    assert.equal(ignored({ event_type: 'SIM/Created' }), 'No defined action for event type: SIM/Created');
    assert.equal(ignored({ event_type: '__proto__' }), 'No defined action for event type: __proto__');
  });
  test('mapped to an action sends the same full state with it', () => {
    const rules = { ...RULES, eventActions: new Map([['SIM/Deleted', 'delete']] as const) };
    const [change] = changes({ event_type: 'SIM/Deleted' }, rules);
    assert.equal(change.action, 'delete');
    assert.equal(change.state.status, 'serviceGranted');
  });
  test('mapped to ignore is ignored', () => {
    const rules = { ...RULES, eventActions: new Map([['SIM/Updated', 'ignore']] as const) };
    assert.equal(ignored({}, rules), 'No defined action for event type: SIM/Updated');
  });
});

test('whatever an event holds, the reason stays short', () => {
  assert.ok(ignored({ event_type: 'x'.repeat(1_000_000) }).length < 300);
  const imsiPattern = { source: '^9', found: () => false };
  assert.ok(ignored({ sim_info: { imsi: '0'.repeat(1_000_000) } }, { ...RULES, imsiPattern }).length < 300);
});

describe('IMSI', () => {
  for (const [name, sim_info] of Object.entries({
    empty: { imsi: '' },
    null: { imsi: null },
    absent: {},
    none: null,
  })) {
    test(`${name} is ignored`, () => assert.equal(ignored({ sim_info }), 'IMSI is empty or not provided'));
  }
  test('that does not contain the pattern is ignored, before anything else is judged', () => {
    const imsiPattern = { source: '^99', found: (text: string) => text.startsWith('99') };
    assert.equal(ignored({}, { ...RULES, imsiPattern }), `IMSI ${IMSI} doesn't follow the regexp provided`);
    assert.equal(
      ignored({ sim_info: { imsi: 'x' } }, { ...RULES, imsiPattern }),
      "IMSI x doesn't follow the regexp provided",
    );
  });
  for (const imsi of [
    '00101000002034',
    '0010100000203490',
    '00101000002034a',
    ' 01010000020349',
    '٠٠١٠١٠٠٠٠٠٢٠٣٤٩',
    `${IMSI}\n`,
  ]) {
    test(`${JSON.stringify(imsi)} is rejected`, () =>
      assert.deepEqual(faultPaths({ sim_info: { imsi } }), ['pb_data.sim_info.imsi']));
  }
});

describe('bill status', () => {
  for (const bill_status of ['open', 'OPEN', 'Active', 'O', 'o']) {
    test(`${bill_status} is open`, () =>
      assert.equal(state({ account_info: { ...open, bill_status } }).status, 'serviceGranted'));
  }
  for (const bill_status of ['suspended', 's', 'inactive', 'I', 'terminated', 'Closed', 'C']) {
    test(`${bill_status} bars and takes the number`, () => {
      const barred = state({ account_info: { ...open, bill_status } });
      assert.deepEqual([barred.status, barred.msisdn], ['operatorDeterminedBarring', null]);
    });
  }
  for (const bill_status of ['frozen', '', null, undefined, ' open', 'constructor']) {
    test(`${JSON.stringify(bill_status)} is rejected when strict, barred when not`, () => {
      const account_info = { ...open, bill_status };
      assert.deepEqual(faultPaths({ account_info }), ['pb_data.account_info.bill_status']);
      assert.equal(state({ account_info }, LENIENT).status, 'operatorDeterminedBarring');
    });
  }
});

describe('blocking', () => {
  for (const blocked of [true, 'Y']) {
    test(`${JSON.stringify(blocked)} bars, and leaves the number`, () => {
      const barred = state({ account_info: { ...open, blocked } });
      assert.deepEqual([barred.status, barred.msisdn], ['operatorDeterminedBarring', NUMBER]);
    });
  }
  for (const blocked of [false, 'N', null, undefined]) {
    test(`${JSON.stringify(blocked)} does not`, () =>
      assert.equal(state({ account_info: { ...open, blocked } }).status, 'serviceGranted'));
  }
});

describe('absent account data', () => {
  test('of a named account is rejected when strict, barred when not', () => {
    for (const account_info of [null, undefined]) {
      for (const named of [
        { variables: { i_account: '17' } },
        { variables: {}, sim_info: { imsi: IMSI, i_account: 17 } },
      ]) {
        assert.deepEqual(faultPaths({ account_info, ...named }), ['pb_data.account_info']);
        assert.equal(state({ account_info, ...named }, LENIENT).status, 'operatorDeterminedBarring');
      }
    }
  });
  test('of a SIM that belongs to nobody bars it in both', () => {
    for (const variables of [{}, { i_account: null }, { i_account: '' }]) {
      for (const rules of [RULES, LENIENT]) {
        const barred = state({ account_info: null, variables }, rules);
        assert.deepEqual([barred.status, barred.msisdn], ['operatorDeterminedBarring', null]);
      }
    }
  });
});

describe('MSISDN', () => {
  const msisdn = (id: string | null) => state({ account_info: { ...open, id } }).msisdn;
  test('is the part before @msisdn, as Python splits it', () => {
    assert.equal(msisdn('123@msisdn'), '123');
    assert.equal(msisdn('123@msisdn.example@msisdn'), '123');
  });
  test('is none without it', () => {
    assert.equal(msisdn('89014103211118510720'), null);
    assert.equal(msisdn(null), null);
    assert.equal(msisdn('123@MSISDN'), null);
  });
  for (const id of ['@msisdn', '+79@msisdn', '1234567890123456@msisdn', '12 3@msisdn']) {
    test(`${id} is rejected`, () =>
      assert.deepEqual(faultPaths({ account_info: { ...open, id } }), ['pb_data.account_info.id']));
  }
  test('of an account that is not open is not looked at', () => {
    assert.equal(state({ account_info: { ...open, bill_status: 'suspended', id: '+bad@msisdn' } }).msisdn, null);
  });
});

describe('profiles', () => {
  const policy = (value: unknown, name = 'cs_profile') => ({ attributes: [{ group_name: 'lte.wtl', name, value }] });
  const csProfile = (access_policy_info: unknown) => state({ access_policy_info }).csProfile;
  test('come from the access policy: the first item, trimmed', () => {
    assert.equal(csProfile(policy(' gold , silver')), 'gold');
  });
  test('come from the first policy of a list that has the attribute', () => {
    assert.equal(csProfile([null, {}, policy('x', 'other'), policy('gold'), policy('silver')]), 'gold');
  });
  test('are the default when the policy has no value', () => {
    for (const value of ['', '  ', null, undefined]) assert.equal(csProfile(policy(value)), 'default');
    for (const absent of [null, undefined, {}, [], { attributes: null }, { attributes: [null] }]) {
      assert.equal(csProfile(absent), 'default');
    }
  });
  test('that the core cannot take are rejected with their path', () => {
    for (const value of ['1gold', 'gold!', ', gold', 'go ld', 'gold\nx']) {
      assert.deepEqual(faultPaths({ access_policy_info: [{}, policy(value)] }), [
        'pb_data.access_policy_info[1].attributes[0].value',
      ]);
    }
  });
});

describe('SIM swap', () => {
  const swap = (parts: EventParts) => ({ event_type: 'SIM/Replaced', sim_info: { imsi: OTHER_IMSI }, ...parts });
  const previous = { prev_sim_info: { imsi: IMSI } };
  test('first bars the old SIM and takes its number, then grants the new one', () => {
    const [old, fresh] = changes(swap(previous));
    assert.deepEqual(old.state, {
      imsi: IMSI,
      status: 'operatorDeterminedBarring',
      msisdn: null,
      csProfile: 'default',
      epsProfile: 'default',
    });
    assert.deepEqual(
      [fresh?.state.imsi, fresh?.state.status, fresh?.state.msisdn],
      [OTHER_IMSI, 'serviceGranted', NUMBER],
    );
    assert.deepEqual([old.action, fresh?.action], ['update', 'update']);
  });
  test('with the same or no old SIM only sets the new one', () => {
    for (const prev_sim_info of [{ imsi: OTHER_IMSI }, { imsi: '' }, {}, null]) {
      assert.deepEqual(
        changes(swap({ prev_sim_info })).map(({ state }) => state.imsi),
        [OTHER_IMSI],
      );
    }
  });
  test('without a new SIM only bars the old one, and needs no account data for it', () => {
    const only = changes(swap({ ...previous, sim_info: null, account_info: null }));
    assert.deepEqual(
      only.map(({ state }) => [state.imsi, state.status]),
      [[IMSI, 'operatorDeterminedBarring']],
    );
  });
  test('without any SIM is ignored', () => {
    assert.equal(ignored(swap({ sim_info: null })), 'IMSI is empty or not provided');
  });
  test('leaves SIMs of others alone', () => {
    const only = (wanted: string) => ({
      ...RULES,
      imsiPattern: { source: wanted, found: (text: string) => text === wanted },
    });
    assert.deepEqual(
      changes(swap(previous), only(IMSI)).map(({ state }) => state.imsi),
      [IMSI],
    );
    assert.deepEqual(
      changes(swap(previous), only(OTHER_IMSI)).map(({ state }) => state.imsi),
      [OTHER_IMSI],
    );
    assert.equal(ignored(swap(previous), only('x')), `IMSI ${OTHER_IMSI} doesn't follow the regexp provided`);
  });
  test('with data missing for the new SIM is rejected as a whole', () => {
    assert.deepEqual(faultPaths(swap({ ...previous, account_info: null })), ['pb_data.account_info']);
    assert.deepEqual(faultPaths(swap({ prev_sim_info: { imsi: '1' } })), ['pb_data.prev_sim_info.imsi']);
  });
});

test('every fault is told at once, each once', () => {
  const paths = faultPaths({
    event_type: 'SIM/Replaced',
    sim_info: { imsi: '1' },
    prev_sim_info: { imsi: '2' },
    account_info: { ...open, id: '+1@msisdn' },
    access_policy_info: { attributes: [{ name: 'eps_profile', value: '?' }] },
    updated_at: 'yesterday',
  });
  assert.deepEqual(paths, [
    'pb_data.sim_info.imsi',
    'pb_data.prev_sim_info.imsi',
    'pb_data.access_policy_info.attributes[0].value',
    'pb_data.account_info.id',
    'updated_at',
  ]);
});

test('the walk tells every rule it asked', () => {
  const heard: string[] = [];
  decide(anEvent(), RULES, (rule, finding) => heard.push(`${rule}: ${finding}`));
  assert.deepEqual(heard, [
    'event type: SIM/Updated → update',
    `IMSI: ${IMSI} (pb_data.sim_info.imsi)`,
    'bill status: open',
    'status: open, not blocked → serviceGranted',
    `MSISDN: ${NUMBER} (pb_data.account_info.id)`,
    'cs_profile: default (default)',
    'eps_profile: default (default)',
  ]);
});
