import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { Event } from '../../src/contract/event.ts';
import { CoreStub, type StubAnswer } from '../helpers/core-stub.ts';
import { anEvent, OTHER_IMSI, stamp } from '../helpers/events.ts';
import { BROKEN_DISK, DiskSite, FULL_DISK } from '../helpers/failing-disk.ts';
import { type Answer, get, post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { CORE_TOKEN, Program, run, serve, TOKEN } from '../helpers/program.ts';
import { sqliteBench } from '../helpers/sqlite-bench.ts';

const MANY = 30;

/** An event of a subscriber of its own. */
function eventOf(number: number): Event {
  return anEvent({ event_id: `e-${number}`, sim_info: { imsi: String(1_010_000_000_000 + number).padStart(15, '0') } });
}

async function postAll(site: DiskSite, from: number, count = MANY): Promise<Answer[]> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  return Promise.all(numbers.map((number) => post(site.connector.eventUrl, eventOf(number))));
}

const isReady = async (site: DiskSite) => (await get(`${site.connector.url}/ready`)).status === 200;

function logged(site: DiskSite, message: string): Record<string, unknown>[] {
  return site.connector.program.lines.filter(({ msg, message: text }) => (msg ?? text) === message);
}

for (const fault of [FULL_DISK, BROKEN_DISK]) {
  describe(`on ${fault.name}`, { skip: fault.skip }, () => {
    for (const DELIVERY of ['inline', 'queued']) {
      test(`${DELIVERY}: nothing is acknowledged or sent, until it works again by itself`, async () => {
        await using core = await CoreStub.start();
        await using site = await DiskSite.start(core.url, fault, { DELIVERY });
        for (const { status } of await postAll(site, 0)) assert.equal(status, 202);
        await until('all were sent', async () => (await site.eventsIn('processed')).length === MANY);

        await site.fail();
        await until('the store fails', async () => (await post(site.connector.eventUrl, eventOf(MANY))).status === 503);
        const calls = core.calls.length;
        for (const { status, headers, body } of await postAll(site, MANY + 1)) {
          assert.deepEqual([status, body.message], [503, 'Core service is not available']);
          assert.match(body.error, /^The store cannot be written: /);
          assert.deepEqual(body.details, [{ path: 'store', message: body.error }]);
          assert.match(body.error, fault.words);
          assert.match(headers.get('retry-after') ?? '', /^\d+$/);
        }
        const { status, body } = await get(`${site.connector.url}/ready`);
        assert.deepEqual([status, body.status], [503, 'Store unavailable']);
        assert.equal((await get(`${site.connector.url}/health`)).status, 200);
        assert.equal(core.calls.length, calls);

        await site.mend();
        await until('it is ready again', () => isReady(site));
        for (const { status } of await postAll(site, MANY, MANY + 1)) assert.equal(status, 202);
        await until('all are kept, and sent', async () => (await site.eventsIn('processed')).length === 2 * MANY + 1);
        assert.deepEqual(
          logged(site, 'The store fails').map(({ level }) => level),
          ['error'],
        );
        assert.equal(logged(site, 'The store works again').length, 1);
      });
    }

    test('what the core was told before is not forgotten: nothing older is sent afterwards', async () => {
      let answerCore = () => {};
      const held: StubAnswer = (_call, response) => {
        answerCore = () => void response.end('{"result":true}');
      };
      await using core = await CoreStub.start(held);
      await using site = await DiskSite.start(core.url, fault, { DELIVERY: 'inline' });
      const newer = post(site.connector.eventUrl, anEvent({ event_id: 'newer', updated_at: stamp(2) }));
      await core.called(1);
      await site.fail();
      answerCore();
      assert.equal((await newer).status, 503, 'it could not be kept that it was done');

      core.answer = (_call, response) => void response.end('{"result":true}');
      await site.mend();
      await until('it is ready again', () => isReady(site));
      const older = await post(site.connector.eventUrl, anEvent({ event_id: 'older', updated_at: stamp(1) }));
      assert.deepEqual([older.status, older.body.outcome], [202, 'superseded']);
      assert.equal(core.calls.length, 1);
    });

    test('stopping ends it all the same', async () => {
      await using core = await CoreStub.start();
      await using site = await DiskSite.start(core.url, fault, {});
      assert.equal((await post(site.connector.eventUrl, anEvent())).status, 202);
      await site.fail();
      const other = anEvent({ event_id: 'e-2', sim_info: { imsi: OTHER_IMSI } });
      await until('the store fails', async () => (await post(site.connector.eventUrl, other)).status === 503);
      site.connector.program.signal('SIGTERM');
      assert.deepEqual(await site.connector.program.exited, { code: 0, signal: null });
      assert.deepEqual(logged(site, 'Uncaught fault; ending'), []);
    });
  });
}

