import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { hang, respond, succeed } from '../helpers/core-stub.ts';
import { anEvent, IMSI, NUMBER, OTHER_IMSI, stamp } from '../helpers/events.ts';
import { Site } from '../helpers/operator.ts';
import { run } from '../helpers/program.ts';
import { sqliteBench } from '../helpers/sqlite-bench.ts';

const other = { sim_info: { imsi: OTHER_IMSI }, account_info: { bill_status: 'suspended', blocked: false } };
const blocked = { account_info: { bill_status: 'open', blocked: true, i_account: 1, id: `${NUMBER}@msisdn` } };
const refuse = respond(200, { result: false, error: 'No such profile' });

describe('dead letters', () => {
  test('are listed, told, and delivered by replay once the core is mended', async () => {
    await using site = await Site.make(refuse);
    await site.startConnector();
    assert.deepEqual(await site.post(anEvent(), anEvent({ event_id: 'e-other', ...other })), [202, 202]);
    await site.becomes('e-1', 'dead');
    await site.becomes('e-other', 'dead');

    const listed = await site.run(['events', '--state', 'dead']);
    assert.deepEqual([listed.code, listed.stderr], [0, '']);
    assert.match(listed.stdout, /^0 subscribers waiting; 2 dead letters: see --state dead, then "replay --dead"\n/);
    assert.match(listed.stdout, new RegExp(`Z {2}dead +SIM/Updated +${IMSI} +1 +e-1 +No such profile$`, 'm'));
    assert.match(listed.stdout, /^2 events; no more$/m);
    const told = await site.run(['event', 'e-1']);
    assert.match(told.stdout, new RegExp(`send ${IMSI}: serviceGranted, ${NUMBER}, CS default`));
    assert.match(told.stdout, /update {2}refused 200: No such profile {2}\(\d+ ms\)/);
    assert.match(told.stdout, /to be done +given up: No such profile/);

    const planned = await site.run(['replay', '--dead', '--dry-run']);
    assert.equal(planned.code, 0);
    assert.match(planned.stdout, new RegExp(`planned +e-1 +send ${IMSI}: serviceGranted`));
    assert.equal((await site.events('--state', 'dead')).length, 2, 'nothing was done');

    const still = await site.run(['replay', '--dead', '--json']);
    assert.equal(still.code, 1);
    assert.deepEqual(JSON.parse(still.stdout).counts, { dead: 2 });

    site.core.answer = succeed;
    const calls = site.core.calls.length;
    const replayed = await site.run(['replay', '--dead']);
    assert.deepEqual([replayed.code, replayed.stderr], [0, '']);
    assert.match(replayed.stdout, /^done +e-1$/m);
    assert.match(replayed.stdout, /^2 events: 2 done$/m);
    assert.equal(site.core.calls.length, calls + 2);
    const [event] = await site.events('--id', 'e-1');
    assert.deepEqual([event.state, event.deliveries], ['processed', 1]);
    assert.match((await site.run(['replay', '--dead'])).stdout, /^No event to do anything for\.$/m);
    const audit = (await site.run(['audit'])).stdout;
    assert.match(audit, /replay {2}all dead letters {2}\(e-1, e-other\)$/m, 'which they were is kept');
    assert.match(audit, /replay {2}all dead letters {2}\(there were none\)$/m);
    assert.equal((await site.run(['replay', '--since', '2030-01-01'])).code, 0);
    const [entry] = JSON.parse(`[${(await site.run(['audit', '--json', '-n', '1'])).stdout}]`);
    assert.deepEqual([entry.what, entry.subject, entry.detail], ['replay', 'events by a choice', 'there were none']);
    assert.equal((await site.run(['audit', '--before', '1'])).stdout, 'No entry before 1.\n');
    assert.equal(site.core.overlaps, 0);
  });

  test('are given up for good by discard, which says why in the event and in the audit', async () => {
    await using site = await Site.make(refuse);
    await site.startConnector();
    await site.post(anEvent(), anEvent({ event_id: 'e-other', ...other }));
    await site.becomes('e-1', 'dead');
    await site.becomes('e-other', 'dead');
    const reason = ['--reason-is', 'No such profile', '--because', 'the profile will not come back'];
    const planned = await site.run(['discard', ...reason, '--dry-run']);
    assert.match(planned.stdout, new RegExp(`^planned +${IMSI} +No such profile$`, 'm'));
    assert.equal((await site.run(['audit'])).stdout, 'No operator has done anything yet.\n');

    const named = await site.run(['discard', IMSI, '250019999999999', '--because', 'a test card']);
    assert.equal(named.code, 1);
    assert.match(named.stdout, new RegExp(`^done +${IMSI}$`, 'm'));
    assert.match(named.stdout, /^unknown +250019999999999 +is no dead letter$/m);
    const rest = await site.run(['discard', ...reason]);
    assert.deepEqual([rest.code, rest.stderr], [0, '']);
    assert.match(rest.stdout, /^1 dead letter: 1 done$/m);
    assert.match((await site.run(['discard', '--all', '--because', 'none left'])).stdout, /^No dead letter to do/m);
    const [event] = await site.events('--id', 'e-1');
    assert.deepEqual([event.state, event.why], ['discarded', 'a test card']);

    await site.run(['resync', IMSI, '--no-wait']);
    const audit = await site.run(['audit', '--json', '--limit', '3']);
    const deeds = audit.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      deeds.map(({ who, what, subject, detail }) => [who, what, subject, detail]),
      [
        ['command line', 'resync', IMSI, null],
        ['command line', 'discard', 'all dead letters', 'none left'],
        ['command line', 'discard', 'dead letters of: No such profile', 'the profile will not come back'],
      ],
    );
    const older = await site.run(['audit', '--before', String(deeds.at(-1).seq)]);
    assert.match(older.stdout, new RegExp(`command line +discard {2}${IMSI}, 250019999999999 {2}\\(a test card\\)`));
  });
});

