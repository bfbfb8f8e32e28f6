import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreStub, type StubAnswer, succeed } from './core-stub.ts';
import { post } from './nsps.ts';
import { run, type Serving, serve } from './program.ts';

/** A connector with a database file and a core, and an operator's commands beside it. */
export class Site implements AsyncDisposable {
  readonly core: CoreStub;
  readonly file: string;
  readonly #folder: string;
  #connector: Serving | null = null;

  private constructor(folder: string, core: CoreStub) {
    this.#folder = folder;
    this.file = join(folder, 'connector.db');
    this.core = core;
  }

  /** Nothing runs yet but the core. */
  static async make(answer: StubAnswer = succeed): Promise<Site> {
    return new Site(await mkdtemp(join(tmpdir(), 'nsps-operator-')), await CoreStub.start(answer));
  }

  get store(): string {
    return `sqlite:${this.file}`;
  }

  /** What the connector wrote so far. */
  get log(): string {
    return this.#connector?.program.stdout ?? '';
  }

  async startConnector(env: Record<string, string> = {}): Promise<void> {
    this.#connector = await serve(this.core.url, { STORE_URL: this.store, DELIVERY: 'queued', ...env });
  }

  async stopConnector(): Promise<void> {
    this.#connector?.program.signal('SIGTERM');
    await this.#connector?.program.exited;
    this.#connector = null;
  }

  async post(...events: readonly unknown[]): Promise<number[]> {
    const statuses: number[] = [];
    for (const event of events) statuses.push((await post(this.#connector?.eventUrl ?? '', event)).status);
    return statuses;
  }

  /** Runs a command of the operator on the database. */
  run(args: readonly string[], env: Record<string, string> = {}) {
    return run(args, { STORE_URL: this.store, ...env });
  }

  /** The events as `events --json` gives them. */
  // biome-ignore lint/suspicious/noExplicitAny: looked into field by field
  async events(...args: readonly string[]): Promise<any[]> {
    const { stdout } = await this.run(['events', '--json', ...args]);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  /** Resolves once the event stands so. */
  async becomes(eventId: string, state: string): Promise<void> {
    for (;;) {
      const [event] = await this.events('--id', eventId);
      if (event?.state === state) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connector?.[Symbol.asyncDispose]();
    await this.core.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