describe('a database file that is taken away while it is open', () => {
  for (const DELIVERY of ['inline', 'queued']) {
    test(`${DELIVERY}: takes no event with it, and is gone on with once it is back`, async () => {
      await using core = await CoreStub.start();
      await using bench = await sqliteBench();
      await using connector = await serve(core.url, { DELIVERY, STORE_URL: `sqlite:${bench.file}` });
      const ask = async (number: number) => await post(connector.eventUrl, eventOf(number));
      const ready = async () => (await get(`${connector.url}/ready`)).status === 200;
      assert.equal((await ask(1)).status, 202);
      await until('it was sent', () => core.calls.length === 1);
      await rename(bench.file, `${bench.file}.away`);
      const { status, body } = await ask(2);
      assert.equal(status, 503, 'it would be lost');
      const calls = core.calls.length;
      assert.match(body.error, /the open database was taken away: put it back/);
      assert.equal(await ready(), false);
      await copyFile(`${bench.file}.away`, bench.file);
      assert.match((await ask(2)).body.error, /^The store cannot be written: /);
      assert.equal(await ready(), false);
      assert.equal(core.calls.length, calls, 'nothing was sent that could not be kept');
      await rename(`${bench.file}.away`, bench.file);
      await until('it is ready again', ready);
      assert.equal((await ask(2)).status, 202);
      await until('it was sent, too', () => core.calls.length === calls + 1);
    });
  }
});

test('a log that is taken away from beside the open database takes no event with it', async () => {
  await using core = await CoreStub.start();
  await using bench = await sqliteBench();
  const link = `${bench.file}-link`;
  await symlink(bench.file, link);
  await using connector = await serve(core.url, { STORE_URL: `sqlite:${link}` });
  const ask = async (number: number) => await post(connector.eventUrl, eventOf(number));
  assert.equal((await ask(1)).status, 202);
  await rm(`${bench.file}-wal`);
  const { status, body } = await ask(2);
  assert.equal(status, 503, 'it would be lost if the process died');
  assert.match(body.error, /the "-wal" file of the open database was taken away/);
  connector.program.signal('SIGTERM');
  assert.equal((await connector.program.exited).code, 0);
  const store = await bench.open();
  assert.equal((await store.views.events({ limit: 9 })).length, 1, 'what was answered is kept where it is stopped');
});

describe('a log whose database was moved away is not thrown away with the next start (G3)', () => {
  for (const [what, take] of [
    ['is not there', (file: string) => rename(file, `${file}-elsewhere`)],
    ['is empty', (file: string) => copyFile(file, `${file}-elsewhere`).then(() => truncate(file))],
  ] as const) {
    test(`one that ${what} ends the start and the commands, and all is there once it is back`, async () => {
      await using core = await CoreStub.start();
      await using bench = await sqliteBench();
      const { file } = bench;
      const env = { STORE_URL: `sqlite:${file}` };
      await using connector = await serve(core.url, env);
      assert.equal((await post(connector.eventUrl, eventOf(1))).status, 202);
      connector.program.signal('SIGKILL');
      await connector.program.exited;
      await take(file);
      const words = new RegExp(`connector.db: it ${what}, but its log is there`);
      const settings = { API_TOKEN: TOKEN, WTL_API_URL: core.url, WTL_API_TOKEN: CORE_TOKEN, ...env };
      await using start = new Program(['serve'], settings);
      await until('it ends', () => start.child.exitCode !== null);
      assert.equal((await start.exited).code, 69);
      assert.match(start.stderr, words);
      assert.match((await run(['events'], settings)).stderr, words);
      const finding = await findingOf(file);
      assert.deepEqual([finding.verdict, words.test(finding.message)], ['fail', true], finding.message);
      await rename(`${file}-elsewhere`, file);
      const store = await bench.open();
      assert.equal((await store.views.events({ limit: 9 })).length, 1);
    });
  }
});

