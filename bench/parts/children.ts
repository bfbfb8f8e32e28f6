import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { get } from './http.ts';
import type { Message } from './link.ts';

/** Where children run: there is no `.env` here that could change what is measured. */
const FOLDER = fileURLToPath(new URL('..', import.meta.url));

export const CONNECTOR = fileURLToPath(new URL('../../bin/nsps-connector.js', import.meta.url));

/** Longest a child may take to become ready, and to end after SIGTERM, in milliseconds. */
const READY_MS = 15_000;
const END_MS = 10_000;

export const API_TOKEN = 'benchmark-intake-token';

const running = new Set<ChildProcess>();

/** Makes sure that no child outlives this process, however it ends (SIGKILL excepted). */
export function stopChildrenAtExit(): void {
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
}

function adopt(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(impatience);
}

/** Only what a program needs to run: no setting of the surroundings reaches what is measured. */
function bareEnvironment(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...settings };
}

type PartName = 'core-stub' | 'core-recorder' | 'forwarder' | 'keeper' | 'load' | 'operators' | 'store';

/** A helper of the benchmark in its own process: a program of this folder that can be asked questions. */
export class Part<Question = never, Reply = never> {
  readonly #child: ChildProcess;
  /** 127.0.0.1 only. */
  readonly url: string;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts `parts/<name>.ts` and waits until it says that it is ready. */
  static async start<Question = never, Reply = never>(
    name: PartName,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Part<Question, Reply>> {
    const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
    const child = adopt(fork(file, [], { cwd: FOLDER, env: bareEnvironment(settings), execArgv: [] }));
    return new Part<Question, Reply>(child, await heard<number>(child, READY_MS));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** One question at a time. @param patienceMs longest the answer may take. */
  async ask(question: Question, patienceMs = READY_MS): Promise<Reply> {
    const reply = heard<Reply>(this.#child, patienceMs);
    this.#child.send(question as object);
    return await reply;
  }

  stop(): Promise<void> {
    return end(this.#child);
  }
}

/** @returns the child's next message. @throws when it ends, fails or says nothing. */
function heard<T>(child: ChildProcess, patienceMs: number): Promise<T> {
  const name = child.spawnargs.at(-1);
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
    };
    const onMessage = (message: unknown) => {
      done();
      const heard = message as Message<T>;
      if ('error' in heard) reject(new Error(`${name}: ${heard.error}`));
      else resolve(heard.value);
    };
    const onExit = (code: number | null, signal: string | null) => {
      done();
      reject(new Error(`${name} ended (${code ?? signal})`));
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error(`${name} said nothing for ${patienceMs} ms`));
    }, patienceMs);
    child.on('message', onMessage).on('exit', onExit);
  });
}

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** From spawn to the first 200 of `/health`, in milliseconds. */
  readonly startMs: number;
  /** @returns the exit code, null when a signal ended it. */
  stop(): Promise<number | null>;
}

/**
 * Starts a program that serves `/health`, and waits for its first 200. Its output goes nowhere: at INFO the connector
 * writes a line an event, and reading them would cost a core of the machine that is measured.
 */
export async function startServer(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = adopt(
    spawn(process.execPath, args, {
      cwd: FOLDER,
      env: bareEnvironment({ HOST: '127.0.0.1', PORT: String(port), ...settings }),
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  await untilHealthy(child, url, started + READY_MS);
  const startMs = performance.now() - started;
  const stop = async () => {
    await end(child);
    return child.exitCode;
  };
  return { url, pid: child.pid ?? 0, startMs, stop };
}

/** The connector as it is installed, with default settings but for those given. */
export function startConnector(
  coreUrl: string,
  settings: Readonly<Record<string, string>> = {},
  args: readonly string[] = [CONNECTOR, 'serve'],
): Promise<ServerProcess> {
  return startServer(args, {
    STORE_URL: scratchStore(),
    API_TOKEN,
    WTL_API_URL: coreUrl,
    WTL_API_TOKEN: 'benchmark-core-token',
    ...settings,
  });
}

let scratch: string | null = null;

/** A new file for each connector that is not told where to keep things; all go when this process ends. */
function scratchStore(): string {
  if (scratch === null) {
    const folder = mkdtempSync(join(tmpdir(), 'nsps-bench-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    scratch = folder;
  }
  return `sqlite:${join(mkdtempSync(join(scratch, 'store-')), 'connector.db')}`;
}

/** Asks again at once: a pause of 1 ms is the resolution of the cold start. @param deadline on performance.now(). */
async function untilHealthy(child: ChildProcess, url: string, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(
        `${child.spawnargs.join(' ')} ended (${child.exitCode ?? child.signalCode}) before it was healthy`,
      );
    }
    if ((await get(`${url}/health`).catch(() => null)) === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`${child.spawnargs.join(' ')} was not healthy within ${READY_MS} ms`);
}

/** A port on which nobody listens, below those that the system hands out to outgoing connections. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
  throw new Error('No free port found between 20000 and 32000');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
