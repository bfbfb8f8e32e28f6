import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { BASE_PATH } from '../../sim/core-simulator.ts';
import { parseCommandLine } from '../../src/cli/command.ts';
import { command as simulate } from '../../src/cli/simulate.ts';
import { SECRET_NAMES, SETTING_NAMES, SETTINGS } from '../../src/config/table.ts';
import {
  baseEnvironment,
  buildContext,
  isRoot,
  parseDockerfile,
  Rehearsal,
  removeTree,
  type Stage,
  setWritable,
  treeOf,
  userOf,
} from '../helpers/image-recipe.ts';
import { freePort } from '../helpers/ports.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STAGES = parseDockerfile(read('Dockerfile'));
const FINAL = STAGES.at(-1) as Stage;
const FINAL_VOLUME = posix.relative(FINAL.get('WORKDIR'), FINAL.get('VOLUME'));
const USER = userOf(FINAL.get('USER'));
const COMPOSE = read('compose.yaml');

/** Far more than anything here takes; only a fault gets there. */
const LONGEST_MS = 30_000;

function read(name: string): string {
  return readFileSync(join(ROOT, name), 'utf8');
}

test('every stage starts from the Node that the program needs', () => {
  const major = packageJson.engines.node.replace(/\D/g, '');
  for (const { base } of STAGES) assert.equal(base, `node:${major}-slim`);
});

test('the image runs as an ordinary user, the one its compile cache is made for, and is stopped with SIGTERM', () => {
  const users = STAGES.map((stage) => stage.get('USER'));
  assert.match(FINAL.get('USER'), /^[1-9]\d*:[1-9]\d*$/);
  assert.equal(new Set(users).size, 1);
  assert.equal(new Set(STAGES.map((stage) => stage.get('WORKDIR'))).size, 1);
  assert.equal(FINAL.get('STOPSIGNAL'), 'SIGTERM');
  assert.equal(FINAL.get('EXPOSE'), SETTINGS.PORT.fallback);
});

test('no token can get into the image', () => {
  const settings = STAGES.flatMap((stage) => [...stage.all('ENV'), ...stage.all('ARG')]).join('\n');
  assert.doesNotMatch(settings, /TOKEN|SECRET|PASSWORD|KEY/i);
  const context = buildContext(read('.dockerignore'));
  for (const name of context) {
    assert.ok(existsSync(join(ROOT, name)), `.dockerignore lets in ${name}, which is not there`);
    // No pattern, and nothing hidden: that is where .env and .npmrc are.
    assert.match(name, /^\w[\w.-]*$/);
  }
});

test('compose.yaml sets what exists, takes secrets from outside only, and waits for events under way', () => {
  const known = new Set<string>([...SETTING_NAMES, ...SECRET_NAMES.map((name) => `${name}_FILE`)]);
  const settings = environmentOf(COMPOSE);
  assert.ok(settings.length > 0);
  for (const [name, value] of settings) {
    assert.ok(known.has(name), `${name} is no setting`);
    if ((SECRET_NAMES as string[]).includes(name)) assert.match(value, new RegExp(`^\\$\\{${name}:\\?.+\\}$`));
  }
  const [, grace] = /stop_grace_period: (\d+)s/.exec(COMPOSE) ?? [];
  assert.ok(Number(grace) > Number(SETTINGS.SHUTDOWN_TIMEOUT.fallback));
});

test('compose.yaml points the connector at the core it starts', () => {
  const [, list = ''] = /command: (\[.*\])/.exec(COMPOSE) ?? [];
  const [name, ...args] = JSON.parse(list) as string[];
  assert.equal(name, simulate.name);
  const { values } = parseCommandLine(simulate, args);
  const url = new Map(environmentOf(COMPOSE)).get('WTL_API_URL');
  assert.equal(url, `http://core:${values['port']}${BASE_PATH}`);
});

