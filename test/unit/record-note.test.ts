import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  pauseBeforeWrite,
  type RecordNote,
  readNote,
  withWrite,
  withWriteEnded,
} from '../../src/delivery/recording/note.ts';

const NOW = 1_800_000_000_000;
const fresh = readNote(null, 'here', NOW);
const written = (...agoMs: number[]): RecordNote => ({ ...fresh, writes: agoMs.map((ago) => NOW - ago) });

describe("the recorder's note", () => {
  test('writes are evenly spaced, and so many in any minute', () => {
    assert.equal(pauseBeforeWrite(fresh, 60, NOW), 0);
    assert.equal(pauseBeforeWrite(written(400), 60, NOW), 600);
    assert.equal(pauseBeforeWrite(written(400), 20, NOW), 2_600);
    assert.equal(pauseBeforeWrite(written(50_000, 30_000, 25_000), 3, NOW), 11_000, 'the first of three, and a margin');
    assert.equal(pauseBeforeWrite(written(50_000, 30_000, 25_000), 4, NOW), 0);
  });

  test('a clock that was set back keeps nobody waiting for longer than a minute', () => {
    assert.ok(pauseBeforeWrite(written(-9_999_999), 1, NOW) <= 61_000);
  });

  test('nor for ever: what was written later than now was written now', () => {
    const note = readNote(JSON.stringify(written(3_000, -9_999_999)), 'here', NOW);
    assert.deepEqual(note.writes, [NOW - 3_000, NOW]);
    assert.equal(pauseBeforeWrite(note, 60, NOW + 1_000), 0);
  });

  test('a write counts from when it ended; those of more than a minute ago are forgotten', () => {
    const before = withWrite(written(61_001, 60_000), NOW);
    assert.deepEqual(before.writes, [NOW - 60_000, NOW]);
    assert.deepEqual(withWriteEnded(before, NOW + 500).writes, [NOW - 60_000, NOW + 500]);
  });

  test('after a death in the middle of a write, it counts from now: when it ended is not known', () => {
    const pending = { eventIds: ['e-1'], settleAt: NOW + 1 };
    const text = JSON.stringify({ ...written(3_000, 2_000), pending });
    assert.deepEqual(readNote(text, 'here', NOW), { ...written(3_000, 0), pending });
    assert.deepEqual(readNote(JSON.stringify(written(2_000)), 'here', NOW), written(2_000));
  });

  test('what is known of rows is of one sheet only; the writes are of the account', () => {
    const text = JSON.stringify({ ...written(2_000), last: { row: 7, id: 'e-7' } });
    assert.deepEqual(readNote(text, 'elsewhere', NOW), { ...written(2_000), place: 'elsewhere' });
  });
});
