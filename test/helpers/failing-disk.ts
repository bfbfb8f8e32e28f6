import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { type Serving, serve } from './program.ts';

const command = promisify(execFile);

/** A way in which a disk fails while the program runs, and works again. */
export interface DiskFault {
  readonly name: string;
  /** Why it cannot be had on this machine; false when it can. */
  readonly skip: string | false;
  /** What has to be in the store's words. */
  readonly words: RegExp;
  /** Becomes the program, on a disk that can fail in `folder`. */
  wrapper(folder: string): readonly string[];
  begin(pid: number, folder: string): Promise<void>;
  end(pid: number, folder: string): Promise<void>;
}

const MOUNT = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"';

/** The folder is a small disk of the program's own, which somebody else fills up. */
export const FULL_DISK: DiskFault = {
  name: 'a full disk',
  skip: whyNoMounts(),
  words: /disk is full|ENOSPC/,
  wrapper: (folder) => ['unshare', '-m', 'sh', '-c', MOUNT, folder],
  begin: async (pid, folder) => {
    await using ballast = await open(seenBy(pid, join(folder, 'ballast')), 'w');
    for (const size of [65_536, 4_096]) {
      // Cut short or refused: there is no room for another.
      while ((await ballast.write(Buffer.alloc(size)).catch(() => null))?.bytesWritten === size);
    }
  },
  end: (pid, folder) => rm(seenBy(pid, join(folder, 'ballast'))),
};

/** The system refuses every byte the program wants to write to a file, as a broken disk does. */
export const BROKEN_DISK: DiskFault = {
  name: 'a disk that takes nothing',
  skip: spawnSync('prlimit', ['--version']).status === 0 ? false : 'there is no prlimit(1)',
  words: /disk does not read or write|EFBIG/,
  wrapper: () => [],
  begin: async (pid) => void (await command('prlimit', ['--pid', String(pid), '--fsize=0:'])),
  end: async (pid) => void (await command('prlimit', ['--pid', String(pid), '--fsize=unlimited:'])),
};

function whyNoMounts(): string | false {
  const { status, error, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', MOUNT, tmpdir(), 'true'], {
    encoding: 'utf8',
  });
  return status === 0 ? false : `no mounts of one's own here: ${error?.message ?? stderr.trim()}`;
}

/** A path as a process with mounts of its own sees it. */
function seenBy(pid: number, path: string): string {
  const view = `/proc/${pid}/root`;
  return existsSync(view) ? view + path : path;
}

/** A connector whose database is on a disk that fails when told to. */
export class DiskSite implements AsyncDisposable {
  readonly connector: Serving;
  readonly #folder: string;
  readonly #fault: DiskFault;

  private constructor(connector: Serving, folder: string, fault: DiskFault) {
    this.connector = connector;
    this.#folder = folder;
    this.#fault = fault;
  }

  static async start(coreUrl: string, fault: DiskFault, env: Record<string, string>): Promise<DiskSite> {
    const folder = await mkdtemp(join(tmpdir(), 'nsps-disk-'));
    const settings = { STORE_URL: `sqlite:${join(folder, 'connector.db')}`, ...env };
    return new DiskSite(await serve(coreUrl, settings, fault.wrapper(folder)), folder, fault);
  }

  get #pid(): number {
    return this.connector.program.child.pid as number;
  }

  /** The journal's events in a state, from a copy: SQLite does not find its way into somebody else's mounts. */
  async eventsIn(state: string): Promise<string[]> {
    const copy = await mkdtemp(join(tmpdir(), 'nsps-copy-'));
    try {
      for (const name of ['connector.db', 'connector.db-wal']) {
        await copyFile(seenBy(this.#pid, join(this.#folder, name)), join(copy, name));
      }
      using db = new DatabaseSync(join(copy, 'connector.db'));
      const rows = db.prepare('SELECT event_id FROM journal WHERE state = ?').all(state) as { event_id: string }[];
      return rows.map(({ event_id }) => event_id);
    } finally {
      await rm(copy, { recursive: true });
    }
  }

  fail(): Promise<void> {
    return this.#fault.begin(this.#pid, this.#folder);
  }

  mend(): Promise<void> {
    return this.#fault.end(this.#pid, this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connector[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
