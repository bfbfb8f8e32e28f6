import { rmSync } from 'node:fs';
import { mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, withClient } from '../../test/helpers/postgres-server.ts';

/** Stores that keep more than memory holds. */
export const SIZED_STORES = ['sqlite', 'postgres'] as const;
export type SizedStore = (typeof SIZED_STORES)[number];

/** Where stores are made, and how large they get, in bytes. */
export interface Place {
  /** @returns a file or the URL of a database, as `parts/store.ts` takes it. */
  create(): Promise<{ url: string; size(): Promise<number> }>;
  /** With everything that was made there. */
  remove(): Promise<void>;
}

const GIB = 1024 ** 3;

export function placeOf(store: SizedStore): Promise<Place> {
  return store === 'sqlite' ? files() : databases();
}

/** What the connector calls it: `STORE_URL`. */
export function storeUrl(store: SizedStore, url: string): string {
  return store === 'sqlite' ? `sqlite:${url}` : url;
}

/** @throws Error in words when the folder for temporary files has not so many bytes left. */
export async function requireSpace(bytes: number, what: string): Promise<void> {
  const folder = tmpdir();
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const gib = (count: number) => (count / GIB).toFixed(1);
  throw new Error(
    `${what} needs about ${gib(bytes)} GiB in ${folder}, where ${gib(free)} GiB are free: make room there, ` +
      'name another folder in TMPDIR, or measure with fewer events',
  );
}

async function files(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'nsps-bench-'));
  // Interrupted, too: gigabytes must not stay behind.
  const atExit = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', atExit);
  let made = 0;
  return {
    async create() {
      const url = join(folder, `${++made}.db`);
      return { url, size: async () => (await stat(url)).size };
    },
    async remove() {
      await rm(folder, { recursive: true });
      process.off('exit', atExit);
    },
  };
}

async function databases(): Promise<Place> {
  const server = await startPostgres();
  return {
    async create() {
      const url = await server.database();
      return { url, size: () => databaseSize(url) };
    },
    remove: () => server.stop(),
  };
}

async function databaseSize(url: string): Promise<number> {
  const { rows } = await withClient(url, (client) =>
    client.query('SELECT pg_database_size(current_database()) AS size'),
  );
  return Number(rows[0]?.size);
}
