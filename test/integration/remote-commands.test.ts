import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AdminClient } from '../../src/cli/admin-client.ts';
import { overviewSchema } from '../../src/contract/admin.ts';
import { startApp } from '../helpers/app.ts';
import { respond, type StubAnswer, succeed } from '../helpers/core-stub.ts';
import { anEvent, IMSI, OTHER_IMSI } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { ADMIN_TOKEN, Operated } from '../helpers/operated.ts';
import { until } from '../helpers/polling.ts';
import { listening } from '../helpers/ports.ts';
import { run } from '../helpers/program.ts';
import { Sheets } from '../helpers/sheets.ts';

const refuse = respond(200, { result: false, error: 'No such profile' });

/** Runs an operator's command against a running connector. The store of its own environment is none of the connector's. */
const ask = (url: string, args: readonly string[], env: Record<string, string> = { ADMIN_TOKEN }) =>
  run([...args, '--url', url], env);

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

async function withDead(env: Record<string, string> = {}, ...more: readonly string[]): Promise<Operated> {
  const site = await Operated.start({ DELIVERY: 'queued', ...env }, {}, refuse);
  // Each with a number of its own: of two that share one, who is given up is tried once more.
  const others = more.map((imsi, index) => {
    const account_info = { bill_status: 'open', blocked: false, i_account: index + 2, id: `7912345679${index}@msisdn` };
    return anEvent({ event_id: `e-${index + 2}`, account_info, sim_info: { imsi } });
  });
  await site.post(anEvent(), ...others);
  await until('dead letters', async () => {
    return (await site.ask('/admin/v1/dead-letters')).body.total === 1 + others.length;
  });
  return site;
}

const refuseOne: StubAnswer = (call, response, socket) => {
  const refused = JSON.stringify(call.request).includes(OTHER_IMSI);
  return (refused ? refuse : succeed)(call, response, socket);
};

/** What is done at once is told in either order. */
function sorted(text: string): unknown {
  const lines = text.trimEnd().split('\n').sort();
  if (!text.startsWith('{'))
    return lines.map((line) => line.replace(/: (.*)$/, (_, counts) => counts.split(', ').sort()));
  const { counts, results } = JSON.parse(text);
  return {
    counts,
    results: results.sort((a: { subject: string }, b: { subject: string }) => (a.subject < b.subject ? -1 : 1)),
  };
}

describe('looking into a connector that runs elsewhere', () => {
  test('lists events by the same filters, in pages', async () => {
    await using site = await Operated.start();
    for (let n = 1; n <= 3; n++) await site.post(anEvent({ event_id: `e-${n}` }));
    const table = await ask(site.url, ['events', '--limit', '2']);
    assert.equal(table.code, 0, table.stderr);
    assert.match(table.stdout, /^0 subscribers waiting; 0 dead letters\n\ntime +state +type +IMSI/);
    assert.match(table.stdout, /e-3[\s\S]*e-2[\s\S]*2 events; more: --before 2 shows the next/);
    const rest = await ask(site.url, ['events', '--json', '--before', '2', '--since', '1h', '--imsi', IMSI]);
    const [event, ...others] = linesOf(rest.stdout);
    assert.deepEqual([event.eventId, event.state, event.seq, others], ['e-1', 'processed', 1, []]);
    assert.match(event.receivedAt, /^\d{4}-.*Z$/);
    assert.match((await ask(site.url, ['events', '--state', 'dead'])).stdout, /No such event\./);
    assert.match((await ask(site.url, ['events', '--id', 'e-2'])).stdout, /1 event; no more/);
    const summary = await ask(site.url, ['events', '--summary', '--json']);
    assert.deepEqual(linesOf(summary.stdout), [{ waiting: 0, oldest: null, dead: 0 }]);
  });

  test('tells the story of an event, and prints it as NSPS sent it', async () => {
    await using site = await Operated.start();
    await site.post(anEvent());
    const { code, stdout, stderr } = await ask(site.url, ['event', 'e-1']);
    assert.equal(code, 0, stderr);
    for (const part of [/^Event e-1/, /state +processed/, /update +done/, /in the core +\d{15}: /]) {
      assert.match(stdout, part);
    }
    assert.equal(stderr, '');
    const raw = await ask(site.url, ['event', 'e-1', '--raw']);
    assert.deepEqual(JSON.parse(raw.stdout), anEvent());
    const [json] = linesOf((await ask(site.url, ['event', 'e-1', '--json'])).stdout);
    assert.deepEqual([json.eventId, json.attempts.length, json.subscribers[0].imsi], ['e-1', 1, IMSI]);
    const missing = await ask(site.url, ['event', 'e-9']);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /there is no event "e-9" in the journal/);
  });

  test('says of whom the core had nobody when he was to lose his number', async () => {
    const notThere = respond(404, { result: false, error: 'No such subscriber' });
    await using site = await Operated.start({}, {}, (call, ...rest) =>
      (call.request['imsi'] === IMSI ? notThere : succeed)(call, ...rest),
    );
    const swap = { event_type: 'SIM/Replaced', sim_info: { imsi: OTHER_IMSI }, prev_sim_info: { imsi: IMSI } };
    await site.post(anEvent(swap));
    const { stdout } = await ask(site.url, ['event', 'e-1']);
    assert.match(
      stdout,
      new RegExp(`in the core +nobody: the core did not know this SIM .*inserted: ${IMSI}: operator`),
    );
    const [json] = linesOf((await ask(site.url, ['event', 'e-1', '--json'])).stdout);
    assert.deepEqual(
      json.subscribers.map(({ imsi, applied }: { imsi: string; applied: object }) => [imsi, 'missing' in applied]),
      [
        [OTHER_IMSI, false],
        [IMSI, true],
      ],
    );
    assert.match((await ask(site.url, ['resync', IMSI])).stdout, new RegExp(`^done +${IMSI} {2}the core did not know`));
  });

  test('says that the connector masks numbers', async () => {
    await using site = await Operated.start({ LOG_PII: 'mask' });
    await site.post(anEvent());
    const { stdout, stderr } = await ask(site.url, ['event', 'e-1', '--raw']);
    assert.ok(!stdout.includes(IMSI));
    assert.match(stderr, /masks .*LOG_PII=mask/);
  });

  test('lists what operators did', async () => {
    await using site = await Operated.start();
    assert.equal((await ask(site.url, ['audit'])).stdout, 'No operator has done anything yet.\n');
    await site.ask(`/admin/v1/subscribers/${IMSI}/resync`, { method: 'POST' });
    assert.match((await ask(site.url, ['audit'])).stdout, /^ {2}1 {2}\S+ \S+ {2}token {2}resync {2}\d{15}\n$/);
    const [entry] = linesOf((await ask(site.url, ['audit', '--json'])).stdout);
    assert.deepEqual([entry.seq, entry.who, entry.what], [1, 'token', 'resync']);
  });
});

