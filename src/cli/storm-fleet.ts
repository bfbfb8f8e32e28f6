import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Fleet } from '../../sim/storm/storm.ts';
import { EXIT, PlainError } from './command.ts';

interface FleetOptions {
  /** The script that is the program: what this process was started with, as a rule. */
  readonly entrance: string;
  readonly instances: number;
  /** Settings of every instance. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the logs go, and where the instances run: no .env of anybody is there. */
  readonly folder: string;
}

/** Connectors of this very program, each a process of its own. They end with this process, whatever ends it. */
export class ConnectorFleet implements Fleet, AsyncDisposable {
  readonly eventUrls: string[] = [];
  readonly #options: FleetOptions;
  readonly #members: Connector[] = [];
  #disposed = false;

  private constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** @throws PlainError when one does not come up; the others are stopped. */
  static async start(options: FleetOptions): Promise<ConnectorFleet> {
    const fleet = new ConnectorFleet(options);
    try {
      for (let index = 0; index < options.instances; index++) await fleet.#start(index);
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `kill -9`, and the same again at once. */
  async kill(index: number): Promise<void> {
    await this.#members[index]?.kill();
    if (!this.#disposed) await this.#start(index);
  }

  async #start(index: number): Promise<void> {
    const member = new Connector(this.#options, index);
    this.#members[index] = member;
    this.eventUrls[index] = await member.eventUrl;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#members.map((member) => member.kill()));
  }
}

class Connector {
  /** Resolves when it takes events. */
  readonly eventUrl: Promise<string>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #log: WriteStream;

  constructor({ entrance, env, folder }: FleetOptions, index: number) {
    const file = join(folder, `connector-${index + 1}.log`);
    this.#log = createWriteStream(file, { flags: 'a' });
    this.#child = spawn(process.execPath, [entrance, 'serve'], {
      cwd: folder,
      // The entrance ends itself when it is told that it was launched and its launcher is gone.
      env: { PATH: process.env['PATH'] ?? '', ...env, HOST: '127.0.0.1', PORT: '0', NSPS_CONNECTOR_LAUNCHER: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A terminal's Ctrl-C is for the storm alone, which ends its connectors itself.
      detached: true,
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.eventUrl = this.#listen();
    // Whoever started it hears of it; it must not be unheard of when nobody listens any more.
    this.eventUrl.catch(() => {});
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    await new Promise<void>((resolve) => this.#log.end(() => resolve()));
  }

  #listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      let said = '';
      let listens = false;
      const hear = (chunk: Buffer) => {
        this.#log.write(chunk);
        if (listens) return;
        said += chunk.toString();
        const url = /"url":"([^"]+)"/.exec(said)?.[1];
        if (url === undefined) return;
        listens = true;
        resolve(url);
      };
      this.#child.stdout?.on('data', hear);
      this.#child.stderr?.on('data', hear);
      const fail = (why: string) =>
        reject(new PlainError(`a connector did not start: ${why.trim()}`, EXIT.unavailable));
      this.#child.once('error', (error) => fail(error.message));
      this.#child.once('close', () => fail(said));
    });
  }
}
