import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CommandLine, UsageError } from '../../src/cli/command.ts';
import { durationText, parseTime, timeSpan, timeText } from '../../src/cli/times.ts';

const NOW = Date.UTC(2026, 0, 15, 10, 0, 0);

function lineOf(values: Record<string, string>): CommandLine {
  return { positionals: [], flags: {}, values };
}

describe('times on the command line', () => {
  test('ISO 8601: with an offset, without one (UTC), and a date alone', () => {
    assert.equal(parseTime('2026-01-15T10:00:00Z', 0), NOW);
    assert.equal(parseTime('2026-01-15T12:00:00.250+02:00', 0), NOW + 250);
    assert.equal(parseTime('2026-01-15 10:00:00', 0), NOW);
    assert.equal(parseTime('2026-01-15T10:00Z', 0), NOW);
    assert.equal(parseTime('2026-01-15', 0), NOW - 36_000_000);
  });
  test('how long ago', () => {
    const ago = { '90s': 90_000, '15m': 900_000, '2h': 7_200_000, '3d': 259_200_000, '1w': 604_800_000, '0s': 0 };
    for (const [text, ms] of Object.entries(ago)) assert.equal(parseTime(text, NOW), NOW - ms, text);
  });
  test('nothing else', () => {
    const wrong = [
      '',
      'yesterday',
      '15',
      'm',
      '1.5h',
      '-2h',
      '2h3m',
      '2026-02-30',
      '2026-1-5',
      '10:00',
      '2026-01-15T25:00Z',
    ];
    for (const text of wrong) assert.equal(parseTime(text, NOW), null, text);
  });
  test('a span names the end that is wrong', () => {
    assert.deepEqual(timeSpan(lineOf({}), NOW), {});
    assert.deepEqual(timeSpan(lineOf({ since: '1h' }), NOW), { from: NOW - 3_600_000 });
    assert.deepEqual(timeSpan(lineOf({ since: '1h', until: '1m' }), NOW), {
      from: NOW - 3_600_000,
      until: NOW - 60_000,
    });
    const refusal = (values: Record<string, string>) => {
      assert.throws(() => timeSpan(lineOf(values), NOW), UsageError);
      return (() => timeSpan(lineOf(values), NOW)) as () => void;
    };
    assert.throws(refusal({ until: 'soon' }), /--until must be a time such as .*not "soon"/);
    assert.throws(refusal({ since: '1m', until: '1h' }), /--since 1m is not before --until 1h/);
  });
  test('as people read them', () => {
    assert.equal(timeText(NOW + 999), '2026-01-15 10:00:00Z');
    assert.deepEqual([0, 59_000, 61_000, 7_260_000, 90_000_000].map(durationText), [
      '0 s',
      '59 s',
      '1 min 1 s',
      '2 h 1 min',
      '1 d 1 h',
    ]);
  });
});