test('a subscriber whose newest event failed is not told as up to date, nor planned as if he were', async () => {
  await using site = await Site.make();
  await site.startConnector({ DELIVERY: 'inline', WTL_RETRIES: '0' });
  await site.post(anEvent({ event_id: 'e-old', updated_at: stamp(1) }));
  site.core.answer = respond(503, '');
  assert.deepEqual(await site.post(anEvent({ event_id: 'e-new', ...blocked, updated_at: stamp(2) })), [503]);
  const told = await site.run(['event', 'e-old']);
  assert.match(told.stdout, /not taken +event e-new is the newest and was not taken \(failed: .+\).*: replay e-new/);
  assert.match(told.stdout, /to be done +nothing by itself: NSPS sends the event again/);
  const planned = await site.run(['resync', IMSI, '--dry-run']);
  assert.match(planned.stdout, /event e-old, .*; event e-new is the newest and was not taken/);
  site.core.answer = succeed;
  assert.equal((await site.run(['replay', 'e-new'])).code, 0);
  const settled = await site.run(['event', 'e-old']);
  assert.match(settled.stdout, /to be done +nothing$/m);
  assert.doesNotMatch(settled.stdout, /not taken/);
});

test('a copy made beside the running connector is a whole store, and a start without one is told', async () => {
  await using site = await Site.make();
  await site.startConnector();
  assert.match(site.log, /"level":"warning".*"store":"sqlite:\/.*A new, empty store was made/);
  await site.post(anEvent());
  await site.becomes('e-1', 'processed');
  const copy = join(dirname(site.file), 'copy.db');
  {
    using db = new DatabaseSync(site.file);
    db.exec(`VACUUM INTO '${copy}'`);
  }
  await site.stopConnector();
  const restored = { STORE_URL: `sqlite:${copy}` };
  await site.startConnector(restored);
  assert.doesNotMatch(site.log, /empty store/);
  const told = await site.run(['event', 'e-1'], restored);
  assert.match(told.stdout, /state +processed/);
  assert.deepEqual(await site.post(anEvent({ event_id: 'e-2' })), [202]);
  await site.stopConnector();
  await writeFile(copy, '');
  await site.startConnector(restored);
  assert.match(site.log, /empty store/, 'a file is there, and nothing in it');
});

describe('discard', () => {
  test('must be told which ones, and why', async () => {
    for (const [args, words] of [
      [['--all'], /--because must say why/],
      [['--because', 'why not'], /say which dead letters/],
      [[IMSI, '--all', '--because', 'why not'], /exclude each other/],
      [['12', '--because', 'why not'], /an IMSI must be 15 digits/],
    ] as const) {
      const { code, stderr } = await run(['discard', ...args]);
      assert.equal(code, 2);
      assert.match(stderr, words);
    }
  });
});

describe('replay', () => {
  test('sends nothing that something newer has overtaken, and decides by today’s settings', async () => {
    await using site = await Site.make();
    await site.startConnector();
    const event = (n: number) => anEvent({ event_id: `e-${n}`, updated_at: stamp(n) });
    await site.post(event(1));
    await site.becomes('e-1', 'processed');
    await site.post(event(2), anEvent({ event_id: 'e-none', event_type: 'SIM/Created' }));
    await site.becomes('e-2', 'processed');
    const calls = site.core.calls.length;

    const old = await site.run(['replay', 'e-1']);
    assert.equal(old.code, 0);
    assert.match(old.stdout, new RegExp(`^superseded +e-1 +event e-2 of ${IMSI} is newer: nothing to do$`, 'm'));
    assert.equal(site.core.calls.length, calls);
    assert.equal((await site.events('--id', 'e-1'))[0].state, 'processed');

    const env = { WTL_DEFAULT_CS_PROFILE: 'cs-new' };
    const dry = await site.run(['replay', '--imsi', IMSI, '--dry-run'], env);
    assert.match(dry.stdout, /^superseded +e-1 .*\n?/m);
    assert.match(dry.stdout, /^planned +e-2 +send .* CS cs-new/m);
    const replayed = await site.run(['replay', '--since', '1h', '--json'], env);
    assert.equal(replayed.code, 0);
    const { counts, results } = JSON.parse(replayed.stdout);
    assert.deepEqual(counts, { superseded: 1, ignored: 1, done: 1 });
    assert.equal(results.find(({ subject }: { subject: string }) => subject === 'e-2').status, 'done');
    assert.deepEqual(
      site.core.calls.slice(calls).map(({ request }) => request['cs_profile']),
      ['cs-new'],
    );
    const strict = await site.run(['replay', 'e-2', '--no-wait'], { WTL_IMSI_REGEXP: '^9' });
    assert.match(strict.stdout, /^ignored +e-2 .*regexp/m);
  });

  test('works beside inline delivery, too', async () => {
    await using site = await Site.make(respond(503, ''));
    await site.startConnector({ DELIVERY: 'inline', WTL_RETRIES: '0' });
    assert.deepEqual(await site.post(anEvent()), [503]);
    assert.equal((await site.events('--state', 'failed')).length, 1);
    site.core.answer = succeed;
    const { code, stdout } = await site.run(['replay', '--state', 'failed']);
    assert.equal(code, 0, stdout);
    assert.equal((await site.events('--id', 'e-1'))[0].state, 'processed');
  });

  test('delivers a swap in its order', async () => {
    await using site = await Site.make(refuse);
    await site.startConnector();
    const swap = { event_type: 'SIM/Replaced', sim_info: { imsi: OTHER_IMSI }, prev_sim_info: { imsi: IMSI } };
    await site.post(anEvent({ event_id: 'e-swap', ...swap }));
    await site.becomes('e-swap', 'dead');
    const before = site.core.calls.length;
    site.core.answer = succeed;
    const { code, stdout } = await site.run(['replay', 'e-swap']);
    assert.equal(code, 0, stdout);
    const calls = site.core.calls.slice(before).map(({ request }) => request);
    const release = calls.findIndex(({ imsi }) => imsi === IMSI);
    const grant = calls.findIndex(({ imsi }) => imsi === OTHER_IMSI);
    assert.ok(release >= 0 && release < grant, 'the number is free before it is given again');
    assert.equal(calls[release]?.['subscriber_status'], 'operatorDeterminedBarring');
    assert.equal(calls[grant]?.['subscriber_status'], 'serviceGranted');
  });

  test('keeps what it asked for when nobody does it, and says so', async () => {
    await using site = await Site.make();
    await site.startConnector();
    await site.post(anEvent());
    await site.becomes('e-1', 'processed');
    await site.stopConnector();
    const { code, stdout } = await site.run(['replay', 'e-1', '--timeout', '1']);
    assert.equal(code, 1);
    assert.match(stdout, /^waiting +e-1$[\s\S]*no connector is running on this store[\s\S]*Nothing is lost/m);
    assert.equal((await site.run(['replay', 'e-1', '--no-wait'])).code, 0);
    assert.match(
      (await site.run(['events', '--summary'])).stdout,
      /^1 subscriber waiting, the oldest since .*; 0 dead/,
    );
    await site.startConnector();
    await site.becomes('e-1', 'processed');
    assert.equal(site.core.calls.length, 2);
  });

  test('says which events it cannot find, and why a command line is wrong', async () => {
    await using site = await Site.make();
    await site.startConnector();
    const absent = await site.run(['replay', 'nobody']);
    assert.equal(absent.code, 1);
    assert.match(absent.stdout, /^unknown +nobody +there is no such event in the journal$/m);
    for (const [args, words] of [
      [[], /say which events: ids, --dead/],
      [['e-1', '--dead'], /exclude each other/],
      [['--dead', '--since', '1h'], /exclude each other/],
      [['--state', 'lost'], /--state must be one of processed, .*not "lost"/],
      [['--imsi', '123'], /--imsi must be 15 digits, not "123"/],
      [['--since', 'soon'], /--since must be a time/],
      [['--dead', '--timeout', '0'], /--timeout must be a whole number/],
    ] as const) {
      const { code, stderr } = await site.run(['replay', ...args]);
      assert.equal(code, 2);
      assert.match(stderr, words);
    }
  });
});

describe('resync', () => {
  test('sends the newest state again, of one subscriber or of all', async () => {
    await using site = await Site.make();
    await site.startConnector();
    await site.post(anEvent(), anEvent({ event_id: 'e-other', ...other }));
    await site.core.called(2);
    await site.becomes('e-1', 'processed');
    await site.becomes('e-other', 'processed');

    const dry = await site.run(['resync', IMSI, '--dry-run']);
    assert.match(dry.stdout, new RegExp(`^planned +${IMSI} +${IMSI}: serviceGranted, ${NUMBER}`));
    const one = await site.run(['resync', IMSI]);
    assert.deepEqual([one.code, one.stdout], [0, `done        ${IMSI}\n1 subscriber: 1 done\n`]);
    assert.deepEqual(
      site.core.calls[2]?.request,
      site.core.calls.find(({ request }) => request['imsi'] === IMSI)?.request,
    );
    const all = await site.run(['resync', '--all', '--json']);
    assert.equal(all.code, 0);
    assert.deepEqual(JSON.parse(all.stdout).counts, { done: 2 });
    assert.equal(site.core.calls.length, 5);
    assert.equal((await site.events('--id', 'e-1'))[0].deliveries, 1);
  });

  test('says why one was given up, and which nobody knows', async () => {
    await using site = await Site.make();
    await site.startConnector();
    await site.post(anEvent());
    await site.becomes('e-1', 'processed');
    site.core.answer = refuse;
    const { code, stdout } = await site.run(['resync', IMSI, OTHER_IMSI]);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^dead +${IMSI} +No such profile$`, 'm'));
    assert.match(stdout, new RegExp(`^unknown +${OTHER_IMSI} +no event has said`, 'm'));
    site.core.answer = succeed;
    assert.equal((await site.run(['replay', '--dead'])).code, 0);
  });

  test('is not said to wait since a time to come when only a state is to be confirmed', async () => {
    await using site = await Site.make(hang);
    await site.startConnector({ DELIVERY: 'inline', WTL_HTTP_REQUESTS_TIMEOUT: '0.2', SETTLE_AFTER: '3600' });
    assert.deepEqual(await site.post(anEvent()), [503]);
    const { waiting, oldest } = JSON.parse((await site.run(['events', '--summary', '--json'])).stdout);
    assert.equal(waiting, 1);
    assert.ok(Date.parse(oldest) <= Date.now(), oldest);
  });

  test('tells that the core refused what nobody was promised', async () => {
    await using site = await Site.make(hang);
    await site.startConnector({ DELIVERY: 'inline', WTL_HTTP_REQUESTS_TIMEOUT: '0.2', SETTLE_AFTER: '3600' });
    assert.deepEqual(await site.post(anEvent()), [503]);
    site.core.answer = refuse;
    const { code, stdout } = await site.run(['resync', IMSI]);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^failed +${IMSI} +No such profile$`, 'm'));
  });

  test('tells that the core does not answer', async () => {
    await using site = await Site.make();
    await site.startConnector({ WTL_HTTP_REQUESTS_TIMEOUT: '0.2', RETRY_FIRST_PAUSE: '3600' });
    await site.post(anEvent());
    await site.becomes('e-1', 'processed');
    site.core.answer = hang;
    const { code, stdout } = await site.run(['resync', IMSI, '--timeout', '2']);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^waiting +${IMSI} +Connection timeout`, 'm'));
  });

  test('refuses what names nobody', async () => {
    for (const [args, words] of [
      [[], /name the IMSIs to send again, or --all/],
      [['12'], /an IMSI must be 15 digits, not "12"/],
      [['--all', IMSI], /leave out the IMSIs/],
    ] as const) {
      const { code, stderr } = await run(['resync', ...args]);
      assert.equal(code, 2);
      assert.match(stderr, words);
    }
  });
});

describe('many subscribers', () => {
  const MANY = 600;
  const eventOf = (n: number, round: number) => {
    const sim_info = { imsi: String(1_010_000_000_000 + n).padStart(15, '0') };
    const account_info = { bill_status: 'open', blocked: false, id: `${79_120_000_000 + n}@msisdn` };
    return anEvent({ event_id: `e-${round}-${n}`, updated_at: stamp(round), sim_info, account_info });
  };
  const round = (site: Site, number: number) =>
    Promise.all(Array.from({ length: MANY }, (_, n) => site.post(eventOf(n, number))));

  test('are replayed and sent again while events keep coming', async () => {
    await using site = await Site.make();
    await site.startConnector();
    await round(site, 1);
    const [resynced] = await Promise.all([site.run(['resync', '--all', '--json']), round(site, 2)]);
    assert.deepEqual([resynced.code, JSON.parse(resynced.stdout)], [0, { counts: { done: MANY }, results: [] }]);
    const [replayed] = await Promise.all([site.run(['replay', '--since', '1h']), round(site, 3)]);
    assert.equal(replayed.code, 0, replayed.stdout);
    assert.match(replayed.stdout, /^\d+ events: .*superseded/, 'of many only the count is told');
    while (!/^0 subscribers waiting; 0 dead/.test((await site.run(['events', '--summary'])).stdout));
    assert.equal(site.core.overlaps, 0);
    const states = new Set((await site.events('--limit', '10000')).map(({ state }) => state));
    for (const state of states) assert.ok(state === 'processed' || state === 'superseded', state);
  });
});

describe('events and event', () => {
  test('filter, page, and print for scripts', async () => {
    await using site = await Site.make();
    await site.startConnector();
    const ids = ['e-1', 'e-2', 'e-3'];
    await site.post(...ids.map((event_id, n) => anEvent({ event_id, updated_at: stamp(n) })));
    await site.post(anEvent({ event_id: 'e-4', event_type: 'SIM/\u001b[2JOdd' }));
    await site.becomes('e-3', 'processed');
    const page = await site.run(['events', '--limit', '2']);
    const [, next] = page.stdout.match(/^2 events; more: --before (\d+) shows the next$/m) ?? [];
    assert.ok(!page.stdout.includes('\u001b'), 'nothing from outside moves the cursor');
    const second = await site.run(['events', '--limit', '2', '--before', next as string]);
    assert.match(second.stdout, /e-2[\s\S]*e-1[\s\S]*^2 events; no more$/m);
    const chosen = async (...args: string[]) => (await site.events(...args)).map(({ eventId }) => eventId);
    assert.deepEqual(await chosen('--state', 'ignored'), ['e-4']);
    assert.deepEqual(await chosen('--type', 'SIM/Updated', '--imsi', IMSI, '--since', '1h'), ['e-3', 'e-2', 'e-1']);
    assert.deepEqual(await chosen('--until', '1h'), []);
    assert.deepEqual(await chosen('--id', 'e-'), [], 'exactly this id');
    const [event] = await site.events('--id', 'e-1', '--raw');
    assert.equal(event.event.event_id, 'e-1');
    assert.match(event.receivedAt, /^\d{4}-.*Z$/);
    assert.deepEqual(JSON.parse((await site.run(['events', '--summary', '--json'])).stdout), {
      waiting: 0,
      oldest: null,
      dead: 0,
    });
    assert.match((await site.run(['events', '--until', '1h'])).stdout, /^No such event\.$/m);
  });

  test('tells the story of an event, also to scripts, and its bytes', async () => {
    await using site = await Site.make();
    await site.startConnector();
    const bytes = `${JSON.stringify(anEvent({ updated_at: stamp(1) }), null, 1)} \n`;
    await site.post(bytes);
    await site.becomes('e-1', 'processed');
    await site.post(bytes);
    const raw = await site.run(['event', 'e-1', '--raw']);
    assert.equal(raw.stdout, bytes);
    const { stdout, code } = await site.run(['event', 'e-1'], { WTL_DEFAULT_CS_PROFILE: 'cs-new', LOG_PII: 'mask' });
    assert.equal(code, 0);
    for (const words of [
      /^ {2}received +.*first, 2 times in all/m,
      /^ {2}x-b3-traceid +[0-9a-f]{16}$/m,
      /^ {2}answer to NSPS +202$/m,
      new RegExp(`by today's settings:\\n  send ${IMSI}: .*CS cs-new`),
      /^ {2}bill status +open$/m,
      new RegExp(`in the core +${IMSI}: serviceGranted, ${NUMBER}.*event e-1, updatedAt 2026-01-15T10:00:01`),
      /"event_id": "e-1"/,
    ]) {
      assert.match(stdout, words);
    }
    const story = JSON.parse((await site.run(['event', 'e-1', '--json'])).stdout);
    assert.deepEqual([story.state, story.subscribers[0].imsi, story.event.event_id], ['processed', IMSI, 'e-1']);
    const absent = await site.run(['event', 'e-9']);
    assert.deepEqual([absent.code, absent.stdout], [1, '']);
    assert.match(absent.stderr, /there is no event "e-9" in the journal: the id must be whole/);
  });

  test('tells also of an event that is nested too deep to be laid out', async () => {
    await using site = await Site.make();
    await site.startConnector();
    const bytes = JSON.stringify(anEvent({ variables: { x: '@' } })).replace('"@"', '['.repeat(1e5) + ']'.repeat(1e5));
    await site.post(bytes);
    await site.becomes('e-1', 'processed');
    const [whole, listed, told] = [
      await site.run(['event', 'e-1', '--json']),
      await site.run(['events', '--json', '--raw']),
      await site.run(['event', 'e-1']),
    ];
    assert.deepEqual([whole.code, whole.stderr, listed.code, listed.stderr], [0, '', 0, '']);
    for (const { stdout } of [whole, listed]) assert.equal(JSON.parse(stdout).event, bytes, 'as text');
    assert.deepEqual([told.code, told.stderr, told.stdout.endsWith(`\n${bytes}\n`)], [0, '', true]);
  });

  test('say of a SIM that was deleted that the core has nobody', async () => {
    await using site = await Site.make();
    await site.startConnector({ EVENT_ACTIONS: 'SIM/Deleted=delete' });
    await site.post(anEvent({ event_type: 'SIM/Deleted' }));
    await site.becomes('e-1', 'processed');
    assert.match((await site.run(['event', 'e-1'])).stdout, /in the core +nobody: deleted, event e-1$/m);
  });

  test('say of a SIM that the core had nobody for when it was to lose its number', async () => {
    const notThere = respond(404, { result: false, error: 'No such subscriber' });
    await using site = await Site.make((call, ...rest) =>
      (call.request['imsi'] === IMSI ? notThere : succeed)(call, ...rest),
    );
    await site.startConnector();
    const swap = { event_type: 'SIM/Replaced', sim_info: { imsi: OTHER_IMSI }, prev_sim_info: { imsi: IMSI } };
    await site.post(anEvent({ event_id: 'e-swap', ...swap }));
    await site.becomes('e-swap', 'processed');
    const { stdout } = await site.run(['event', 'e-swap']);
    assert.match(
      stdout,
      new RegExp(`in the core +nobody: the core did not know this SIM .*inserted: ${IMSI}: operator`),
    );
    assert.match(stdout, new RegExp(`in the core +${OTHER_IMSI}: serviceGranted, ${NUMBER}`));
    const again = await site.run(['resync', IMSI]);
    assert.deepEqual([again.code, again.stderr], [0, '']);
    assert.match(again.stdout, new RegExp(`^done +${IMSI} {2}the core did not know this SIM`));
  });

  test('refuse bad options by name', async () => {
    for (const [args, words] of [
      [['events', '--limit', '0'], /--limit must be a whole number from 1/],
      [['events', '--before', 'x'], /--before must be a whole number/],
      [['events', '--id', 'e-1', '--imsi', IMSI], /--id names one event: leave out --imsi/],
      [['events', '--summary', '--imsi', IMSI], /--summary counts everything: leave out --imsi/],
      [['events', '--summary', '--id', 'e-1'], /--summary counts everything: leave out --id/],
      [['events', '--raw'], /--raw needs --json/],
      [['events', 'e-1'], /unexpected argument: e-1/],
      [['event'], /missing argument: <event-id>/],
      [['event', 'e-1', '--raw', '--json'], /choose one/],
    ] as const) {
      const { code, stderr } = await run(args);
      assert.equal(code, 2);
      assert.match(stderr, words);
    }
  });
});

