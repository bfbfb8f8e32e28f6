import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CoreStub, hang, respond } from '../helpers/core-stub.ts';
import { anEvent, IMSI } from '../helpers/events.ts';
import { get, post } from '../helpers/nsps.ts';
import { freePort, listening } from '../helpers/ports.ts';
import { CORE_TOKEN, Program, run, serve, TOKEN } from '../helpers/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** Why no command can be run on a terminal; false when it can. */
const noTerminal = spawnSync('script', ['--version']).status === 0 ? false : 'needs script (util-linux)';

const COMMANDS = [
  'serve',
  'simulate',
  'send',
  'explain',
  'events',
  'event',
  'replay',
  'resync',
  'discard',
  'audit',
  'doctor',
  'storm',
  'demo',
];

describe('every command', () => {
  for (const command of COMMANDS) {
    test(`${command} --help tells its use and its exit codes`, async () => {
      const { code, stdout, stderr } = await run([command, '--help']);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: nsps-connector ${command}`));
      assert.match(stdout, /Exit codes\n {2}0 +success/);
      assert.ok(!stdout.includes('\u001b'), 'no colours where there is no terminal');
      assert.ok(stdout.split('\n').every((line) => line.length <= 120));
    });
    test(`${command} refuses what it does not know`, async () => {
      const { code, stderr } = await run([command, '--nonsense']);
      assert.equal(code, 2);
      assert.match(stderr, /--nonsense[\s\S]*--help/);
      assert.doesNotMatch(stderr, /\bat .*\.[jt]s:\d/, 'no stack');
    });
  }
  test('all of them are in the overview; version, help and slips', async () => {
    const { code, stdout } = await run(['--help']);
    assert.equal(code, 0);
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`\\b${command}\\b`));
    assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match((await run(['help', 'send'])).stdout, /^Usage: nsps-connector send/);
    assert.equal((await run([])).code, 2);
    const slip = await run(['sever']);
    assert.equal(slip.code, 2);
    assert.match(slip.stderr, /no command "sever"; did you mean "serve"/);
    assert.equal((await run(['__proto__'])).code, 2);
  });
});

describe('standard output', () => {
  test('that nobody reads any more ends a command, which does not claim that it did its work', async () => {
    let posted = 0;
    const answer = '{"message":"taken","outcome":"processed"}';
    await using site = await listening(
      createHttpServer((request, response) => {
        posted++;
        request.resume().on('end', () => response.writeHead(202).end(answer));
      }),
    );
    const events = file('many.jsonl', Array(2000).fill(JSON.stringify(anEvent())).join('\n'));
    const args = ['send', '--verbose', '--url', `http://127.0.0.1:${site.port}/`, events];
    await using program = new Program(args, { API_TOKEN: TOKEN });
    await program.says(/202/);
    program.child.stdout?.destroy();
    assert.equal((await program.exited).code, 141);
    assert.ok(posted < 2000);
    assert.equal(program.stderr, '');
  });
  test('on a full disk is told in a line', async () => {
    await using program = new Program(['--help'], {}, { stdout: openSync('/dev/full', 'w') });
    assert.equal((await program.exited).code, 74);
    assert.match(program.stderr, /^nsps-connector: cannot write to standard output: ENOSPC.*\n$/);
  });
});

describe('serve', () => {
  test('names every wrong setting at once, and exits with 78', async () => {
    const { code, stderr, stdout } = await run(['serve'], { PORT: 'x', API_TOKEN: 'a b', WTL_IMSI_REGEXP: '(?=1)' });
    assert.deepEqual([code, stdout], [78, '']);
    for (const name of ['PORT', 'API_TOKEN', 'WTL_API_URL', 'WTL_API_TOKEN', 'WTL_IMSI_REGEXP']) {
      assert.match(stderr, new RegExp(`^ +${name} `, 'm'));
    }
    assert.doesNotMatch(stderr, /a b/);
  });
  test('says when its port is taken', async () => {
    await using other = await listening(createServer());
    const { code, stderr } = await run(['serve'], {
      HOST: '127.0.0.1',
      PORT: String(other.port),
      API_TOKEN: TOKEN,
      WTL_API_URL: 'http://127.0.0.1:1',
      WTL_API_TOKEN: CORE_TOKEN,
    });
    assert.equal(code, 69);
    assert.match(stderr, new RegExp(`127.0.0.1 port ${other.port} is in use`));
  });
  test('is not held up by a full disk under its log', async () => {
    await using core = await CoreStub.start();
    const port = await freePort();
    const env = {
      HOST: '127.0.0.1',
      PORT: String(port),
      API_TOKEN: TOKEN,
      WTL_API_URL: core.url,
      WTL_API_TOKEN: CORE_TOKEN,
    };
    await using program = new Program(['serve'], env, { stdout: openSync('/dev/full', 'w') });
    const url = `http://127.0.0.1:${port}`;
    while (!(await fetch(`${url}/health`).catch(() => null))) await new Promise(setImmediate);
    for (let event = 0; event < 3; event++) assert.equal((await post(`${url}/process-event`, anEvent())).status, 202);
    program.signal('SIGTERM');
    assert.deepEqual(await program.exited, { code: 0, signal: null });
  });
  test('is not kept by a reader that stopped reading its log', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    connector.program.child.stdout?.pause();
    // More than a pipe and the buffers on both sides hold.
    for (let batch = 0; batch < 40; batch++) {
      await Promise.all(Array.from({ length: 50 }, () => get(`${connector.url}/${'x'.repeat(190)}`)));
    }
    connector.program.signal('SIGTERM');
    const code = await new Promise((resolve) => connector.program.child.on('exit', resolve));
    connector.program.child.stdout?.resume();
    assert.equal(code, 0);
  });
  test('goes on when nobody reads its log any more', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    connector.program.child.stdout?.destroy();
    for (let request = 0; request < 5; request++) assert.equal((await get(`${connector.url}/nowhere`)).status, 404);
    assert.equal((await get(`${connector.url}/health`)).status, 200);
  });
});

