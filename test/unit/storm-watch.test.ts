import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Exchange } from '../../sim/exchange.ts';
import type { Life } from '../../sim/storm/life.ts';
import { divergent, percentile } from '../../sim/storm/verdict.ts';
import { CoreWatch } from '../../sim/storm/watch.ts';

const NUMBER = '79123456789';
const [FIRST, SECOND, THIRD] = ['001010000000001', '001010000000002', '001010000000003'];

/** One account whose SIMs were replaced with event `swap`.. */
const LIFE: Life = {
  events: [],
  truth: new Map(),
  simsOf: new Map([[NUMBER, [FIRST, SECOND, THIRD]]]),
  releasedBy: new Map([
    [FIRST, 'swap'],
    [SECOND, 'swap'],
  ]),
};

/** When requests arrive: later than whatever is applied meanwhile, however slow the machine is. */
const ARRIVED = 3_600_000;

const BARRED = { msisdn: [] };

interface More {
  readonly action?: string;
  readonly msisdn?: string[];
  readonly arrivedAt?: number;
  readonly sentSince?: number;
  readonly late?: boolean;
}

function request(imsi: string, change: number, more: More = {}) {
  const { action = 'update', msisdn = [NUMBER], arrivedAt = ARRIVED, sentSince = arrivedAt, late = false } = more;
  const body = { imsi, action, cs_profile: `p-${change}`, subscriber_status: 'serviceGranted', msisdn };
  return { imsi, request: body, arrivedAt, sentSince, end: late ? 'abandoned' : null } as unknown as Exchange;
}

/** @param readSince as after a stall; nothing stalls when absent. */
function watching(toldAt?: number, readSince = Number.POSITIVE_INFINITY) {
  const told = (eventId: string) => (eventId === 'swap' ? toldAt : undefined);
  const watch = new CoreWatch(LIFE, told, () => readSince);
  const arrive = (...args: Parameters<typeof request>) => {
    const exchange = request(...args);
    watch.arrived(exchange);
    return exchange;
  };
  const apply = (...args: Parameters<typeof request>) => watch.applied(arrive(...args));
  const kinds = () => watch.violations.map(({ kind }) => kind);
  return { watch, arrive, apply, kinds };
}

describe('order', () => {
  test('an older change that arrives after a newer one was applied is a violation; the same one again is none', () => {
    const { apply, arrive, kinds } = watching();
    apply(FIRST, 1);
    apply(FIRST, 3);
    arrive(FIRST, 3);
    assert.deepEqual(kinds(), []);
    arrive(FIRST, 2);
    assert.deepEqual(kinds(), ['order']);
  });
  test('what is read after a stall is not judged: it may have been sent before', () => {
    const { watch, apply, arrive, kinds } = watching(undefined, 0);
    apply(FIRST, 3);
    watch.overlapped(arrive(FIRST, 2), [request(FIRST, 3)]);
    assert.deepEqual([kinds(), watch.tally.unclear], [[], 2]);
  });
  test('nor is what waited with its connection, unless the other one was there before that', () => {
    const { watch, apply, arrive, kinds } = watching();
    const now = performance.now();
    apply(FIRST, 3);
    const waited = arrive(FIRST, 2, { arrivedAt: now, sentSince: now - 1_000 });
    watch.overlapped(waited, [request(FIRST, 3, { arrivedAt: now - 500 })]);
    assert.deepEqual([kinds(), watch.tally.unclear], [[], 2]);
    watch.overlapped(waited, [request(FIRST, 1, { arrivedAt: now - 2_000 })]);
    assert.deepEqual(kinds(), ['overlap']);
    arrive(FIRST, 2, { arrivedAt: now + 60_000 });
    assert.deepEqual(kinds(), ['overlap', 'order']);
  });
  test('a newer one that was not applied does not count', () => {
    const { arrive, kinds } = watching();
    arrive(FIRST, 3);
    arrive(FIRST, 2);
    assert.deepEqual(kinds(), []);
  });
  test('a late application of an old one is the fault of the core, and makes nothing younger', () => {
    const { watch, apply, arrive, kinds } = watching();
    const late = arrive(FIRST, 1, { late: true });
    apply(FIRST, 3);
    watch.applied(late);
    assert.deepEqual(kinds(), []);
    arrive(FIRST, 2);
    assert.deepEqual(kinds(), ['order']);
    assert.equal(watch.tally.late, 1);
    assert.deepEqual(
      watch.history(FIRST).map(({ change }) => change),
      [1, 3, 2],
    );
  });
});