/** All that services set under `environment:`; as much YAML as that takes. */
function environmentOf(yaml: string): [name: string, value: string][] {
  const blocks = yaml.matchAll(/^( +)environment:\n((?:\1 +.*\n)+)/gm);
  const lines = [...blocks].flatMap(([, , block = '']) => block.split('\n'));
  const settings = lines.map((line) => /^ +([A-Z_]+): (.*)$/.exec(line)).filter((match) => match !== null);
  return settings.map(([, name = '', value = '']) => [name, value]);
}

test('the image, made and run as its Dockerfile says', { skip: whyNotAsUser() }, async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'image-'));
  t.after(() => removeTree(scratch));
  // The image's user has to get in.
  chmodSync(scratch, 0o755);
  const image = new Rehearsal(ROOT, scratch).perform(STAGES);
  setWritable(image, false);
  // In place of the volume.
  chmodSync(join(image, FINAL_VOLUME), 0o700);

  await t.test('holds the program, a place for its data, and nothing else', () => {
    assert.deepEqual(readdirSync(image).sort(), ['bin', FINAL_VOLUME, 'dist', 'package.json'].sort());
    assert.deepEqual(readdirSync(join(image, FINAL_VOLUME)), []);
  });

  await t.test('runs read-only on its compile cache, is healthy, and ends on SIGTERM', async (t) => {
    const container = await Container.start(t, image, []);
    await liveAndEnd(container, image);
  });

  await t.test('runs as process 1 on a read-only root, without any capability', { skip: whyNotApart() }, async (t) => {
    const container = await Container.start(t, image, APART);
    const { pid } = container;
    assert.equal(statusOf(pid, 'NSpid').split(/\s+/).at(-1), '1');
    assert.equal(Number.parseInt(statusOf(pid, 'CapEff'), 16), 0);
    await liveAndEnd(container, image);
    assert.ok(!existsSync(`/proc/${pid}`), 'the program is still there');
  });
});

/** What an orchestrator makes a container go through. */
async function liveAndEnd(container: Container, image: string): Promise<void> {
  const before = snapshot(image);
  assert.equal(await checkHealth(container.env, image), 0);
  assert.notEqual(await checkHealth({ ...container.env, PORT: String(await freePort()) }, image), 0);

  process.kill(container.pid, 'SIGTERM');
  assert.deepEqual(await container.exit(), { code: 0, signal: null });
  assert.equal(await answers(container.url), false);
  assert.deepEqual(snapshot(image), before);
  assertCacheUsed(container.stderr);
}

/** Runs the HEALTHCHECK in the container's environment. @returns its exit code. */
async function checkHealth(env: Record<string, string>, cwd: string): Promise<number> {
  const [node, ...args] = FINAL.exec('HEALTHCHECK');
  assert.equal(node, 'node');
  const child = execFile(process.execPath, args, { ...USER, cwd, env, timeout: LONGEST_MS });
  const [code] = (await once(child, 'exit')) as [number];
  return code;
}

/** Node tells what became of every module's cache (NODE_DEBUG_NATIVE), and nothing else may be on stderr. */
function assertCacheUsed(stderr: string): void {
  const lines = stderr.split('\n').filter((line) => line !== '');
  const modules = [...stderr.matchAll(/code cache for ESM \S+\/(\S+)\.js was (.*?),/g)];
  assert.ok(modules.some(([, name]) => name?.startsWith('serve-')));
  for (const [, name, fate] of modules) assert.equal(fate, 'accepted', `the compile cache lacks ${name}`);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('[compile cache]')),
    [],
  );
}

/** Every path with what a write would change, but for what is meant to be written. */
function snapshot(root: string): string[] {
  const fixed = treeOf(root).filter((path) => path !== root && !path.startsWith(join(root, FINAL_VOLUME)));
  return fixed.map((path) => {
    const { mode, size, mtimeMs } = lstatSync(path);
    return `${path} ${mode.toString(8)} ${size} ${mtimeMs}`;
  });
}

/** A field of a process's status in /proc. */
function statusOf(pid: number, field: string): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