test('what an event says moves no cursor, whether it is explained or sent', async () => {
  await using core = await CoreStub.start();
  await using connector = await serve(core.url);
  const path = file(
    'hostile.json',
    anEvent({ event_type: 'SIM/\u001b]0;title\u0007', sim_info: { imsi: '\u001b[2J' } }),
  );
  const mapped = { EVENT_ACTIONS: 'SIM/\u001b]0;title\u0007=update' };
  for (const { stdout } of [
    await run(['explain', path]),
    await run(['explain', path], mapped),
    await run(['send', '--url', connector.eventUrl, path], { API_TOKEN: TOKEN }),
  ]) {
    assert.match(stdout, /SIM\/\ufffd\]0;title\ufffd/);
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /\p{Cc}/u);
  }
});

test('what an event says writes nothing from right to left, in its story, for scripts, and in a log on a terminal', async () => {
  const event_id = 'e-\u202eevil\u2066\u009b';
  await using core = await CoreStub.start();
  const wrapper = ['sh', '-c', 'exec script --quiet --return --command "$*" /dev/null', 'sh'];
  const STORE_URL = `sqlite:${join(folder, 'turned.db')}`;
  await using connector = await serve(core.url, { STORE_URL, DEBUG: 'true' }, noTerminal ? [] : wrapper);
  // By Ctrl-C: what is killed is the terminal only.
  const end = async () => {
    if (noTerminal) return;
    connector.program.child.stdin?.write('\u0003');
    await connector.program.exited;
  };
  await using _ended = { [Symbol.asyncDispose]: end };
  assert.equal((await post(connector.eventUrl, anEvent({ event_id }))).status, 202);
  await connector.program.says(/Event processed successfully/);
  const path = file('turned.json', anEvent({ event_id }));
  const outputs = [
    await run(['events', '--json', '--raw'], { STORE_URL }),
    await run(['event', event_id, '--json'], { STORE_URL }),
    await run(['event', event_id], { STORE_URL }),
    await run(['event', `${event_id}?`], { STORE_URL }),
    await run(['send', '--url', `${connector.url}/${event_id}`, path], { API_TOKEN: TOKEN }),
    ...(noTerminal ? [] : [{ stdout: connector.program.stdout, stderr: '' }]),
  ];
  for (const { stdout, stderr } of outputs) {
    assert.doesNotMatch(stdout + stderr, /[\u007f-\u009f]|\p{Cf}/u);
    assert.match(stdout + stderr, /evil|404/);
  }
  assert.equal(JSON.parse(outputs[0]?.stdout ?? '').event.event_id, event_id, 'in JSON it is the same');
});