describe('numbers', () => {
  test('a number that another SIM has is a clash once the swap was told', () => {
    const { apply, kinds } = watching(ARRIVED - 500);
    apply(FIRST, 1);
    apply(SECOND, 2);
    assert.deepEqual(kinds(), ['clash']);
  });
  test('nobody could know before, nor while both messages were under way', () => {
    for (const toldAt of [undefined, ARRIVED + 100, ARRIVED - 10]) {
      const { watch, apply, kinds } = watching(toldAt);
      apply(FIRST, 1);
      apply(SECOND, 2);
      assert.deepEqual([kinds(), watch.tally.unknowable], [[], 1]);
    }
  });
  test('nor can who waited with his connection while the swap was told', () => {
    const { watch, apply, arrive, kinds } = watching(ARRIVED - 500);
    apply(FIRST, 1);
    arrive(SECOND, 2, { sentSince: ARRIVED - 600 });
    assert.deepEqual([kinds(), watch.tally.unknowable], [[], 1]);
  });
  test('a number that was released, or that the core brought back late, is free', () => {
    const { apply, kinds } = watching(ARRIVED - 500);
    apply(FIRST, 1);
    apply(FIRST, 2, BARRED);
    apply(SECOND, 2);
    apply(SECOND, 3, BARRED);
    apply(FIRST, 2, { late: true });
    apply(SECOND, 4);
    assert.deepEqual(kinds(), []);
  });
  test('so is one that came back with a request that had waited with its connection', () => {
    const { watch, apply, kinds } = watching(ARRIVED - 500);
    apply(FIRST, 2, BARRED);
    apply(FIRST, 1, { sentSince: 0 });
    apply(SECOND, 3);
    assert.deepEqual([kinds(), watch.tally.unclear], [[], 1]);
  });
  test('one that the core gave twice before anybody could know is judged once, until its old SIM is given it anew', () => {
    const { watch, apply, kinds } = watching(ARRIVED - 500);
    apply(FIRST, 1);
    apply(SECOND, 3, { sentSince: 0 });
    apply(SECOND, 4, BARRED);
    apply(SECOND, 5);
    assert.deepEqual([kinds(), watch.tally.unknowable], [[], 1]);
    apply(SECOND, 6, BARRED);
    apply(FIRST, 2);
    apply(SECOND, 7);
    assert.deepEqual(kinds(), ['clash']);
  });
  test('so is one that goes on from a SIM which the core gave it to before anybody could know', () => {
    const { watch, apply, kinds } = watching(ARRIVED - 500);
    apply(FIRST, 1);
    apply(SECOND, 3, { sentSince: 0 });
    apply(SECOND, 4, BARRED);
    apply(THIRD, 4);
    assert.deepEqual([kinds(), watch.tally.unknowable], [[], 1]);
  });
  test('a delete gives nobody the number that it names, and leaves it free', () => {
    const { watch, apply, kinds } = watching(ARRIVED - 500);
    apply(SECOND, 2);
    apply(FIRST, 3, { action: 'delete' });
    apply(SECOND, 4, { action: 'delete' });
    apply(THIRD, 5);
    assert.deepEqual([kinds(), watch.tally.unknowable], [[], 0]);
    assert.deepEqual(
      watch.history(SECOND).map(({ action }) => action),
      ['update', 'delete'],
    );
  });
  test('the old SIM must not get it again from the new one either', () => {
    const { apply, arrive, kinds } = watching(ARRIVED - 500);
    apply(SECOND, 3);
    arrive(FIRST, 1);
    assert.deepEqual(kinds(), ['clash']);
  });
});

test('the core is compared field by field with billing', () => {
  const state = {
    imsi: FIRST,
    subscriber_status: 'serviceGranted' as const,
    msisdn: [NUMBER],
    cs_profile: 'p-1',
    eps_profile: 'e-1',
  };
  const truth = new Map([[FIRST, state]]);
  assert.deepEqual(
    divergent(truth, () => state),
    [],
  );
  for (const wrong of [{ msisdn: [] }, { subscriber_status: 'x' }, { cs_profile: 'p-2' }, { eps_profile: 'e-2' }]) {
    assert.equal(divergent(truth, () => ({ ...state, ...wrong })).length, 1);
  }
  assert.deepEqual(
    divergent(truth, () => null),
    [{ imsi: FIRST, expected: state, found: null }],
  );
  const deleted = new Map([[FIRST, null]]);
  assert.deepEqual(
    divergent(deleted, () => null),
    [],
  );
  assert.deepEqual(
    divergent(deleted, () => state),
    [{ imsi: FIRST, expected: null, found: state }],
  );
});

test('percentiles', () => {
  const values = Array.from({ length: 100 }, (_, index) => index);
  assert.deepEqual([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)], [50, 99, 99]);
  assert.equal(percentile([], 0.5), 0);
});
