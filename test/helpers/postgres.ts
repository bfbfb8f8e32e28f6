import { after } from 'node:test';
import { type PostgresOptions, PostgresStore } from '../../src/store/postgres/index.ts';
import { closedWith, type SharedBench } from '../contract/store-bench.ts';
import { type PostgresServer, startPostgres, withClient } from './postgres-server.ts';
import { LIMITS } from './subscribers.ts';

export { withClient } from './postgres-server.ts';

export interface PostgresBench extends SharedBench {
  /** Of a fresh, empty database. */
  readonly url: string;
  /** As a connector with its own settings would. */
  openWith(options?: Partial<PostgresOptions>): Promise<PostgresStore>;
  /** Asks the database directly. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

/** Started by the first who asks, and stopped after the last test of the file. */
let server: Promise<PostgresServer> | null = null;

after(async () => {
  await (await server)?.stop();
});

/** A database of its own on the one server of this test file. */
export async function postgresBench(): Promise<PostgresBench> {
  server ??= startPostgres();
  const { database, drop } = await server;
  const url = await database();
  const bench = new AsyncDisposableStack();
  bench.defer(() => drop(url));
  const openWith = (options: Partial<PostgresOptions> = {}) =>
    closedWith(bench, PostgresStore.open({ url, limits: LIMITS, ...options }));
  const open = (limits = LIMITS) => openWith({ limits });
  return {
    url,
    open,
    openWith,
    // Closing leaves leases behind, as being killed does: they end by themselves.
    openMortal: async (limits) => {
      const store = await open(limits);
      return { store, abandon: () => store.close() };
    },
    holdUp: async () => {
      const locked = Promise.withResolvers<void>();
      const over = Promise.withResolvers<void>();
      const done = withClient(url, async (client) => {
        await client.query('BEGIN; LOCK TABLE nsps_connector.subscribers IN ACCESS EXCLUSIVE MODE');
        locked.resolve();
        await over.promise;
      });
      await Promise.race([locked.promise, done]);
      const release = async () => {
        over.resolve();
        await done;
      };
      bench.defer(release);
      return release;
    },
    query: (text, values) => withClient(url, async (client) => (await client.query(text, values)).rows),
    [Symbol.asyncDispose]: () => bench.disposeAsync(),
  };
}