describe('mending a connector that runs elsewhere', () => {
  test('sends subscribers and events again, and waits until it is done', async () => {
    await using site = await Operated.start();
    await site.post(anEvent());
    const plan = await ask(site.url, ['resync', IMSI, '--dry-run']);
    assert.match(plan.stdout, /^planned +\d{15} {2}\w+ http/);
    assert.equal(site.core.calls.length, 1);
    const resync = await ask(site.url, ['resync', IMSI, OTHER_IMSI]);
    assert.equal(resync.code, 1, 'one of them is not known');
    assert.match(resync.stdout, /unknown +\d{15} .*no event has said[\s\S]*done +\d{15}\n2 subscribers: /);
    assert.equal(site.core.calls.length, 2);
    const again = await ask(site.url, ['replay', 'e-1', '--dry-run']);
    assert.match(again.stdout, /^planned +e-1 {2}\w+ http/);
    const replay = await ask(site.url, ['replay', 'e-1']);
    assert.deepEqual([replay.code, replay.stdout], [0, 'done        e-1\n1 event: 1 done\n']);
    assert.equal(site.core.calls.length, 3);
    const unknown = await ask(site.url, ['replay', 'e-9', '--no-wait', '--json']);
    assert.deepEqual(linesOf(unknown.stdout)[0].counts, { unknown: 1 });
  });

  test('says which event is newer than one that is replayed', async () => {
    await using site = await Operated.start();
    await site.post(
      anEvent({ updated_at: '2030-01-01T00:00:00Z' }),
      anEvent({ event_id: 'e-2', updated_at: '2030-01-02T00:00:00Z' }),
    );
    for (const more of [[], ['--dry-run']]) {
      const { code, stdout } = await ask(site.url, ['replay', 'e-1', ...more]);
      assert.equal(code, 0);
      assert.match(stdout, /^superseded +e-1 .*e-2/);
    }
  });

  test('tries dead letters again', async () => {
    await using site = await withDead();
    site.core.answer = succeed;
    const plan = await ask(site.url, ['replay', '--dead', '--dry-run']);
    assert.match(plan.stdout, /^planned +\d{15} .*event e-1/);
    const { code, stdout, stderr } = await ask(site.url, ['replay', '--dead']);
    assert.deepEqual([code, stdout, stderr], [0, 'done        e-1\n1 event: 1 done\n', '']);
    const none = await ask(site.url, ['replay', '--dead']);
    assert.deepEqual([none.code, none.stdout], [0, 'No event to do anything for.\n']);
  });

  test('tells of dead letters what the command beside the store tells', async (t) => {
    for (const args of [
      ['replay', '--dead', '--json'],
      ['replay', '--dead', '--no-wait'],
      ['discard', IMSI, OTHER_IMSI, '250019999999999', '--because', 'a test card'],
      ['discard', '--reason-is', 'No such profile', '--because', 'a test card', '--json'],
    ]) {
      const folder = mkdtempSync(join(tmpdir(), 'nsps-remote-'));
      t.after(() => rmSync(folder, { recursive: true }));
      const [here, there] = ['here', 'there'].map((name) => `sqlite:${join(folder, name)}`) as [string, string];
      await using local = await withDead({ STORE_URL: here }, OTHER_IMSI);
      await using remote = await withDead({ STORE_URL: there }, OTHER_IMSI);
      for (const { core } of [local, remote]) core.answer = refuseOne;
      const [told, asked] = [await run(args, { STORE_URL: here }), await ask(remote.url, args)];
      assert.deepEqual(sorted(asked.stdout), sorted(told.stdout), args.join(' '));
      assert.equal(asked.code, told.code);
      assert.match(asked.stdout, new RegExp(args[0] === 'replay' ? 'e-[12]' : `${IMSI}|"done":2`));
    }
  });

  test('says whose core is awaited', async () => {
    await using site = await Operated.start();
    await site.post(anEvent());
    site.core.answer = respond(503, { result: false, error: 'away' });
    const { code, stdout } = await ask(site.url, ['resync', IMSI, '--timeout', '1']);
    assert.equal(code, 1);
    assert.match(stdout, /^waiting +\d{15}/);
    const [, url] =
      /^Still waiting: the core of the connector at (\S+) is away, its circuit is open/m.exec(stdout) ?? [];
    assert.equal(url, site.url);
    assert.doesNotMatch(stdout, /store/);
  });

  test('records again what a sheet refused: there dead letters are events', async () => {
    await using sheets = await Sheets.start();
    const { grid } = sheets.simulator;
    const append = grid.append.bind(grid);
    grid.append = (range) => append(range, [['x'.repeat(50_001)]]);
    await using site = await startApp(null, { ...sheets.env, DELIVERY: 'queued', ADMIN_TOKEN });
    await post(site.eventUrl, anEvent());
    await site.log.heard('Event refused: it is not recorded');
    assert.match((await ask(site.url, ['events'])).stdout, /^0 events waiting; 1 dead letter:/);
    grid.append = append;
    assert.match((await ask(site.url, ['replay', '--dead', '--dry-run'])).stdout, /^planned +e-1 {2}POST http/);
    const { code, stdout } = await ask(site.url, ['replay', '--dead']);
    assert.deepEqual([code, stdout], [0, 'done        e-1\n1 event: 1 done\n']);
    assert.deepEqual(sheets.ids, ['e-1']);
  });

  test('gives dead letters up', async () => {
    await using site = await withDead();
    const why = ['--because', 'a test card'];
    const plan = await ask(site.url, ['discard', IMSI, OTHER_IMSI, '--dry-run', ...why]);
    assert.match(plan.stdout, /planned +\d{15} {2}No such profile\nunknown +\d{15} {2}is no dead letter/);
    const listed = await ask(site.url, ['discard', '--reason-is', 'No such profile', '--dry-run', ...why]);
    assert.match(listed.stdout, /1 dead letter: 1 planned/);
    const done = await ask(site.url, ['discard', '--all', '--json', ...why]);
    assert.deepEqual(
      [done.code, linesOf(done.stdout)],
      [0, [{ counts: { done: 1 }, results: [{ subject: IMSI, status: 'done' }] }]],
    );
    const none = await ask(site.url, ['discard', IMSI, ...why]);
    assert.deepEqual(
      [none.code, none.stdout],
      [1, `unknown     ${IMSI}  is no dead letter\n1 dead letter: 1 unknown\n`],
    );
    assert.equal((await site.ask('/admin/v1/events/e-1')).body.summary.why, 'a test card');
  });
});