describe('a store that cannot be made ends the start, and what is in the way is said in words', () => {
  const refusal = async (file: string) => {
    const settings = { API_TOKEN: TOKEN, WTL_API_URL: 'http://127.0.0.1:1', WTL_API_TOKEN: CORE_TOKEN };
    await using program = new Program(['serve'], { ...settings, STORE_URL: `sqlite:${file}` });
    await until('it ends', () => program.child.exitCode !== null);
    assert.equal((await program.exited).code, 69);
    return program.stderr;
  };

  const unmakeable = { skip: process.platform === 'linux' ? false : 'has no /proc' };
  test('in a folder where nothing can be made', unmakeable, async () => {
    const words = 'STORE_URL: /proc/connector cannot be used: there is no such file or folder (ENOENT)';
    assert.equal(await refusal('/proc/connector/data/connector.db'), `nsps-connector serve: ${words}\n`);
  });

  test('where a file, a folder, a database of another program or a link that leads nowhere is', async () => {
    await using bench = await sqliteBench();
    const { file } = bench;
    const link = `${file}-link`;
    await symlink(`${file}-nowhere`, link);
    assert.match(await refusal(`${link}/data/x.db`), /-link cannot be used: something else has its name \(EEXIST\)$/m);
    assert.match(await refusal(dirname(file)), /[^/] cannot be used: it is a folder \(EISDIR\)$/m);
    await writeFile(file, '');
    assert.match(await refusal(join(file, 'x.db')), /x\.db cannot be used: a part of its path is a file \(ENOTDIR\)$/m);
    for (const user_version of [0, 1]) {
      using other = new DatabaseSync(`${file}-other-${user_version}`);
      other.exec(`CREATE TABLE theirs (a); PRAGMA user_version = ${user_version}`);
      const words = /-other-\d: the file is a database of another program: name another/;
      assert.match(await refusal(`${file}-other-${user_version}`), words);
      const changed = other
        .prepare('SELECT user_version, journal_mode FROM pragma_user_version, pragma_journal_mode')
        .get();
      assert.deepEqual({ ...changed }, { user_version, journal_mode: 'delete' });
    }
    await mkdir(`${file}-guests`);
    assert.match(await refusal(file), /connector\.db-guests cannot be used: it is a folder \(EISDIR\)$/m);
  });

  test('where a pipe, a device or a text is, which leaves nothing beside it and waits for nobody', async () => {
    await using bench = await sqliteBench();
    const at = (name: string) => join(dirname(bench.file), name);
    execFileSync('mkfifo', [at('pipe')]);
    await symlink('/dev/zero', at('device'));
    await writeFile(at('text'), 'no database\n'.repeat(99));
    const found = async () => [
      await readdir(dirname(bench.file)),
      (await readdir('/dev')).filter((name) => /^zero/.test(name)),
    ];
    const before = await found();
    for (const name of ['pipe', 'device']) {
      assert.match(await refusal(at(name)), /(pipe|device): it is a device, a pipe or a socket: name a file$/m);
    }
    assert.match(await refusal(at('text')), /text: the file is not a database of the connector/);
    assert.deepEqual(await found(), before);
  });
});

/** Becomes the program with a full disk in `$0/full`, and with a copy of the database that is in `$0` on it. */
const ON_FULL =
  'mount -t tmpfs -o size=2m tmpfs "$0/full" && cp "$0"/connector.db* "$0/full" && ' +
  '{ ! cat /dev/zero > "$0/full/ballast" 2> /dev/null; } && exec "$@"';

const DOCTORS = [
  { fault: FULL_DISK, wrapper: (folder: string) => ['unshare', '-m', 'sh', '-c', ON_FULL, folder] },
  { fault: BROKEN_DISK, wrapper: () => ['prlimit', '--fsize=0:'] },
];

/** What `doctor` finds about a store. */
async function findingOf(file: string, wrapper: readonly string[] = []): Promise<{ verdict: string; message: string }> {
  const settings = { API_TOKEN: TOKEN, WTL_API_URL: 'http://127.0.0.1:1', WTL_API_TOKEN: CORE_TOKEN };
  await using program = new Program(['doctor', '--json'], { ...settings, STORE_URL: `sqlite:${file}` }, { wrapper });
  await program.exited;
  assert.notEqual(program.stdout, '', program.stderr);
  const findings = JSON.parse(program.stdout) as { subject: string; verdict: string; message: string }[];
  return findings.find(({ subject }) => subject === 'store') ?? assert.fail(program.stdout);
}

describe('doctor', () => {
  for (const { fault, wrapper } of DOCTORS) {
    test(`finds ${fault.name}, under a database and where one is to be made`, { skip: fault.skip }, async () => {
      await using bench = await sqliteBench();
      await (await bench.open()).close();
      const folder = dirname(bench.file);
      const disk = join(folder, 'full');
      await mkdir(disk);
      for (const name of ['connector.db', 'connector.db-guests']) await copyFile(join(folder, name), join(disk, name));
      for (const [name, words] of [
        ['connector.db', /can be used/],
        ['other.db', /is made at the first start/],
      ] as const) {
        assert.match((await findingOf(join(disk, name))).message, words);
        const { verdict, message } = await findingOf(join(disk, name), wrapper(folder));
        assert.equal(verdict, 'fail', message);
        assert.match(message, fault.words);
      }
      const others = (await readdir(disk)).filter((name) => !name.startsWith('connector.db'));
      assert.deepEqual(others, [], 'nothing is left of it');
    });
  }

  test('finds a folder that is a link to a volume which is not there', async () => {
    await using bench = await sqliteBench();
    const volume = join(dirname(bench.file), 'volume');
    await symlink(join(volume, 'nowhere'), volume);
    const { verdict, message } = await findingOf(join(volume, 'nsps', 'connector.db'));
    assert.equal(verdict, 'fail', message);
    assert.match(message, /volume cannot be written/);
  });
});
