import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteStore } from '../../src/store/sqlite/index.ts';
import type { SharedBench, StoreBench } from '../contract/store-bench.ts';
import { LIMITS } from './subscribers.ts';

/** A database file in a scratch folder. */
export async function sqliteBench(): Promise<SharedBench & { readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'nsps-store-'));
  const file = join(folder, 'connector.db');
  return {
    file,
    open: (limits = LIMITS) => SqliteStore.open({ file, limits }),
    // Closing leaves claims behind, as being killed does.
    openMortal: async (limits = LIMITS) => {
      const store = await SqliteStore.open({ file, limits });
      return { store, abandon: () => store.close() };
    },
    holdUp: async () => {
      const other = new DatabaseSync(file);
      other.exec('BEGIN IMMEDIATE');
      return async () => other.close();
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** A database that ends with its store: nothing can be opened a second time. */
export async function memoryBench(): Promise<StoreBench> {
  const open = (limits = LIMITS) => SqliteStore.open({ file: ':memory:', limits });
  return {
    open,
    openMortal: async (limits) => {
      const store = await open(limits);
      return { store, abandon: () => store.close() };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