describe('what goes wrong on the way to a connector', () => {
  test('a token that is missing, wrong, or not wanted there', async () => {
    await using site = await Operated.start();
    await using closed = await startApp(site.core.url);
    const missing = await ask(site.url, ['events'], {});
    assert.deepEqual([missing.code, missing.stdout], [78, '']);
    assert.match(missing.stderr, /ADMIN_TOKEN is not set/);
    const noFile = await ask(site.url, ['events'], { ADMIN_TOKEN_FILE: '/nowhere/token' });
    assert.match(noFile.stderr, /\/nowhere\/token holds no token/);
    const wrong = await ask(site.url, ['events'], { ADMIN_TOKEN: 'another-token-987654321' });
    assert.equal(wrong.code, 69);
    assert.match(wrong.stderr, /refuses ADMIN_TOKEN: .*\(401\)/);
    assert.doesNotMatch(wrong.stderr, /another-token/);
    const off = await ask(closed.url, ['event', 'e-1']);
    assert.equal(off.code, 69);
    assert.match(off.stderr, /has no admin API: set ADMIN_TOKEN on the connector.*\(404\)/);
  });

  test('nobody there, or somebody else', async () => {
    const answers: Record<string, RequestListener> = {
      'redirects to http://elsewhere/ \\(302\\)': (_, res) =>
        res.writeHead(302, { location: 'http://elsewhere/' }).end(),
      'asked too often \\(429\\).*after 7 s': (_, res) => res.writeHead(429, { 'retry-after': '7' }).end(),
      'does not take what was asked \\(422\\): imsi must': (_, res) => res.writeHead(422).end('{"error":"imsi must"}'),
      'has no admin API': (_, res) => res.writeHead(404).end('{"error":"Not here"}'),
      'answers what the admin API of this version does not': (_, res) => res.end('<html>'),
      'ended the work early: 2 of 5': (_, res) =>
        res.end('{"total":5,"done":2,"skipped":0,"ended":false,"results":[]}\n'),
    };
    let answer: RequestListener | undefined;
    await using server = await listening(createServer((request, response) => answer?.(request, response)));
    const url = `http://127.0.0.1:${server.port}`;
    const discard = ['discard', '--all', '--because', 'a test card'];
    for (const [words, how] of Object.entries(answers)) {
      answer = how;
      const { code, stderr } = await ask(url, words.includes('early') ? discard : ['events']);
      assert.equal(code, 69, stderr);
      assert.match(stderr, new RegExp(words));
    }
    await server.close();
    const nobody = await ask(url, ['events']);
    assert.equal(nobody.code, 69);
    assert.match(nobody.stderr, /cannot reach the connector at http:.*ECONNREFUSED/);
  });

  test('a connector whose store fails, which knows only what waited before', async () => {
    await using site = await Operated.start();
    const { body } = await site.ask('/admin/v1/overview');
    const overview = { ...body, store: { kind: 'sqlite', fault: 'the disk is full' } };
    await using server = await listening(createServer((_, response) => response.end(JSON.stringify(overview))));
    const { code, stdout, stderr } = await ask(`http://127.0.0.1:${server.port}`, ['events', '--summary', '--json']);
    assert.deepEqual([code, linesOf(stdout)], [0, [{ waiting: 0, oldest: null, dead: 0 }]]);
    assert.match(
      stderr,
      /^Warning: the store of that connector fails \(the disk is full\): what waits was counted before/,
    );
  });

  test('one who never answers', async () => {
    await using server = await listening(createServer(() => {}));
    const client = new AdminClient(new URL(`http://127.0.0.1:${server.port}`), ADMIN_TOKEN, 100);
    await assert.rejects(client.get(overviewSchema, '/overview'), /cannot reach the connector at .*TIMEOUT/);
    await client.close();
  });

  test('a token that others could read is warned of', async () => {
    await using site = await Operated.start();
    const { code, stderr } = await ask(site.url.replace('127.0.0.1', '0.0.0.0'), ['audit']);
    assert.equal(code, 0);
    assert.match(stderr, /^Warning: ADMIN_TOKEN goes to 0\.0\.0\.0:\d+ unencrypted/);
  });

  test('options that need the store, and addresses that are none', async () => {
    const url = 'http://127.0.0.1:9';
    const wrong: [string[], RegExp][] = [
      [['events', '--store', 'sqlite:x.db'], /--url and --store exclude each other/],
      [['events', '--json', '--raw'], /--raw needs the store/],
      [['resync', '--all'], /--all needs the store/],
      [['events', '--type', ''], /--type must not be empty/],
      [['event', ''], /an event id must not be empty/],
      [['replay', '--since', '2h'], /--since needs the store/],
      [['replay', '--imsi', IMSI], /--imsi needs the store/],
    ];
    for (const [args, words] of wrong) {
      const { code, stderr } = await ask(url, args);
      assert.equal(code, 2);
      assert.match(stderr, words);
    }
    const user = await ask('http://me:secret@127.0.0.1:9', ['events']);
    assert.equal(user.code, 2);
    assert.match(user.stderr, /--url must be an http/);
    assert.doesNotMatch(user.stderr, /secret/);
  });
});
