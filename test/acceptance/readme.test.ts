import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CoreSimulator } from '../../sim/core-simulator.ts';
import { respond, succeed } from '../helpers/core-stub.ts';
import { get } from '../helpers/nsps.ts';
import { Site } from '../helpers/operator.ts';
import { CORE_TOKEN, run, serve, TOKEN } from '../helpers/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => (block as string).trim());

const STORM = 'node bin/nsps-connector.js storm --subscribers 20 --kills 2';

/** A copy of the project as it is checked out: nothing installed, nothing built. */
function freshCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'newcomer-'));
  const left = new Set(['node_modules', 'dist', '.git', 'data', '.env']);
  for (const name of readdirSync(root)) {
    if (!left.has(name)) cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  return folder;
}

/** Runs a shell command as a newcomer would, until its output matches; `stop` interrupts it as Ctrl-C does. */
async function shell(command: string, cwd: string, env: Record<string, string>, until: RegExp) {
  const child = spawn('bash', ['-c', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk.toString();
      if (until.test(output)) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    exited.then(() => reject(new Error(`"${command}" ended:\n${output}`)));
  }).catch((error: unknown) => {
    interrupt(child);
    throw error;
  });
  const stop = () => {
    interrupt(child);
    return exited;
  };
  return { output: () => output, stop };
}

/** Ctrl-C reaches the whole group. */
function interrupt({ pid }: ChildProcess): void {
  try {
    process.kill(-(pid as number), 'SIGINT');
  } catch {}
}

test('the README has these commands, and each is run here or is this run', () => {
  assert.deepEqual(commands, [
    'npm ci && npm run demo',
    'npm ci && npm test',
    [
      'export API_TOKEN=$(openssl rand -hex 32)',
      'export WTL_API_URL=http://127.0.0.1:3001/wtl/hlr/v1',
      'export WTL_API_TOKEN=the-token-of-the-core',
      'npm start',
    ].join('\n'),
    'node bin/nsps-connector.js doctor',
    STORM,
    'node bin/nsps-connector.js explain examples/sim-updated.json',
    'node bin/nsps-connector.js send examples/sim-updated.json',
    ['node bin/nsps-connector.js events --state dead', 'node bin/nsps-connector.js replay --dead'].join('\n'),
  ]);
});

test('a newcomer: npm ci && npm run demo, then npm start, in an empty home', async (t) => {
  const folder = freshCopy();
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
  });
  const env = { PATH: systemPath(), HOME: home, PORT: '0', ...registryOf(process.env) };
  const demo = await shell(commands[0] as string, folder, env, /Ctrl-C ends it/);
  t.after(() => demo.stop());
  assert.match(demo.output(), /001010000000003 +serviceGranted +79123456709/);
  const [, health] = demo.output().match(/health (http:\S+)/) ?? [];
  assert.equal((await get(health as string)).status, 200);
  await demo.stop();
  assert.match(demo.output(), /Stopped\./);

  const start = await shell(commands[2] as string, folder, env, /Connector started/);
  t.after(() => start.stop());
  await start.stop();
  assert.match(start.output(), /"message":"Stopped"/);

  // The bin of package.json, on whatever Node a newcomer has.
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  const version = execFileSync('node', [bin['nsps-connector'] as string, '--version'], { cwd: folder, env });
  assert.match(version.toString(), /^\d+\.\d+\.\d+\n$/);
});

/** The path without what `npm test` put in front of it: the machine's own Node. */
function systemPath(): string {
  const path = (process.env['PATH'] ?? '').split(':');
  return path.filter((entry) => !entry.includes('node_modules') && !entry.includes('node-gyp-bin')).join(':');
}

/** A private registry is a property of the machine, not of the home folder. */
function registryOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = Object.keys(env).filter((name) =>
    /^npm_config_.*registry|_proxy$|^SSL_CERT|^NODE_EXTRA_CA/i.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, env[name] as string]));
}

test('doctor, explain and send on the examples', async () => {
  const core = new CoreSimulator({ port: 0, token: CORE_TOKEN });
  const coreUrl = await core.start();
  try {
    await using connector = await serve(coreUrl);
    const env = { API_TOKEN: TOKEN, WTL_API_URL: coreUrl, WTL_API_TOKEN: CORE_TOKEN };
    const doctor = await run(['doctor'], env);
    assert.deepEqual([doctor.code, doctor.stderr], [0, ''], doctor.stdout);
    const examples = join(root, 'examples');
    const explained = await run(['explain', join(examples, 'sim-updated.json')], env);
    assert.match(explained.stdout, /"cs_profile":"cs-gold"/);
    const sent = await run(
      ['send', join(examples, 'sim-updated.json'), join(examples, 'sim-replaced.json'), '-u', connector.eventUrl],
      env,
    );
    assert.equal(sent.code, 0, sent.stdout);
    assert.deepEqual(core.subscribers.get('001010000020349')?.msisdn, []);
    assert.deepEqual(core.subscribers.get('001010000020357')?.msisdn, ['79123456789']);
    assert.equal(core.stats.overlaps, 0);
  } finally {
    await core.stop();
  }
});

test('the storm breaks no promise', async () => {
  const { code, stdout } = await run(STORM.split(' ').slice(2));
  assert.equal(code, 0, stdout);
});

test('events and replay, as after a bad night', async () => {
  await using site = await Site.make(respond(200, { result: false, error: 'No such profile' }));
  await site.startConnector();
  const event = JSON.parse(readFileSync(join(root, 'examples', 'sim-updated.json'), 'utf8')) as { event_id: string };
  await site.post(event);
  await site.becomes(event.event_id, 'dead');
  site.core.answer = succeed;
  const lines = (commands.at(-1) as string).split('\n').map((line) => line.split(' ').slice(2));
  const [listed, replayed] = [await site.run(lines[0] as string[]), await site.run(lines[1] as string[])];
  assert.match(listed.stdout, /dead .*No such profile$/m);
  assert.deepEqual([replayed.code, replayed.stdout.split('\n').at(-2)], [0, '1 event: 1 done']);
});

test('the links of the documents lead somewhere', () => {
  const documents = [
    'README.md',
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8');
    for (const [, target] of text.matchAll(/\]\(((?!http)[^)#]+)\)/g)) {
      assert.doesNotThrow(
        () => readFileOrFolder(join(root, document, '..', target as string)),
        `${document} → ${target}`,
      );
    }
  }
});

function readFileOrFolder(path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EISDIR') throw error;
  }
}
