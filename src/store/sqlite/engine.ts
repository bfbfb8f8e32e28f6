import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Limits, Subscriber } from '../../core/subscriber.ts';
import { StoreError, type Views, type Write } from '../../ports/store.ts';
import { isRefusal, storeError } from './faults.ts';
import { migrate, requireToday } from './schema.ts';
import { type ClaimRequest, Tables } from './tables.ts';
import { SqliteViews } from './views.ts';

export interface EngineOptions {
  /** Path, or `:memory:`. */
  readonly file: string;
  readonly limits: Limits;
  /** `owner`: the one connector of this file. `guest`: a command beside it. `reader`: only looks. */
  readonly role: 'owner' | 'guest' | 'reader';
}

/** Result of one write of a batch: which effects were taken, or why the write was not done. */
export type WriteResult = { readonly taken: boolean[] } | { readonly refused: string };

/** Memory for pages in KiB: the inner pages of the indexes of ten million events. */
const CACHE_KIB = 65_536;
/** How long to wait for a command that is writing, in milliseconds. */
const BUSY_MS = 5_000;
/** Pages of the write-ahead log after which it is copied into the database (4 KiB each). */
const CHECKPOINT_PAGES = 8_000;

/** The database file, and transactions of many requests at a time. Synchronous: it lives in a thread of its own. */
export class Engine {
  readonly #db: DatabaseSync;
  readonly #lock: DatabaseSync | null = null;
  readonly #tables: Tables | null;
  readonly views: Views;
  #durable = true;

  /** @throws StoreError when the file cannot be opened, is in use, or is of another version; for a guest also when absent. */
  constructor({ file, limits, role }: EngineOptions) {
    try {
      const memory = file === ':memory:';
      if (!memory && role === 'owner') makePrivateFile(file);
      if (role === 'guest') requireFile(file);
      this.#lock = role === 'owner' && !memory ? takeLock(file) : null;
      this.#db = new DatabaseSync(file, { timeout: BUSY_MS, readOnly: role === 'reader' });
      this.#db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
      // Before anything is written: the file may be anything, and its connector may be running.
      if (role === 'guest') requireToday(this.#db);
      if (role !== 'reader') {
        this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
        this.#db.exec('PRAGMA synchronous = FULL');
        if (role === 'owner') migrate(this.#db);
      }
      this.#tables = role === 'reader' ? null : new Tables(this.#db, limits, Date.now);
      this.views = new SqliteViews(this.#db);
      if (role === 'owner') this.#transaction(true, (tables) => tables.recoverClaims(this.#db));
    } catch (error) {
      this.#lock?.close();
      throw storeError(error, file);
    }
  }

  /** Claims survive the death of this process, not that of the machine: nothing was promised to anybody yet. */
  claims(requests: readonly ClaimRequest[]): (Subscriber | null)[] {
    const held: ClaimRequest[] = [];
    try {
      return this.#transaction(false, (tables) =>
        requests.map((request) => {
          const subscriber = tables.claim(request);
          if (subscriber) held.push(request);
          return subscriber;
        }),
      );
    } catch (error) {
      this.#tables?.dropClaims(held);
      throw error;
    }
  }

  claimDue(limit: number): Subscriber[] {
    let claimed: Subscriber[] = [];
    try {
      return this.#transaction(false, (tables) => {
        claimed = tables.claimDue(limit);
        return claimed;
      });
    } catch (error) {
      this.#tables?.dropClaims(claimed.map(({ imsi }) => ({ imsi, wanted: null })));
      throw error;
    }
  }

  /** All of them in one transaction; when one breaks a rule of the database, each in its own, so that only that one fails. */
  writes(writes: readonly Write[]): WriteResult[] {
    try {
      return this.#transaction(true, (tables) => writes.map((write) => ({ taken: tables.write(write) })));
    } catch (error) {
      for (const { effects } of writes) this.#tables?.drop(effects);
      if (!isRefusal(error)) throw error;
      if (writes.length === 1) return [{ refused: (error as Error).message }];
      return writes.flatMap((write) => this.writes([write]));
    }
  }

  clean(before: number, limit: number): number {
    return this.#transaction(true, (tables) => tables.clean(before, limit));
  }

  probe(): void {
    this.#transaction(true, () => this.#db.exec(`UPDATE probe SET at = ${Date.now()}`));
  }

  #transaction<T>(durable: boolean, work: (tables: Tables) => T): T {
    if (!this.#tables) throw new StoreError('the database was opened for reading only', { passing: false });
    if (durable !== this.#durable) {
      this.#db.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
      this.#durable = durable;
    }
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work(this.#tables);
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#db.close();
    this.#lock?.close();
  }
}

/** It holds names and numbers: for its owner's eyes only. */
function makePrivateFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, 'a', 0o600));
}

/** A command works on what a connector keeps; an empty file of its own would only hide a slip of the pen. */
function requireFile(file: string): void {
  if (existsSync(file)) return;
  throw new StoreError('there is no such file; a connector makes it at its first start', { passing: false });
}

/** A lock that the system takes away when this process dies, however it dies. */
function takeLock(file: string): DatabaseSync {
  const lock = new DatabaseSync(`${file}-lock`);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new StoreError(
      'another connector is running on this file: give each its own, or use postgres:// for several instances',
      { passing: false },
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
