import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../src/store/sqlite/index.ts';
import type { StoreBench } from '../contract/store.suite.ts';
import { LIMITS } from './subscribers.ts';

/** A database file in a scratch folder. */
export async function sqliteBench(): Promise<StoreBench & { readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'nsps-store-'));
  const file = join(folder, 'connector.db');
  return {
    file,
    open: (limits = LIMITS) => SqliteStore.open({ file, limits }),
    // A guest takes no lock, and nobody recovers what it leaves behind before the next owner.
    openMortal: async (limits = LIMITS) => {
      if (!existsSync(file)) await (await SqliteStore.open({ file, limits })).close();
      const store = await SqliteStore.open({ file, limits, role: 'guest' });
      return { store, abandon: () => store.close() };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** A database that ends with the process. */
export async function memoryBench(): Promise<StoreBench> {
  const open = (limits = LIMITS) => SqliteStore.open({ file: ':memory:', limits });
  return {
    open,
    openMortal: async () => {
      throw new Error('nothing outlives a database in memory');
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
