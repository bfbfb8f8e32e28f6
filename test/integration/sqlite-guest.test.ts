import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { StoreError } from '../../src/ports/store.ts';
import { signGuestBook } from '../../src/store/sqlite/guest-book.ts';
import { SqliteStore } from '../../src/store/sqlite/index.ts';
import { requireToday } from '../../src/store/sqlite/schema.ts';
import { Thread } from '../../src/store/sqlite/thread-handle.ts';
import { type SqliteBench, sqliteBench } from '../helpers/sqlite-bench.ts';
import { acceptanceOf, effects, IMSI, LIMITS, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';

async function refusalOf(bench: SqliteBench): Promise<string> {
  const error = await bench.openAs('guest').catch((reason: unknown) => reason);
  assert.ok(error instanceof StoreError);
  return error.message;
}

test('a command makes no database where there is none', async () => {
  await using bench = await sqliteBench();
  assert.match(await refusalOf(bench), /connector\.db: there is no such file/);
  assert.ok(!existsSync(bench.file));
});

const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root, who may become somebody else' };
test('a command of a user who may not read the database says so', asRoot, async () => {
  await using bench = await sqliteBench();
  await (await bench.open()).close();
  chmodSync(dirname(bench.file), 0o755);
  const place = JSON.stringify(new URL('../../src/store/sqlite/engine.ts', import.meta.url).href);
  const options = JSON.stringify({ file: bench.file, limits: LIMITS, role: 'guest' });
  // It has read its own code by then, which may lie where nobody else may look.
  const script = `const { Engine } = await import(${place}); process.setuid(65534); new Engine(${options})`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.match(stderr, /connector\.db cannot be used: this user may not \(EACCES\)$/m);
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
  assert.match(await refusalOf(bench), /newer version/);
  setVersion(today - 1);
  assert.match(await refusalOf(bench), /start the connector/);
  assert.equal(version(), today - 1);
  using db = new DatabaseSync(bench.file);
  db.exec('PRAGMA user_version = 1');
  assert.throws(() => requireToday(db, 2), /older version .*schema 1.*needs 2.*start the connector/s);
});

test('a connector takes a file that another one has for what it is, whichever link leads to it (G1)', async (t) => {
  await using bench = await sqliteBench();
  const link = `${bench.file}.link`;
  symlinkSync(bench.file, link);
  // The first of them makes the file through the link.
  const first = await SqliteStore.open({ file: link, limits: LIMITS });
  t.after(() => first.close());
  await assert.rejects(bench.open(), /another connector is running on this file/);
  await first.claim(IMSI, wantedAt(1, { owed: false }));
  await first.close();
  const next = await bench.open();
  assert.deepEqual((await next.look(IMSI)).desired, wantedAt(1, { owed: false }), 'and what that may have sent');
});

test('a claim knows of what a command wrote that came by a link (G4)', async (t) => {
  await using bench = await sqliteBench();
  const owner = await bench.open();
  await owner.look(IMSI);
  const link = `${bench.file}.link`;
  symlinkSync(bench.file, link);
  const guest = await SqliteStore.open({ file: link, limits: LIMITS, role: 'guest' });
  t.after(() => guest.close());
  await guest.write(acceptanceOf(1));
  assert.deepEqual((await owner.claim(IMSI, null, 1))?.desired, wantedAt(1));
});

test('a command takes a file that is no database for what it is', async () => {
  await using bench = await sqliteBench();
  writeFileSync(bench.file, 'a letter to a friend, which is certainly no database');
  assert.match(await refusalOf(bench), /not a database/);
});

test('a command writes while a connector holds claims and writes, and ends none of them', async () => {
  await using bench = await sqliteBench();
  const owner = await bench.open();
  await owner.write(acceptanceOf(1));
  assert.equal((await owner.claimDue(1, 60_000)).length, 1);
  const guest = await bench.openAs('guest');
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
});

/** What a claim tells of a subscriber, who is let go at once. */
async function toldOf(store: SqliteStore, imsi: string) {
  const held = await store.claim(imsi, null);
  assert.ok(held);
  await store.write(effects({ kind: 'untouched', imsi, retryInMs: null, claim: held.claim }));
  return held;
}

/** Applies state number `n` and has it remembered. */
async function apply(store: SqliteStore, n: number, imsi = IMSI): Promise<void> {
  assert.ok(await store.claim(imsi, wantedAt(n, { imsi })));
  await store.write(effects({ kind: 'applied', imsi, wanted: wantedAt(n, { imsi }), ageMs: 1, released: [] }));
  assert.equal((await toldOf(store, imsi)).applied?.eventId, `event-${n}`);
}

/** Accepts state number `n`, and gives up on it. */
async function die(store: SqliteStore, n: number): Promise<void> {
  await store.write(acceptanceOf(n));
  assert.equal((await store.claimDue(1)).length, 1);
  const refusal = { result: 'rejected', why: 'no such profile', retryInMs: 1, counts: true } as const;
  await store.write(effects({ kind: 'failed', imsi: IMSI, wanted: wantedAt(n), ...refusal }));
}

test('a claim knows at once of a swap that a command replayed (G5)', async () => {
  await using bench = await sqliteBench();
  const owner = await bench.openAs('owner');
  await apply(owner, 1, OTHER_IMSI);
  await apply(owner, 1);
  const guest = await bench.openAs('guest');
  const release = wantedAt(2, { imsi: OTHER_IMSI, msisdn: null });
  const swap = { kind: 'want', imsi: IMSI, wanted: wantedAt(2), after: [release] } as const;
  await guest.write(effects({ kind: 'want', imsi: OTHER_IMSI, wanted: release, after: [] }, swap));
  const told = await toldOf(owner, IMSI);
  assert.deepEqual([told.desired, told.after], [wantedAt(2), [release]]);
  assert.deepEqual((await toldOf(owner, OTHER_IMSI)).desired, release);
});

test('a claim knows at once of a dead letter that a command discarded (G4)', async () => {
  await using bench = await sqliteBench();
  const owner = await bench.openAs('owner');
  await apply(owner, 1);
  await die(owner, 3);
  assert.equal((await toldOf(owner, IMSI)).dead, 'no such profile');
  const guest = await bench.openAs('guest');
  assert.deepEqual(await guest.write(effects({ kind: 'discard', imsi: IMSI, why: 'a test' })), [true]);
  const told = await toldOf(owner, IMSI);
  assert.deepEqual([told.dead, told.desired, told.applied], [null, null, wantedAt(1)]);
});

test('a command that began before an event came tells the event what becomes of it', async () => {
  await using bench = await sqliteBench();
  const owner = await bench.openAs('owner');
  const guest = await bench.openAs('guest');
  await guest.look(IMSI);
  await die(owner, 1);
  assert.equal((await owner.views.event('event-1'))?.state, 'dead');
  assert.deepEqual(await guest.write(effects({ kind: 'discard', imsi: IMSI, why: 'a test' })), [true]);
  assert.equal((await owner.views.event('event-1'))?.state, 'discarded');
});

test('what was read while a command was about to commit is not remembered beyond that', async () => {
  await using bench = await sqliteBench();
  const owner = await bench.openAs('owner');
  await apply(owner, 1);
  {
    using guest = new DatabaseSync(bench.file);
    guest.exec('BEGIN IMMEDIATE');
    guest.exec("UPDATE subscribers SET dead = 'by the guest', due_at = NULL");
    signGuestBook(bench.file);
    assert.equal((await owner.look(IMSI)).dead, null, 'it has not committed');
    guest.exec('COMMIT');
  }
  assert.equal((await owner.claim(IMSI, null))?.dead, 'by the guest');
});

test('what no command wrote since is answered from memory', async (t) => {
  await using bench = await sqliteBench();
  const owner = await bench.openAs('owner');
  const ask = t.mock.method(Thread.prototype, 'ask');
  const reads = () => ask.mock.calls.filter(({ arguments: [name] }) => name === 'read').length;
  await apply(owner, 1);
  assert.equal(reads(), 1);
  const guest = await bench.openAs('guest');
  await guest.write(acceptanceOf(2));
  await guest.close();
  for (let again = 0; again < 3; again++) await toldOf(owner, IMSI);
  assert.equal(reads(), 3, 'what was read before the next write of the connector is not remembered');
});

test('commands are told by a file for the owner of the database only, which only a connector makes', async () => {
  await using bench = await sqliteBench();
  const book = `${bench.file}-guests`;
  const guestWrites = async (n: number) => {
    const guest = await bench.openAs('guest');
    await guest.write(acceptanceOf(n));
    await guest.close();
  };
  const first = await bench.openAs('owner');
  assert.deepEqual([statSync(book).mode & 0o777, statSync(book).size], [0o600, 0]);
  await apply(first, 1);
  rmSync(book);
  await guestWrites(2);
  assert.ok(!existsSync(book));
  assert.deepEqual((await toldOf(first, IMSI)).desired, wantedAt(2), 'without it nothing is answered from memory');
  await first.close();
  const second = await bench.openAs('owner');
  await guestWrites(3);
  assert.equal(statSync(book).size, 1);
  assert.deepEqual((await toldOf(second, IMSI)).desired, wantedAt(3));
});