describe('explain', () => {
  test('says what would happen and why, and the request, for every kind of event', async () => {
    const granted = await run(['explain', file('granted.json', anEvent())], { WTL_API_URL: 'http://core/api/' });
    assert.equal(granted.code, 0);
    assert.match(granted.stdout, /bill status +open/);
    assert.match(granted.stdout, /POST http:\/\/core\/api\/prov\n.*"subscriber_status":"serviceGranted"/);
    const ignored = await run(['explain', '-'], { WTL_IMSI_REGEXP: '^9' }, JSON.stringify(anEvent()));
    assert.equal(ignored.code, 0);
    assert.match(ignored.stdout, /Would be ignored \(202\): IMSI .* doesn't follow the regexp provided/);
    const rejected = await run(['explain', file('rejected.json', anEvent({ account_info: null }))]);
    assert.equal(rejected.code, 1);
    assert.match(rejected.stdout, /Would be rejected \(422\):\n {2}pb_data\.account_info +is missing/);
    const broken = await run(['explain', file('broken.json', { event_id: 'x' })]);
    assert.match(broken.stdout, /data +is required/);
  });
  test('--json is for scripts', async () => {
    const { stdout } = await run(['explain', '--json', file('granted.json', anEvent())]);
    const { decision, requests, steps } = JSON.parse(stdout);
    assert.equal(decision.kind, 'provision');
    assert.equal(requests[0].body.imsi, IMSI);
    assert.ok(steps.length > 3);
  });
  test('a file may begin with the mark that some editors write', async () => {
    const { code, stderr } = await run(['explain', file('marked.json', `\ufeff${JSON.stringify(anEvent())}`)]);
    assert.deepEqual([code, stderr], [0, '']);
  });
  test('what is in a file that is none of events moves no cursor, and an empty one holds none', async () => {
    const wrong = await run(['explain', file('wrong.json', '\u001b[2J\n{')]);
    assert.equal(wrong.code, 66);
    assert.match(wrong.stderr, /^nsps-connector explain: .*wrong\.json: is not JSON: [^\p{Cc}]+\n$/u);
    const empty = await run(['explain', file('empty.json', ' \n')]);
    assert.deepEqual([empty.code, /empty\.json: holds no event$/m.test(empty.stderr)], [66, true]);
  });
  test('a file that cannot be read is named', async () => {
    for (const path of [join(folder, 'absent.json'), file('words.json', 'words'), folder.replace(/$/, '/absent')]) {
      const { code, stderr } = await run(['explain', path]);
      assert.equal(code, 66);
      assert.ok(stderr.includes(path), stderr);
    }
  });
});

describe('send', () => {
  test('posts as NSPS does, and tells by its exit code', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    const events = [anEvent(), anEvent({ event_type: 'SIM/Created' })];
    const path = file('two.json', events);
    const lines = file('lines.jsonl', events.map((event) => JSON.stringify(event)).join('\n'));
    const env = { API_TOKEN: TOKEN };
    const sent = await run(['send', path, lines, '--url', connector.eventUrl], env);
    assert.deepEqual([sent.code, sent.stderr], [0, '']);
    assert.match(sent.stdout, /^202 {2}.*two\.json\[0\] {2}Event processed successfully/m);
    assert.match(sent.stdout, /^4 events: 2 processed, 2 ignored$/m);
    const uniqueId = String(core.calls[0]?.headers['x-request-id']);
    // Lines are written a moment after the answer.
    await connector.program.says(new RegExp(uniqueId));
    const wide = connector.program.lines.find((line) => line['unique_id'] === uniqueId);
    assert.match(String(wide?.['request_id']), /^[0-9a-f]{16}$/);
    assert.equal(wide?.['event_id'], 'e-1');

    const bad = file('bad.json', anEvent({ sim_info: { imsi: '1' } }));
    const mixed = await run(['send', path, bad, '-u', connector.eventUrl, '--json'], env);
    assert.equal(mixed.code, 1);
    assert.deepEqual(
      mixed.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).status),
      [202, 202, 422],
    );
    assert.equal((await run(['send', path, '-u', connector.eventUrl], { API_TOKEN: 'wrong' })).code, 1);
  });
  test('goes where the settings have the connector on this machine', async () => {
    await using core = await CoreStub.start();
    const path = file('one.json', anEvent());
    await using connector = await serve(core.url, { EVENT_PATH: '/api/events' });
    const { port } = new URL(connector.url);
    const env = { API_TOKEN: TOKEN, HOST: '127.0.0.1', PORT: port, EVENT_PATH: '/api/events' };
    const sent = await run(['send', path, '-r', '0'], env);
    assert.equal(sent.code, 0, sent.stdout + sent.stderr);
    assert.match((await run(['send', path], { API_TOKEN: TOKEN, PORT: '0' })).stderr, /give --url/);
  });
  test('repeats what may pass, and gives up', async () => {
    await using core = await CoreStub.start(respond(500, ''));
    await using connector = await serve(core.url);
    const path = file('one.json', anEvent());
    const { code, stdout } = await run(['send', path, '-u', connector.eventUrl, '-r', '1'], { API_TOKEN: TOKEN });
    assert.equal(code, 1);
    assert.match(stdout, /^500 .*2 attempts/m);
    assert.equal(core.calls.length, 2);
  });
  test('names what is missing', async () => {
    const path = file('one.json', anEvent());
    const env = { API_TOKEN: TOKEN };
    const away = await run(['send', path, '-u', 'http://127.0.0.1:1/', '-r', '0'], env);
    assert.equal(away.code, 69);
    assert.match(away.stdout, /Connection refused \(ECONNREFUSED\); does a connector run there, and is --url right\?/);
    assert.match((await run(['send', path])).stderr, /API_TOKEN is not set/);
    assert.equal((await run(['send'], env)).code, 2);
    assert.equal((await run(['send', path, '-u', 'nowhere'], env)).code, 2);
    assert.equal((await run(['send', path, '-c', '0'], env)).code, 2);
    const absent = await run(['send', join(folder, 'absent')], env);
    assert.equal(absent.code, 66);
    assert.match(absent.stderr, /absent: there is no such file or folder \(ENOENT\)$/m);
    assert.match((await run(['send', file('none.json', [])], env)).stderr, /holds no event/);
    mkdirSync(join(folder, 'nested', 'trap.json'), { recursive: true });
    assert.match((await run(['send', join(folder, 'nested')], env)).stderr, /holds no .json/);
  });
});

