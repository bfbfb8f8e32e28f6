import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { StoreError } from '../../src/ports/store.ts';
import { SqliteStore } from '../../src/store/sqlite/index.ts';
import { requireToday } from '../../src/store/sqlite/schema.ts';
import { sqliteBench } from '../helpers/sqlite-bench.ts';
import { acceptanceOf, effects, IMSI, LIMITS, wantedAt } from '../helpers/subscribers.ts';

const asGuest = (file: string) => SqliteStore.open({ file, limits: LIMITS, role: 'guest' });

async function refusalOf(file: string): Promise<string> {
  const error = await asGuest(file).catch((reason: unknown) => reason);
  assert.ok(error instanceof StoreError);
  return error.message;
}

test('a command makes no database where there is none', async () => {
  await using bench = await sqliteBench();
  assert.match(await refusalOf(bench.file), /connector\.db: there is no such file/);
  assert.ok(!existsSync(bench.file));
});

test('a command changes no database that is not of its own version', async () => {
  await using bench = await sqliteBench();
  await (await bench.open()).close();
  const setVersion = (version: number) => {
    using db = new DatabaseSync(bench.file);
    db.exec(`PRAGMA user_version = ${version}`);
  };
  const version = () => {
    using db = new DatabaseSync(bench.file);
    return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  };
  const today = version();
  setVersion(today + 1);
  assert.match(await refusalOf(bench.file), /newer version/);
  setVersion(today - 1);
  assert.match(await refusalOf(bench.file), /start the connector/);
  assert.equal(version(), today - 1);
  using db = new DatabaseSync(bench.file);
  db.exec('PRAGMA user_version = 1');
  assert.throws(() => requireToday(db, 2), /older version .*schema 1.*needs 2.*start the connector/s);
});

test('a command takes a file that is no database for what it is', async () => {
  await using bench = await sqliteBench();
  writeFileSync(bench.file, 'a letter to a friend, which is certainly no database');
  assert.match(await refusalOf(bench.file), /not a database/);
});

test('a command writes while a connector holds claims and writes, and ends none of them', async () => {
  await using bench = await sqliteBench();
  const owner = await bench.open();
  await owner.write(acceptanceOf(1));
  assert.equal((await owner.claimDue(1, 60_000)).length, 1);
  const guest = await asGuest(bench.file);
  const others = Array.from({ length: 200 }, (_, index) => String(100_000_000_000_000 + index));
  const asked = others.map((imsi) => guest.write({ ...acceptanceOf(2, { imsi }), entry: null }));
  const accepted = others.map((imsi) => owner.write(acceptanceOf(3, { imsi })));
  await Promise.all([...asked, ...accepted]);
  assert.deepEqual(await guest.write({ ...acceptanceOf(4), entry: null }), [true]);
  await guest.close();
  assert.equal(await owner.claim(IMSI, wantedAt(4), 60_000), null, 'still held');
  await owner.write(effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(1), ageMs: 1, released: [] }));
  const held = await owner.claim(IMSI, null, 60_000);
  assert.deepEqual([held?.applied, held?.desired], [wantedAt(1), wantedAt(4)]);
  await owner.close();
});
