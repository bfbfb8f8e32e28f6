import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/** What the daemon's database holds of one subscriber. */
export interface OsmoSubscriber {
  readonly imsi: string;
  readonly msisdn: string | null;
  readonly nam_cs: number;
  readonly nam_ps: number;
}

/** Fixed in osmo-hlr 1.5: several daemons on one machine need an address each. */
const PORTS = { vty: 4258, ctrl: 4259, gsup: 4222 } as const;

/** Longest a daemon may take to listen, in milliseconds; it takes about 20. */
const READY_MS = 15_000;
const LOOK_AGAIN_MS = 10;
const TRIES = 5;

/** @returns where the daemon's program is; null when it is not installed. */
export function osmoHlrProgram(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, 'osmo-hlr')).find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A real osmo-hlr of our own: its configuration and database in a new folder, on an address of loopback that is nobody's. */
export class OsmoHlr implements AsyncDisposable {
  readonly host: string;
  readonly ctrlPort = PORTS.ctrl;
  readonly vtyPort = PORTS.vty;
  readonly gsupPort = PORTS.gsup;
  readonly database: string;
  readonly #folder: string;
  #child: ChildProcess | null = null;
  #stderr = '';
  /** A daemon must not outlive us, however we end (SIGKILL excepted). */
  readonly #atExit = () => void this.#child?.kill('SIGKILL');

  private constructor(host: string) {
    this.host = host;
    this.#folder = mkdtempSync(join(quickFolder(), 'osmo-hlr-'));
    this.database = join(this.#folder, 'hlr.db');
    writeFileSync(join(this.#folder, 'osmo-hlr.cfg'), configuration(host));
    process.on('exit', this.#atExit);
  }

  /** @throws Error when it is not installed, or does not start. */
  static async start(): Promise<OsmoHlr> {
    for (let attempt = 1; ; attempt++) {
      const hlr = new OsmoHlr(`127.${randomInt(64, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`);
      try {
        await hlr.restart();
        return hlr;
      } catch (error) {
        await hlr.stop();
        if (attempt === TRIES || osmoHlrProgram() === null) throw error;
      }
    }
  }

  /** As in the settings of the connector. */
  get settings(): Record<'TARGET' | 'OSMO_HLR_HOST' | 'OSMO_HLR_CTRL_PORT' | 'OSMO_HLR_VTY_PORT', string> {
    return {
      TARGET: 'osmo-hlr',
      OSMO_HLR_HOST: this.host,
      OSMO_HLR_CTRL_PORT: String(this.ctrlPort),
      OSMO_HLR_VTY_PORT: String(this.vtyPort),
    };
  }

  /** Starts it on what it left behind; resolves when both interfaces take connections. */
  async restart(): Promise<void> {
    const program = osmoHlrProgram();
    if (program === null) throw new Error('osmo-hlr is not installed');
    this.#stderr = '';
    const child = spawn(program, ['-c', join(this.#folder, 'osmo-hlr.cfg'), '-l', this.database], {
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    child.stderr?.on('data', (chunk) => {
      this.#stderr = (this.#stderr + String(chunk)).slice(-4_000);
    });
    child.on('error', (error) => {
      this.#stderr += error.message;
    });
    const end = performance.now() + READY_MS;
    while (!(await this.#listens())) {
      const gone = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
      if (gone || performance.now() > end) throw new Error(`osmo-hlr does not start: ${this.#stderr}`);
      await delay(LOOK_AGAIN_MS);
    }
  }

  async #listens(): Promise<boolean> {
    // In this order the daemon opens them.
    return (await takes(this.host, this.vtyPort)) && (await takes(this.host, this.ctrlPort));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends the process at once; what it holds stays. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Ends it and removes all it left behind. Idempotent. */
  async stop(): Promise<void> {
    await this.kill();
    process.off('exit', this.#atExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Every subscriber, as the daemon's own database has them. */
  subscribers(): OsmoSubscriber[] {
    const database = new DatabaseSync(this.database, { readOnly: true });
    try {
      const rows = database.prepare('SELECT imsi, msisdn, nam_cs, nam_ps FROM subscriber ORDER BY imsi').all();
      return rows.map((row) => ({ ...row })) as unknown as OsmoSubscriber[];
    } finally {
      database.close();
    }
  }

  subscriber(imsi: string): OsmoSubscriber | null {
    return this.subscribers().find((subscriber) => subscriber.imsi === imsi) ?? null;
  }

  /** Keeps the daemon from writing to its database. @returns how to let it again. */
  lockDatabase(): () => void {
    const database = new DatabaseSync(this.database, { timeout: 5_000 });
    database.exec('BEGIN IMMEDIATE');
    return () => {
      database.exec('ROLLBACK');
      database.close();
    };
  }
}

/** In memory where the system has such a place: the daemon waits for its disk at every write, and the disk is not of interest. */
function quickFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

function configuration(host: string): string {
  return [
    'line vty',
    ' no login',
    ` bind ${host} ${PORTS.vty}`,
    'ctrl',
    ` bind ${host}`,
    'hlr',
    ' gsup',
    `  bind ip ${host}`,
    '',
  ].join('\n');
}

async function takes(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
