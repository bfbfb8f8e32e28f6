import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Serving, serve } from './program.ts';

/** A connector that is killed and started again, always on the same database file. */
export class MortalSite implements AsyncDisposable {
  readonly file: string;
  readonly #coreUrl: string;
  readonly #env: Record<string, string>;
  #connector: Serving | null = null;

  private constructor(folder: string, coreUrl: string, env: Record<string, string>) {
    this.file = join(folder, 'connector.db');
    this.#coreUrl = coreUrl;
    this.#env = { STORE_URL: `sqlite:${this.file}`, ...env };
  }

  static async start(coreUrl: string, env: Record<string, string> = {}): Promise<MortalSite> {
    const site = new MortalSite(await mkdtemp(join(tmpdir(), 'nsps-mortal-')), coreUrl, env);
    await site.restart();
    return site;
  }

  /** Of the connector that runs now, or ran last. */
  get eventUrl(): string {
    return this.#connector?.eventUrl ?? '';
  }

  async restart(): Promise<void> {
    this.#connector = await serve(this.#coreUrl, this.#env);
  }

  async kill(): Promise<void> {
    this.#connector?.program.signal('SIGKILL');
    await this.#connector?.program.exited;
  }

  /** Asks the database as it lies on the disk, without touching it: what has to be repaired is repaired in a copy. */
  async query(text: string): Promise<Record<string, unknown>[]> {
    const copy = await mkdtemp(join(tmpdir(), 'nsps-copy-'));
    try {
      for (const end of ['', '-wal']) {
        await copyFile(this.file + end, join(copy, `copy.db${end}`)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
        });
      }
      using db = new DatabaseSync(join(copy, 'copy.db'));
      return db.prepare(text).all();
    } finally {
      await rm(copy, { recursive: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connector?.[Symbol.asyncDispose]();
    await rm(join(this.file, '..'), { recursive: true, force: true });
  }
}