describe('the store of the commands', () => {
  const COMMANDS = [['events'], ['event', 'e-1'], ['replay', '--dead'], ['resync', '--all'], ['audit']] as const;

  test('is not made by them, cannot be memory, and must be of their version', async () => {
    await using site = await Site.make();
    for (const command of COMMANDS) {
      const absent = await site.run(command);
      assert.equal(absent.code, 69);
      assert.match(absent.stderr, /STORE_URL: .*connector\.db: there is no such file/);
      const memory = await site.run([...command, '--store', 'memory:']);
      assert.equal(memory.code, 69);
      assert.match(memory.stderr, /--store: memory: is inside the connector, where no other process can look/);
    }
    assert.ok(!existsSync(site.file));
    new DatabaseSync(site.file).close();
    const empty = await site.run(['events']);
    assert.equal(empty.code, 69);
    assert.match(empty.stderr, /holds no database of the connector: .*start the connector first/);
  });

  test('is STORE_URL or --store; wrong ones and wrong settings are named', async () => {
    await using site = await Site.make();
    await site.startConnector();
    const named = await run(['events', '--store', site.store], { STORE_URL: 'sqlite:/nowhere/at-all.db' });
    assert.equal(named.code, 0);
    assert.match(named.stdout, /^No such event\.$/m);
    const wrong = await run(['events', '--store', 'mysql:x']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--store must be sqlite:<file>, .*not "mysql:x"/);
    const secret = await run(['events', '--store', 'mysql://me:secret@x/y']);
    assert.doesNotMatch(secret.stderr, /secret/);
    const settings = await site.run(['events'], { PORT: 'x' });
    assert.equal(settings.code, 78);
    assert.match(settings.stderr, /PORT +must be/);
    const folder = await run(['events', '--store', `sqlite:${join(site.file, '..')}`]);
    assert.equal(folder.code, 69);
  });
});

test('the audit stands in columns, however long its numbers are', async () => {
  await using bench = await sqliteBench();
  const store = await bench.open();
  for (let n = 0; n < 11; n++) await store.note({ who: 'token', what: 'resync', subject: IMSI, detail: null });
  await store.close();
  const { stdout } = await run(['audit', '--store', `sqlite:${bench.file}`]);
  const places = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.indexOf('token'));
  assert.deepEqual([places.length, new Set(places).size], [11, 1], stdout);
});
