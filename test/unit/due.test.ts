import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Statement } from '../../src/store/postgres/database.ts';
import { Due } from '../../src/store/postgres/due.ts';
import { onlyRecent } from '../../src/store/postgres/due-range.ts';

const NOW = 1_000_000;
const MINUTE = 60_000;

/** A database that tells where those are who are due when `scouted` does, and its clock when `clock` does. */
class FakeDatabase {
  scouts = 0;
  scouted: () => Promise<unknown[]> = async () => [];
  clock: () => Promise<unknown[]> = async () => [NOW];

  async lookLong<Row extends unknown[]>(_text: string): Promise<Row[]> {
    this.scouts++;
    return [(await this.scouted()) as Row];
  }

  async run<Row extends unknown[]>(_statement: Statement, _values: readonly unknown[]): Promise<Row[]> {
    return [(await this.clock()) as Row];
  }
}

const tooLong = async () => Promise.reject(new Error('it took too long'));

test('who became due lately is looked for though the first scout does not come back, and scouts are sent on', async (t) => {
  let passed = 0;
  t.mock.method(performance, 'now', () => passed);
  const database = new FakeDatabase();
  const due = new Due(database);
  database.scouted = () => {
    passed += MINUTE;
    return tooLong();
  };
  const range = await due.range();
  assert.deepEqual(range, onlyRecent(NOW));
  due.looked(range, { now: NOW + 7_000, limit: 2, oldest: 1, found: [NOW] });
  assert.deepEqual([await due.range(), database.scouts], [onlyRecent(NOW + 7_000), 1], 'it rests');

  passed += MINUTE;
  const back = Promise.withResolvers<unknown[]>();
  database.scouted = () => back.promise;
  assert.deepEqual([await due.range(), database.scouts], [onlyRecent(NOW + 7_000), 2], 'nobody waits for the next one');
  back.resolve([3, 9, NOW + MINUTE]);
  await back.promise;
  await new Promise(setImmediate);
  assert.deepEqual(await due.range(), { low: 3, high: 9, since: NOW + MINUTE - 5_000 });
});

test('nobody is looked for while the database tells nothing', async () => {
  const database = new FakeDatabase();
  const due = new Due(database);
  database.scouted = tooLong;
  database.clock = async () => Promise.reject(new Error('neither does this'));
  await assert.rejects(due.range(), /it took too long/);
  database.clock = async () => [NOW];
  assert.deepEqual(await due.range(), onlyRecent(NOW));
});
