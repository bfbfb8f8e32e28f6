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
    const numbers = [...life.truth.values()].flatMap(({ msisdn }) => msisdn);
    assert.equal(new Set(numbers).size, numbers.length, 'a number has one owner in the end');
  });
});

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
