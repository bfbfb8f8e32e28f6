import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Limits } from '../../src/core/subscriber.ts';
import { SqliteStore } from '../../src/store/sqlite/index.ts';
import { closedWith, type SharedBench, type StoreBench } from '../contract/store-bench.ts';
import { LIMITS } from './subscribers.ts';

export interface SqliteBench extends SharedBench {
  readonly file: string;
  /** As the connector, or as a command beside it. */
  openAs(role: 'owner' | 'guest', limits?: Limits): Promise<SqliteStore>;
}

/** A database file in a scratch folder. */
export async function sqliteBench(): Promise<SqliteBench> {
  const folder = await mkdtemp(join(tmpdir(), 'nsps-store-'));
  const file = join(folder, 'connector.db');
  const bench = new AsyncDisposableStack();
  bench.defer(() => rm(folder, { recursive: true }));
  const openAs = (role: 'owner' | 'guest', limits = LIMITS) =>
    closedWith(bench, SqliteStore.open({ file, limits, role }));
  const open = (limits?: Limits) => openAs('owner', limits);
  return {
    file,
    openAs,
    open,
    // Closing leaves claims behind, as being killed does.
    openMortal: async (limits) => {
      const store = await open(limits);
      return { store, abandon: () => store.close() };
    },
    holdUp: async () => {
      const other = new DatabaseSync(file);
      other.exec('BEGIN IMMEDIATE');
      const release = async () => {
        if (other.isOpen) other.close();
      };
      bench.defer(release);
      return release;
    },
    [Symbol.asyncDispose]: () => bench.disposeAsync(),
  };
}

/** A database that ends with its store: nothing can be opened a second time. */
export async function memoryBench(): Promise<StoreBench> {
  const bench = new AsyncDisposableStack();
  const open = (limits = LIMITS) => closedWith(bench, SqliteStore.open({ file: ':memory:', limits }));
  return {
    open,
    openMortal: async (limits) => {
      const store = await open(limits);
      return { store, abandon: () => store.close() };
    },
    [Symbol.asyncDispose]: () => bench.disposeAsync(),
  };
}
