import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ENTRANCE = fileURLToPath(new URL('../../bin/nsps-connector.js', import.meta.url));

export const TOKEN = 'token-of-nsps-0123456789';
export const CORE_TOKEN = 'token-of-the-core-987654321';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The program as a user runs it: a process of its own, its output gathered. */
export class Program {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';
  readonly #watchers = new Set<() => void>();

  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    { stdout = 'pipe', wrapper = [] }: { stdout?: 'pipe' | number; wrapper?: readonly string[] } = {},
  ) {
    const [file = '', ...words] = [...wrapper, process.execPath, ENTRANCE, ...args];
    // Nothing of the developer's own settings, and no .env, may leak in.
    this.child = spawn(file, words, {
      // A test that wants to be remembered says where.
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', STORE_URL: 'memory:', ...env },
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['pipe', stdout, 'pipe'],
    });
    this.child.stdout?.on('data', (chunk) => this.#hear('stdout', chunk));
    this.child.stderr?.on('data', (chunk) => this.#hear('stderr', chunk));
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        resolve({ code, signal });
        for (const watcher of this.#watchers) watcher();
      });
    });
  }

  #hear(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString();
    for (const watcher of this.#watchers) watcher();
  }

  /** Resolves when the output matches; rejects when the program ends without it. */
  async says(pattern: RegExp): Promise<RegExpMatchArray> {
    return await new Promise((resolve, reject) => {
      const look = () => {
        const match = this.stdout.match(pattern);
        if (match) resolve(match);
        else if (this.child.exitCode !== null || this.child.signalCode !== null) {
          reject(new Error(`ended without saying ${pattern}:\n${this.stdout}\n${this.stderr}`));
        } else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** JSON log lines so far. */
  get lines(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it whatever it does, at the end of a test (`await using`). */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}

export interface Serving extends AsyncDisposable {
  readonly program: Program;
  readonly url: string;
  readonly eventUrl: string;
}

/**
 * Starts `serve` on a free port against a core, and waits until it listens.
 * @param wrapper a command that becomes the program it is given.
 */
export async function serve(
  coreUrl: string,
  env: Record<string, string> = {},
  wrapper: readonly string[] = [],
): Promise<Serving> {
  const settings = {
    HOST: '127.0.0.1',
    PORT: '0',
    API_TOKEN: TOKEN,
    WTL_API_URL: coreUrl,
    WTL_API_TOKEN: CORE_TOKEN,
    ...env,
  };
  const program = new Program(['serve'], settings, { wrapper });
  const [, eventUrl] = await program.says(/"url":"([^"]+)"/);
  const url = new URL(eventUrl as string).origin;
  return { program, url, eventUrl: eventUrl as string, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** Runs a command to its end. */
export async function run(args: readonly string[], env: Record<string, string> = {}, input?: string) {
  const program = new Program(args, env);
  // A program that has ended already does not read it.
  program.child.stdin?.on('error', () => {});
  program.child.stdin?.end(input ?? '');
  const { code } = await program.exited;
  return { code, stdout: program.stdout, stderr: program.stderr };
}
