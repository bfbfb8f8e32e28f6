import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalStamp, compareVersions, mergeVersions, versionOf } from '../../src/core/version.ts';
import { anEvent } from '../helpers/events.ts';

test('stamps become UTC text with microseconds', () => {
  const cases: [unknown, string | null][] = [
    ['2025-03-12T16:47:36.585885+00:00', '2025-03-12T16:47:36.585885'],
    ['2025-03-12T16:47:36.5+00:00', '2025-03-12T16:47:36.500000'],
    ['2025-03-12T16:47:36Z', '2025-03-12T16:47:36.000000'],
    ['2025-03-12 17:02:11', '2025-03-12T17:02:11.000000'],
    ['2025-03-12T00:30:00.000001+02:00', '2025-03-11T22:30:00.000001'],
    ['2025-12-31T23:30:00-0130', '2026-01-01T01:00:00.000000'],
    ['2025-03-12T16:47:36.123456789+00', '2025-03-12T16:47:36.123456'],
    ['2025-02-30T00:00:00Z', null],
    ['2025-13-01T00:00:00Z', null],
    ['0000-01-01T00:00:00+23:00', null],
    ['yesterday', null],
    ['', null],
    [1741798056, null],
    [null, null],
    [undefined, null],
  ];
  for (const [from, to] of cases) assert.equal(canonicalStamp(from), to, String(from));
});

test('a version is what the event carries readably', () => {
  const event = anEvent({
    variables: { i_event: '000999999', event_time: '2025-03-12 17:02:11' },
    updated_at: '2025-03-12T17:02:13.250000+00:00',
    created_at: null,
  });
  assert.deepEqual(versionOf(event), {
    updatedAt: '2025-03-12T17:02:13.250000',
    eventTime: '2025-03-12T17:02:11.000000',
    iEvent: '999999',
  });
  assert.deepEqual(versionOf(anEvent({ variables: { i_event: 1.5, event_time: {} } })), {});
});

test('the first field that both have and that differs decides', () => {
  const older = { updatedAt: '2025-03-12T17:02:13.250000', iEvent: '9' };
  assert.ok(compareVersions(older, { updatedAt: '2025-03-12T17:02:13.250001', iEvent: '1' }) < 0, 'microseconds count');
  assert.ok(compareVersions(older, { iEvent: '10' }) < 0, 'numbers compare as numbers');
  assert.ok(compareVersions({ iEvent: '90071992547409931' }, { iEvent: '90071992547409930' }) > 0, 'beyond 2^53 too');
  assert.equal(compareVersions(older, { eventTime: '2030-01-01T00:00:00.000000' }), 0, 'nothing in common');
  assert.equal(compareVersions(older, older), 0);
  assert.equal(compareVersions({}, {}), 0);
});

test('an event without stamps does not make the older ones forgotten', () => {
  const known = mergeVersions({ updatedAt: '2025-03-12T17:02:13.000010', iEvent: '4' }, { iEvent: '5' });
  assert.ok(compareVersions({ updatedAt: '2025-03-12T17:02:13.000009', iEvent: '9' }, known) < 0);
  assert.ok(compareVersions({ iEvent: '4' }, known) < 0);
  assert.deepEqual(mergeVersions(null, { iEvent: '5' }), { iEvent: '5' });
});
