import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SqliteStore } from '../../src/store/sqlite/index.ts';
import { Intents, intentsFile } from '../../src/store/sqlite/intents.ts';
import { BROKEN_DISK } from '../helpers/failing-disk.ts';
import { acceptanceOf, effects, LIMITS, wantedAt } from '../helpers/subscribers.ts';
import { releaseAt } from '../helpers/swaps.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsps-intents-'));
after(() => rmSync(folder, { recursive: true }));

const imsiOf = (number: number) => String(250_010_000_000_000 + number);
const imsisIn = (file: string) => Intents.read(file).map(({ imsi }) => imsi);

/** Files may not grow beyond that any more. @param bytes or `unlimited`. */
function limitFiles(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

describe('the file of intents', () => {
  test('holds no half lines once a disk that was full takes more', { skip: BROKEN_DISK.skip }, async () => {
    const file = join(folder, 'cut');
    const intents = new Intents(file);
    await intents.hold(imsiOf(1), wantedAt(1));
    // That is in the middle of the next line.
    limitFiles(statSync(file).size + 20);
    try {
      for (const number of [2, 3]) {
        await assert.rejects(intents.hold(imsiOf(number), wantedAt(1)));
        intents.letGo(imsiOf(number));
      }
    } finally {
      limitFiles('unlimited');
    }
    assert.deepEqual(imsisIn(file), [imsiOf(1)]);
    await intents.hold(imsiOf(4), wantedAt(1));
    assert.deepEqual(imsisIn(file), [imsiOf(1), imsiOf(4)]);
    intents.close();
  });

  test('is begun anew when it is long, also after that failed', { skip: BROKEN_DISK.skip }, async () => {
    const file = join(folder, 'long');
    const intents = new Intents(file);
    await intents.hold(imsiOf(0), wantedAt(1));
    const most = 5 * 1024 * 1024;
    let number = 1;
    const pass = async () => {
      await intents.hold(imsiOf(number), wantedAt(number));
      intents.letGo(imsiOf(number++));
    };
    while (statSync(file).size < 4 * 1024 * 1024) await Promise.all(Array.from({ length: 500 }, pass));
    limitFiles(100);
    try {
      for (let failure = 0; failure < 3; failure++) await assert.rejects(pass());
    } finally {
      limitFiles('unlimited');
    }
    for (let more = 0; more < 3; more++) await pass();
    assert.ok(statSync(file).size < most / 5);
    assert.ok(imsisIn(file).includes(imsiOf(0)));
    intents.close();
  });

  test('is on the disk before anybody is called for whose state was promised, once for many', async (t) => {
    const promised = Array.from({ length: 50 }, (_, number) => imsiOf(number));
    const store = await SqliteStore.open({ file: join(folder, 'synced.db'), limits: LIMITS });
    t.after(() => store.close());
    const file = intentsFile(join(folder, 'synced.db'));
    const handle = await open(file);
    const synced: string[][] = [];
    const { datasync } = handle;
    t.mock.method(Object.getPrototypeOf(handle), 'datasync', function sync(this: typeof handle) {
      synced.push(imsisIn(file).toSorted());
      return datasync.call(this);
    });
    await handle.close();
    await Promise.all(promised.map((imsi, n) => store.write(acceptanceOf(n, { imsi }))));
    const due = await store.claimDue(promised.length);
    assert.deepEqual([due.length, synced], [promised.length, [promised]]);
    // NSPS waits: without an answer it sends again, and that is the sign.
    await store.claim(imsiOf(99), wantedAt(1, { imsi: imsiOf(99), owed: false }), 1);
    assert.equal(synced.length, 1);
    // A SIM that is called for by the connector itself, for the sake of another's number.
    assert.ok(await store.claim(imsiOf(98), wantedAt(1, { imsi: imsiOf(98), owed: false }), 1, { durable: true }));
    assert.ok(synced.at(1)?.includes(imsiOf(98)));
    // Again, from memory.
    await store.write(effects({ kind: 'untouched', imsi: imsiOf(98), retryInMs: null }));
    assert.ok(await store.claim(imsiOf(98), wantedAt(2, { imsi: imsiOf(98), owed: false }), 1, { durable: true }));
    assert.deepEqual([synced.length, synced.at(2)?.includes(imsiOf(98))], [3, true]);
  });

  test('waits for the disk with what was answered meanwhile in mind: a swap may be among it (G5)', async (t) => {
    const file = join(folder, 'meanwhile.db');
    const store = await SqliteStore.open({ file, limits: LIMITS });
    t.after(() => store.close());
    const handle = await open(intentsFile(file));
    const { datasync } = handle;
    let meanwhile = async () => {};
    t.mock.method(Object.getPrototypeOf(handle), 'datasync', async function sync(this: typeof handle) {
      const once = meanwhile;
      meanwhile = async () => {};
      await once();
      await datasync.call(this);
    });
    await handle.close();
    const [due, other, old] = [imsiOf(1), imsiOf(2), imsiOf(3)];
    const announce = (imsi: string) => async () => {
      await store.write(effects({ kind: 'expect', imsi, after: [releaseAt(1, old)], wanted: null }));
    };
    await store.write(acceptanceOf(2, { imsi: due }));
    meanwhile = announce(due);
    const [taken] = await store.claimDue(1);
    assert.deepEqual(taken?.after, [releaseAt(1, old)]);
    await store.look(other);
    meanwhile = announce(other);
    const claimed = await store.claim(other, wantedAt(2, { imsi: other }), 1, { durable: true });
    assert.deepEqual(claimed?.after, [releaseAt(1, old)]);
  });

  test('does not bring back what was discarded before it could say that the call had ended', async (t) => {
    const file = join(folder, 'discarded.db');
    const imsi = imsiOf(1);
    const open = async () => {
      const store = await SqliteStore.open({ file, limits: LIMITS });
      t.after(() => store.close());
      return store;
    };
    const first = await open();
    const confirmed = wantedAt(1, { imsi });
    await first.write(effects({ kind: 'applied', imsi, wanted: confirmed, ageMs: 1, released: [] }));
    await first.write(acceptanceOf(2, { imsi }));
    await first.claimDue(1);
    const failed = { kind: 'failed', imsi, wanted: wantedAt(2, { imsi }), result: 'rejected', counts: true } as const;
    await first.write(effects({ ...failed, why: 'No such profile', retryInMs: 1 }));
    assert.deepEqual(await first.write(effects({ kind: 'discard', imsi, why: 'given up' })), [true]);
    // As a process leaves it that is killed now.
    const left = readFileSync(intentsFile(file));
    await first.close();
    writeFileSync(intentsFile(file), left);
    const next = await open();
    const { applied, desired } = await next.look(imsi);
    assert.deepEqual([applied, desired], [confirmed, null]);
    assert.equal((await next.views.event('event-2'))?.state, 'discarded');
  });

  test('takes nothing more once it is closed: its number may be that of another file', async () => {
    const file = join(folder, 'closed');
    const intents = new Intents(file);
    await intents.hold(imsiOf(1), wantedAt(1));
    intents.close();
    await assert.rejects(intents.hold(imsiOf(2), wantedAt(1)), /the store is closed/);
    assert.deepEqual(imsisIn(file), [imsiOf(1)]);
  });
});
