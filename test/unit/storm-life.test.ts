import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isoStamp } from '../../sim/storm/event-format.ts';
import { changeOf, type LifeEvent, liveLife } from '../../sim/storm/life.ts';
import { Random } from '../../sim/storm/random.ts';
import type { Event } from '../../src/contract/event.ts';
import { decide } from '../../src/core/decide.ts';
import { compareVersions, versionOf } from '../../src/core/version.ts';
import { toWtlRequest } from '../../src/targets/wtl/wire.ts';
import { RULES } from '../helpers/events.ts';

const SIZE = { subscribers: 60, changes: 12 };
const life = liveLife(11, SIZE);

function eventOf({ json }: LifeEvent): Event {
  return JSON.parse(json) as Event;
}

/** The changes of each account, in their order. */
const accounts = [...Map.groupBy(life.events, ({ accountId }) => accountId).values()];

describe('a life', () => {
  test('is the same for the same seed, and another one for another', () => {
    assert.deepEqual(liveLife(11, SIZE), life);
    assert.notDeepEqual(liveLife(12, SIZE).truth, life.truth);
  });
  test('has an event for every change, in billing order, and every kind of change', () => {
    assert.equal(life.events.length, 60 * 12);
    assert.equal(new Set(life.events.map(({ id }) => id)).size, 60 * 12);
    for (const events of accounts) {
      assert.deepEqual(
        events.map(({ change }) => change),
        events.map((_, index) => index + 1),
      );
    }
    const last = life.events.map(({ states }) => states.at(-1));
    for (const status of ['serviceGranted', 'operatorDeterminedBarring']) {
      assert.ok(last.some((state) => state?.subscriber_status === status));
    }
    // Blocked keeps the number, not paid loses it.
    const barred = last.filter((state) => state?.subscriber_status === 'operatorDeterminedBarring');
    assert.deepEqual(new Set(barred.map((state) => state?.msisdn.length)), new Set([0, 1]));
    assert.ok(life.releasedBy.size > 10);
  });
  test('has changes that only microseconds tell apart', () => {
    const stamps = accounts.flatMap((events) => events.map((event) => String(eventOf(event).updated_at)));
    const inMilliseconds = stamps.map((stamp) => stamp.replace(/(\.\d{3})\d{3}/, '$1'));
    assert.ok(new Set(inMilliseconds).size < new Set(stamps).size);
  });
  test('means to the connector what it means to billing, and in the same order', () => {
    for (const event of life.events) {
      const decision = decide(eventOf(event), RULES);
      assert.equal(decision.kind, 'provision');
      const requests = decision.kind === 'provision' ? decision.changes.map(toWtlRequest) : [];
      assert.deepEqual(
        requests,
        event.states.map((state) => ({ ...state, action: 'update' })),
      );
      assert.ok(requests.every(({ cs_profile }) => changeOf(cs_profile) === event.change));
    }
    for (const events of accounts) {
      for (const [index, event] of events.entries()) {
        const before = events[index - 1];
        if (before) assert.ok(compareVersions(versionOf(eventOf(before)), versionOf(eventOf(event))) < 0);
      }
    }
  });
  test('leaves a replaced SIM barred and without a number', () => {
    for (const [imsi] of life.releasedBy) {
      const { subscriber_status, msisdn } = life.truth.get(imsi) ?? {};
      assert.deepEqual([subscriber_status, msisdn], ['operatorDeterminedBarring', []]);
    }
    assert.ok(![...life.truth.values()].includes(null), 'nobody is deleted');
    const numbers = [...life.truth.values()].flatMap((state) => state?.msisdn ?? []);
    assert.equal(new Set(numbers).size, numbers.length, 'a number has one owner in the end');
  });
});

describe('a full life', () => {
  const full = liveLife(11, { ...SIZE, lives: 'full' });
  const ACTIONS = {
    'SIM/Created': 'insert',
    'SIM/Updated': 'update',
    'SIM/Replaced': 'update',
    'SIM/Deleted': 'delete',
  };
  const RULES_OF_FULL = {
    ...RULES,
    eventActions: new Map([
      ...RULES.eventActions,
      ['SIM/Created', 'insert'] as const,
      ['SIM/Deleted', 'delete'] as const,
    ]),
  };

  test('means to the connector what it means to billing', () => {
    for (const event of full.events) {
      const { data } = eventOf(event);
      const action = ACTIONS[data.event_type as keyof typeof ACTIONS];
      const decision = decide(eventOf(event), RULES_OF_FULL);
      assert.equal(decision.kind, 'provision');
      const requests = decision.kind === 'provision' ? decision.changes.map(toWtlRequest) : [];
      assert.ok(requests.every(({ cs_profile }) => changeOf(cs_profile) === event.change));
      if (event.removes)
        assert.deepEqual(
          requests.map(({ imsi }) => imsi),
          [event.removes.imsi],
        );
      else
        assert.deepEqual(
          requests,
          event.states.map((state) => ({ ...state, action })),
        );
      assert.ok(requests.every((request) => request.action === action));
    }
  });
  test('changes, replaces and deletes only SIMs that were created, and creates only those that are not there', () => {
    const there = new Set<string>();
    for (const event of full.events) {
      const isCreated = eventOf(event).data.event_type === 'SIM/Created';
      for (const imsi of simsIn(event)) assert.notEqual(there.has(imsi), isCreated, `${event.id}, ${imsi}`);
      for (const { imsi } of event.states) there.add(imsi);
      if (event.removes) there.delete(event.removes.imsi);
    }
    assert.deepEqual(new Set([...full.truth].filter(([, state]) => state).map(([imsi]) => imsi)), there);
  });
  test('has SIMs that are deleted in the end, and such as were created again', () => {
    assert.ok([...full.truth.values()].filter((state) => state === null).length > 20);
    const created = full.events.filter((event) => eventOf(event).data.event_type === 'SIM/Created').flatMap(simsIn);
    assert.ok(created.length - new Set(created).size > 5);
    const numbers = [...full.truth.values()].flatMap((state) => state?.msisdn ?? []);
    assert.equal(new Set(numbers).size, numbers.length, 'a number has one owner in the end');
  });
});

function simsIn({ states, removes }: LifeEvent): string[] {
  return [...states, ...(removes ? [removes] : [])].map(({ imsi }) => imsi);
}

test('a stamp has microseconds and an offset', () => {
  const at = BigInt(Date.UTC(2026, 0, 15, 10)) * 1000n + 7n;
  assert.equal(isoStamp(at, 0), '2026-01-15T10:00:00.000007+00:00');
  assert.equal(isoStamp(at, 120), '2026-01-15T12:00:00.000007+02:00');
  assert.equal(isoStamp(at, -210), '2026-01-15T06:30:00.000007-03:30');
});

test('chance is even', () => {
  const random = new Random(3);
  const counts = [0, 0, 0, 0];
  for (let draw = 0; draw < 4000; draw++) {
    const side = random.whole(0, 3);
    counts[side] = (counts[side] ?? 0) + 1;
  }
  assert.ok(counts.every((count) => count > 800 && count < 1200));
  assert.match(random.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