/** Runs what follows as process 1 of a place of its own, with the switches of compose.yaml. */
const APART = [
  ...['unshare', '--fork', '--kill-child', '--pid', '--mount-proc'],
  // The volume is a mount of its own, and stays writable.
  ...['sh', '-c', `mount --bind ${FINAL_VOLUME} ${FINAL_VOLUME} && mount -o remount,bind,ro / && exec "$@"`, 'sh'],
  ...['setpriv', `--reuid=${USER?.uid}`, `--regid=${USER?.gid}`, '--clear-groups', '--no-new-privs'],
  // A change of the user takes the parent-death signal of --kill-child away.
  ...['--inh-caps=-all', '--bounding-set=-all', '--pdeathsig=KILL'],
];

function whyNotApart(): string | false {
  if (!isRoot()) return 'only root can make a process 1';
  const [program = '', ...args] = [...APART, 'true'];
  const folder = mkdtempSync(join(tmpdir(), 'apart-'));
  mkdirSync(join(folder, FINAL_VOLUME));
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: folder });
  rmSync(folder, { recursive: true });
  return status === 0 ? false : `no namespaces here: ${error?.message ?? stderr.trim()}`;
}

function whyNotAsUser(): string | false {
  const look = ['-e', 'require("node:fs").readdirSync(process.argv[1])', join(ROOT, 'node_modules')];
  const { status } = spawnSync(process.execPath, look, { ...USER });
  return status === 0 ? false : `user ${FINAL.get('USER')} of the image may not read this checkout`;
}

/** The program as the image starts it, with the settings it cannot do without. */
class Container {
  readonly env: Record<string, string>;
  stderr = '';
  readonly #child: ChildProcess;
  readonly #wrapped: boolean;
  readonly #exited: Promise<unknown[]>;

  private constructor(image: string, wrapper: readonly string[], port: number) {
    this.env = {
      ...baseEnvironment(),
      HOST: '127.0.0.1',
      PORT: String(port),
      API_TOKEN: 'token-of-nsps-0123456789',
      WTL_API_URL: 'http://127.0.0.1:9',
      WTL_API_TOKEN: 'token-of-the-core-987654321',
      NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
    };
    const [node, ...args] = [...FINAL.exec('ENTRYPOINT'), ...FINAL.exec('CMD')];
    assert.equal(node, 'node');
    const [program = '', ...words] = [...wrapper, process.execPath, ...args];
    this.#wrapped = wrapper.length > 0;
    this.#child = spawn(program, words, {
      ...(!this.#wrapped && USER),
      cwd: image,
      env: this.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.#exited = once(this.#child, 'close');
  }

  /** Starts it and waits until it is healthy. @param wrapper a command that runs the command after it. */
  static async start(t: TestContext, image: string, wrapper: readonly string[]): Promise<Container> {
    const container = new Container(image, wrapper, await freePort());
    t.after(() => container.#end());
    const deadline = performance.now() + LONGEST_MS;
    while (!(await answers(container.url))) {
      assert.ok(container.#running, `ended instead of listening: ${container.stderr}`);
      assert.ok(performance.now() < deadline, `is not healthy: ${container.stderr}`);
      await delay(20);
    }
    return container;
  }

  get url(): string {
    return `http://127.0.0.1:${this.env['PORT']}/health`;
  }

  get #running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The program's number as seen from here: its own, or that of the wrapper's only child. */
  get pid(): number {
    const pid = this.#child.pid as number;
    return this.#wrapped ? Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')) : pid;
  }

  /** How it ended, which is to be soon. */
  async exit(): Promise<{ code: unknown; signal: unknown }> {
    const ended = await Promise.race([this.#exited, delay(5_000, null, { ref: false })]);
    assert.ok(ended, 'it, or a process it started, is still running');
    return { code: ended[0], signal: ended[1] };
  }

  async #end(): Promise<void> {
    if (!this.#running) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { headers: { connection: 'close' } }).catch(() => null);
  return response?.status === 200;
}