describe('doctor', () => {
  const env = (url: string) => ({ API_TOKEN: TOKEN, WTL_API_URL: url, WTL_API_TOKEN: CORE_TOKEN });
  const verdicts = async (environment: Record<string, string>) => {
    const { code, stdout } = await run(['doctor', '--json'], environment);
    const findings = JSON.parse(stdout) as { verdict: string; subject: string; message: string }[];
    return { code, told: findings.map(({ verdict, subject }) => `${verdict} ${subject}`) };
  };
  test('is content with a core that refuses an empty request, and changes nothing', async () => {
    await using core = await CoreStub.start(respond(400, { error: 'Invalid IMSI' }));
    const { code, told } = await verdicts(env(core.url));
    assert.deepEqual([code, told], [0, ['ok settings', 'ok API_TOKEN', 'ok core', 'ok credentials', 'warn store']]);
    assert.deepEqual(
      core.calls.map(({ request }) => request),
      [{}],
    );
    const { stdout } = await run(['doctor'], env(core.url));
    assert.match(stdout, /✔ credentials +the core takes WTL_API_TOKEN/);
  });
  test('finds what is wrong', async () => {
    await using core = await CoreStub.start(respond(401, ''));
    assert.deepEqual(await verdicts(env(core.url)), {
      code: 1,
      told: ['ok settings', 'ok API_TOKEN', 'ok core', 'fail credentials', 'warn store'],
    });
    const away = await verdicts({
      ...env('http://127.0.0.1:1'),
      API_TOKEN: 'aaa',
      WTL_API_TOKEN: 'aaa',
      WTL_OOPS: '1',
    });
    assert.deepEqual(away, {
      code: 1,
      told: ['ok settings', 'warn WTL_OOPS', 'warn API_TOKEN', 'warn API_TOKEN', 'fail core', 'warn store'],
    });
    const absent = await verdicts({ ...env('http://127.0.0.1:1'), STORE_PASSWORD_FILE: join(folder, 'nowhere') });
    assert.deepEqual(absent.told, [
      'ok settings',
      'warn STORE_PASSWORD_FILE',
      'ok API_TOKEN',
      'fail core',
      'warn store',
    ]);
    assert.equal((await verdicts({})).code, 78);
  });
  test('is not held up by a secret file that never ends', async () => {
    const [pipe, large] = [join(folder, 'pipe'), file('large', 'x'.repeat(2 ** 21))];
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const files = { API_TOKEN_FILE: pipe, WTL_API_TOKEN_FILE: '/dev/zero', ADMIN_TOKEN_FILE: large };
    const settings = { WTL_API_URL: 'https://core', WTL_CA_FILE: pipe, ...files };
    await using program = new Program(['doctor'], settings, { wrapper: ['timeout', '60'] });
    assert.equal((await program.exited).code, 78);
    const { stdout } = program;
    const endless = 'it is a pipe or a device, which may never end: name a file, or a link to one';
    for (const [name, path] of Object.entries({ ...files, ADMIN_TOKEN_FILE: '', WTL_CA_FILE: pipe })) {
      if (path !== '') assert.match(stdout, new RegExp(`✘ ${name} +cannot read ${path}: ${endless}\n`));
    }
    assert.match(
      stdout,
      new RegExp(`ADMIN_TOKEN_FILE +cannot read ${large}: it has 2097152 bytes, .* at most 1048576`),
    );
  });
  test('shows on a terminal that it waits for a core that does not answer', { skip: noTerminal }, async () => {
    await using core = await CoreStub.start(hang);
    const wrapper = ['sh', '-c', 'exec script --quiet --return --command "$*" /dev/null', 'sh'];
    await using program = new Program(['doctor'], env(core.url), { wrapper });
    await program.says(/ 0% {2}0\/2[\s\S]*✘ core/u);
    assert.equal((await program.exited).code, 1);
  });
  test('looks whether the store can be had', async () => {
    await using core = await CoreStub.start(respond(400, ''));
    const store = async (url: string) => {
      const { stdout } = await run(['doctor', '--json'], { ...env(core.url), STORE_URL: url });
      return (JSON.parse(stdout) as { subject: string; verdict: string; message: string }[]).find(
        ({ subject }) => subject === 'store',
      );
    };
    assert.equal((await store('sqlite:/tmp/nowhere/yet/connector.db'))?.verdict, 'ok');
    const unmade = await store('sqlite:/proc/connector.db');
    assert.equal(unmade?.verdict, 'fail');
    assert.match(unmade?.message ?? '', /cannot be made: \/proc cannot be written: there is no such file or folder \(/);
    assert.equal((await store(`sqlite:${folder}`))?.message, `${folder}: it is a folder: name the file in it`);
    const away = await store('postgres://me:hidden@127.0.0.1:1/x');
    assert.equal(away?.verdict, 'fail');
    assert.doesNotMatch(away?.message ?? '', /hidden/);
  });
});

test('a misspelt setting is told at the start, also where the right one is set, too', async () => {
  await using core = await CoreStub.start();
  await using connector = await serve(core.url, { LOG_LEVLE: 'DEBUG', LOG_LEVEL: 'INFO' });
  const line = connector.program.lines.find(({ setting }) => setting === 'LOG_LEVLE');
  assert.deepEqual(
    [line?.['level'], line?.['message']],
    ['warning', 'LOG_LEVLE is no setting and has no effect; did you mean LOG_LEVEL?'],
  );
});

describe('simulate', () => {
  const provision = async (url: string, body: unknown) => {
    const response = await fetch(`${url}/prov`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer t' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as { result: boolean; error?: string } };
  };
  const subscriber = {
    imsi: IMSI,
    subscriber_status: 'serviceGranted',
    msisdn: ['79123456789'],
    cs_profile: 'cs',
    eps_profile: 'eps',
    action: 'update',
  };

  test('remembers subscribers and keeps its rules', async () => {
    await using core = new Program(['simulate', '--port', '0', '--token', 't', '--quiet']);
    const url = (await core.says(/at (http:\S+)/))[1] as string;
    assert.equal((await provision(url, subscriber)).body.result, true);
    const { origin } = new URL(url);
    for (const base of [origin, url]) {
      assert.equal((await get(`${base}/subscribers/${IMSI}`)).body.msisdn[0], '79123456789');
      assert.equal((await get(`${base}/subscribers`)).body.length, 1);
    }
    assert.equal((await get(`${origin}/subscribers/1`)).status, 404);
    const clash = await provision(url, { ...subscriber, imsi: '001010000000002' });
    assert.deepEqual([clash.status, clash.body.result], [200, false]);
    assert.match(clash.body.error ?? '', /already used by IMSI/);
    for (const wrong of [
      { imsi: '1' },
      { cs_profile: '1' },
      { msisdn: ['a'] },
      { action: 'x' },
      { subscriber_status: 'x' },
    ]) {
      assert.equal((await provision(url, { ...subscriber, ...wrong })).status, 400);
    }
    assert.equal((await provision(url, { ...subscriber, action: 'insert' })).body.result, false);
    assert.equal((await provision(url, { ...subscriber, action: 'delete' })).body.result, true);
    assert.equal((await provision(url, { ...subscriber, action: 'delete' })).status, 404);
    core.signal('SIGINT');
    assert.equal((await core.exited).code, 0);
  });

  test('says when another token comes than it insists on', async () => {
    await using core = new Program(['simulate', '--port', '0', '--token', 'another']);
    const url = (await core.says(/at (http:\S+)/))[1] as string;
    assert.equal((await provision(url, subscriber)).status, 401);
    await core.says(/^401: another token than is insisted on came; --token, or WTL_API_TOKEN, says which$/m);
  });

  test('names its options when it cannot begin, and ends', async () => {
    await using core = await CoreStub.start();
    const taken = await run(['simulate', '--port', String(core.port)]);
    assert.equal(taken.code, 69);
    assert.match(taken.stderr, /choose another --port$/m);
    const storm = await run(['storm', '--subscribers', '1', '--core-port', String(core.port)]);
    assert.match(storm.stderr, /choose another --core-port$/m);
    const nowhere = ['--target', 'google-sheets', '--port', '0', '--key', join(folder, 'nowhere', 'key.json')];
    const unwritten = await run(['simulate', ...nowhere]);
    assert.equal(unwritten.code, 69);
    assert.match(unwritten.stderr, /--key: .*key\.json cannot be written: there is no such file or folder/);
  });

  test('fails as it is told, from the start and while it runs', async () => {
    const script = [{ as: 503 }, { as: 'garbage' }, { as: 'cut' }, { as: 'refuse', times: 2 }];
    const faults = file('faults.json', { retry_after: 9, script });
    await using core = new Program(['simulate', '--port', '0', '--faults', faults, '--latency', '1']);
    const url = (await core.says(/at (http:\S+)/))[1] as string;
    assert.equal((await provision(url, subscriber)).status, 503);
    await assert.rejects(provision(url, subscriber), /JSON/);
    await assert.rejects(provision(url, subscriber), /fetch failed/);
    const { origin } = new URL(url);
    assert.equal((await get(`${origin}/subscribers`)).body.length, 1, 'cut means applied');
    await assert.rejects(provision(url, { ...subscriber, imsi: '001010000000002' }));
    await assert.rejects(provision(url, { ...subscriber, imsi: '001010000000002' }));
    assert.equal((await get(`${origin}/subscribers`)).body.length, 1, 'refused means not');
    assert.equal((await provision(url, subscriber)).status, 200);
    const put = (body: unknown) =>
      fetch(`${origin}/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    assert.equal((await put({ outages: [{ from_s: 0, for_s: 60 }] })).status, 200);
    assert.equal((await provision(url, subscriber)).status, 503);
    assert.equal((await put({ latency: 5 })).status, 422);
    assert.equal((await put({ error_rate: 1, error_as: 500 })).status, 200);
    assert.equal((await provision(url, subscriber)).status, 500);
  });

  test('refuses bad options by name', async () => {
    for (const [option, value] of [
      ['--port', 'x'],
      ['--latency', 'fast'],
      ['--error-rate', '2'],
      ['--outage', '5'],
    ] as const) {
      const { code, stderr } = await run(['simulate', option, value]);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(option.slice(2).replace('-', '.')));
    }
    assert.equal((await run(['simulate', '--faults', join(folder, 'absent')])).code, 66);
    assert.equal((await run(['simulate', '--faults', file('list.json', [])])).code, 66);
  });
});

describe('demo', () => {
  test('says what is wrong with its port, and ends', async () => {
    const { code, stderr } = await run(['demo'], { PORT: 'abc' });
    assert.equal(code, 78);
    assert.match(stderr, /PORT +must be a whole number/);
  });
  test('plays the story, stays up, takes the curl it shows, and ends on Ctrl-C', async () => {
    await using demo = new Program(['demo'], { PORT: '0' });
    await demo.says(/Ctrl-C ends it/);
    assert.match(demo.stdout, /001010000000003 +serviceGranted +79123456709/);
    assert.match(demo.stdout, /Event ignored: No defined action/);
    assert.match(demo.stdout, /422 Validation failed/);
    assert.match(demo.stdout, /Event superseded by a newer event/);
    const [, url, token, event] = demo.stdout.match(/curl -s (\S+) -H 'Authorization: (.*?)'[\s\S]*? -d '(.*)'/) ?? [];
    assert.equal((await post(url as string, event, { authorization: token as string })).status, 202);
    const [, look] = demo.stdout.match(/curl -s (\S+subscribers\S+)$/m) ?? [];
    assert.equal((await get(look as string)).body.subscriber_status, 'serviceGranted');
    await demo.says(/"level":"info".*Event processed/);
    demo.signal('SIGINT');
    assert.equal((await demo.exited).code, 0);
    assert.match(demo.stdout, /Stopped\./);
  });
});
