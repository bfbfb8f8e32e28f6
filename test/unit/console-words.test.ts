import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ageText, durationText, latencyText, stampText } from '../../src/console/lib/time-text.ts';
import { isSettled, verdictSentence, wantedTitle } from '../../src/console/lib/words.ts';
import type { SubscriberView, WantedView } from '../../src/contract/admin.ts';

const IMSI = '001010000020349';
const NOW = Date.parse('2025-06-09T17:44:20Z');
const inMs = (ms: number) => new Date(NOW + ms).toISOString();

const WANTED: WantedView = {
  action: 'update',
  state: { imsi: IMSI, status: 'serviceGranted', msisdn: '380661310764', csProfile: 'cs', epsProfile: 'eps' },
  eventId: 'e-1',
  version: {},
  owed: true,
  missing: false,
};

function view(part: Partial<SubscriberView>): SubscriberView {
  const names = { msisdn: null, account: null, iccid: null };
  const quiet = {
    untaken: null,
    after: [],
    unsettledUntil: null,
    dueAt: null,
    waitingSince: null,
    attempts: 0,
    dead: null,
    lastFailure: null,
    events: [],
  };
  return { imsi: IMSI, names, verdict: 'in step', desired: null, applied: null, ...quiet, ...part };
}

describe('verdict', () => {
  test('says what the network has', () => {
    const { title, more } = verdictSentence(view({ applied: WANTED }), NOW);
    assert.equal(title, 'The network has what billing wants.');
    assert.equal(more, 'Service granted, number 380661310764. The network confirmed it; nothing is waiting.');
  });

  test('does not claim that the network has what it had nobody for', () => {
    const { title, more, tone } = verdictSentence(view({ applied: { ...WANTED, missing: true } }), NOW);
    assert.deepEqual([title, tone], ['The network does not know this SIM.', 'ok']);
    assert.match(more, /^It was to lose its number, and there was nobody who had one\. Nothing is waiting/);
  });

  test('does not claim that the network has what was deleted', () => {
    const { title, more } = verdictSentence(view({ applied: { ...WANTED, action: 'delete' } }), NOW);
    assert.equal(title, 'The network has what billing wants: nobody.');
    assert.equal(more, 'The SIM was deleted. The network confirmed it; nothing is waiting.');
  });

  test('says when the connector tries again, and after whom', () => {
    const waiting = {
      verdict: 'waiting',
      desired: WANTED,
      attempts: 2,
      waitingSince: inMs(-65_000),
      dueAt: inMs(42_000),
    } as const;
    assert.equal(
      verdictSentence(view({ ...waiting, after: [WANTED] }), NOW).more,
      `SIM ${IMSI} has to give its number back first. The connector tries again in 42 s. 2 attempts failed in the last 1 min.`,
    );
    assert.equal(
      verdictSentence(view({ ...waiting, attempts: 0, dueAt: inMs(-5) }), NOW).more,
      'The connector is trying now.',
    );
  });

  test('says when it is NSPS who sends again', () => {
    const desired = { ...WANTED, owed: false };
    const { title, more } = verdictSentence(view({ verdict: 'unsettled', desired }), NOW);
    assert.equal(title, 'The network did not confirm the newest state.');
    assert.equal(more, 'NSPS delivers the event again; the connector does nothing by itself.');
  });

  test('says what billing wants beyond what was taken', () => {
    const untaken = { eventId: 'e-2', state: 'failed', why: 'Connection refused' } as const;
    const { title, more } = verdictSentence(view({ verdict: 'unsettled', applied: WANTED, untaken }), NOW);
    assert.equal(title, 'Billing wants something newer, which was not taken.');
    assert.match(more, /^Event e-2 failed: Connection refused\. NSPS sends it again until it gives up/);
  });

  test('says of the state beside the network whether billing wants something else by now', () => {
    const untaken = { eventId: 'e-2', state: 'failed', why: null } as const;
    const own = { ...WANTED, eventId: 'e-2', owed: false };
    assert.equal(wantedTitle(view({ applied: WANTED })), 'Billing wants');
    assert.equal(wantedTitle(view({ applied: WANTED, untaken })), 'Billing wanted before');
    assert.equal(wantedTitle(view({ applied: WANTED, desired: own, untaken })), 'Billing wants');
  });

  test('claims nothing about a call that may still be applied', () => {
    const unsettled = view({ verdict: 'unsettled', desired: WANTED, unsettledUntil: inMs(70_000), dueAt: inMs(5_000) });
    const { title, more } = verdictSentence(unsettled, NOW);
    assert.equal(title, 'It is not known what the network has.');
    assert.match(more, /^A call ended without a result and may still be applied for 1 min\. /);
  });

  test('gives the reason of a dead letter', () => {
    const { title, tone } = verdictSentence(view({ verdict: 'dead letter', dead: 'No such profile' }), NOW);
    assert.deepEqual([title, tone], ['The connector gave up: No such profile', 'bad']);
  });

  test('is waited for only while the connector has something to do', () => {
    assert.equal(isSettled({ verdict: 'waiting', dueAt: inMs(5) }), false);
    assert.equal(isSettled({ verdict: 'unsettled', dueAt: null }), true);
    assert.equal(isSettled({ verdict: 'in step', dueAt: inMs(5) }), true);
  });
});

test('durations are told in the units people think in', () => {
  const cases = [0, 850, 12_000, 180_000, 7_500_000, 72_000_000, 190_000_000, 1_900_000_000];
  assert.deepEqual(cases.map(durationText), [
    '0 ms',
    '850 ms',
    '12 s',
    '3 min',
    '2 h 5 min',
    '20 h',
    '2 d 4 h',
    '21 d',
  ]);
  assert.deepEqual(
    [-5_000, 0, 5_000].map((ms) => ageText(NOW - ms, NOW)),
    ['in 5 s', 'just now', '5 s ago'],
  );
  assert.deepEqual([null, 0.84, 42.4, 1_254].map(latencyText), ['–', '0.8 ms', '42 ms', '1.25 s']);
});

test('a stamp that orders events is told as a time in UTC, a number as it is', () => {
  const stamps = ['2025-03-12T16:47:36.585885', '2025-03-12T16:47:36.585885Z', '1204417'];
  const time = '2025-03-12 16:47:36.585885 UTC';
  assert.deepEqual(stamps.map(stampText), [time, time, '1204417']);
});
