import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SubscriberTable } from '../../sim/subscribers.ts';
import { faultsOf, isEvent } from '../../src/contract/validate.ts';
import { readBillStatus } from '../../src/core/bill-status.ts';
import { decide } from '../../src/core/decide.ts';
import { toWtlRequest } from '../../src/targets/wtl/wire.ts';
import { anyEvent, anyRules } from '../helpers/arbitraries.ts';

const RUNS = { numRuns: 5_000 };

test('the events made up here fit the schema', () => {
  fc.assert(
    fc.property(anyEvent, (event) => assert.ok(isEvent(event), JSON.stringify(faultsOf(event)))),
    RUNS,
  );
});

test('the decision never throws, always ends, and does not touch the event', () => {
  fc.assert(
    fc.property(anyEvent, anyRules, (event, rules) => {
      const before = JSON.stringify(event);
      const { kind } = decide(event, rules);
      assert.ok(['ignore', 'reject', 'provision'].includes(kind));
      assert.equal(JSON.stringify(event), before);
    }),
    RUNS,
  );
});

test('service is granted only to an account that is open and not blocked', () => {
  fc.assert(
    fc.property(anyEvent, anyRules, (event, rules) => {
      const decision = decide(event, rules);
      if (decision.kind !== 'provision') return;
      const account = event.pb_data?.account_info;
      const mayCall =
        readBillStatus(account?.bill_status ?? '') === 'open' && account?.blocked !== true && account?.blocked !== 'Y';
      for (const { state } of decision.changes) {
        if (state.status === 'serviceGranted') assert.ok(mayCall);
        if (state.msisdn !== null) assert.equal(readBillStatus(account?.bill_status ?? ''), 'open');
      }
    }),
    RUNS,
  );
});

test('the core never finds a request invalid', () => {
  fc.assert(
    fc.property(anyEvent, anyRules, (event, rules) => {
      const decision = decide(event, rules);
      if (decision.kind !== 'provision') return;
      for (const change of decision.changes) {
        const { status } = new SubscriberTable({ knownOnly: false }).provision(toWtlRequest(change));
        assert.notEqual(status, 400, JSON.stringify(change));
      }
    }),
    RUNS,
  );
});

test('with strict enrichment nobody is barred on absent data (but a SIM that belongs to nobody)', () => {
  fc.assert(
    fc.property(anyEvent, anyRules, (event, rules) => {
      const decision = decide(event, { ...rules, strictEnrichment: true });
      if (decision.kind !== 'provision') return;
      const { sim_info, account_info } = event.pb_data ?? {};
      const current = decision.changes.find(({ state }) => state.imsi === sim_info?.imsi);
      if (current?.state.status !== 'operatorDeterminedBarring' || !account_info) return;
      const known = readBillStatus(account_info.bill_status ?? '');
      assert.ok(known !== null && (known !== 'open' || account_info.blocked === true || account_info.blocked === 'Y'));
    }),
    RUNS,
  );
});

test('a swap releases the old number before it gives one', () => {
  fc.assert(
    fc.property(anyEvent, anyRules, (event, rules) => {
      const decision = decide(event, rules);
      if (decision.kind !== 'provision' || decision.changes.length === 1) return;
      const [old, fresh, ...more] = decision.changes;
      assert.equal(more.length, 0);
      assert.deepEqual([old.state.status, old.state.msisdn], ['operatorDeterminedBarring', null]);
      assert.notEqual(old.state.imsi, fresh?.state.imsi);
    }),
    RUNS,
  );
});
