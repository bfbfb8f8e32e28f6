import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Limits, Subscriber } from '../../core/subscriber.ts';
import type { Deed } from '../../ports/operating.ts';
import type { Standing } from '../../ports/outbox.ts';
import { type CleaningOrder, type Entry, StoreError, type Views } from '../../ports/store.ts';
import type { AskedWrite, WriteResult } from '../requests.ts';
import { type Clocks, MACHINE, StoreClock } from './clock.ts';
import { refuseLogAlone, requireFile, sameFiles, takeLock } from './database-files.ts';
import { isRefusal, storeError } from './faults.ts';
import { beginGuestBook, guestMark, type Mark, signGuestBook } from './guest-book.ts';
import { Intents, intentsFile } from './intents.ts';
import type { Cleaned } from './journal.ts';
import type { ConcludeRequest, OutboxTables } from './outbox.ts';
import { makePrivateFile, placeOf } from './private-file.ts';
import { migrate, refuseOthers, requireToday } from './schema.ts';
import { Tables } from './tables.ts';
import { SqliteViews } from './views.ts';

export interface EngineOptions {
  /** Path, or `:memory:`. */
  readonly file: string;
  readonly limits: Limits;
  /** `owner`: the one connector of this file. `guest`: a command beside it. `reader`: only looks. */
  readonly role: 'owner' | 'guest' | 'reader';
}

/** A result, and what it says of what was known before. */
export interface Seen<T> {
  readonly result: T;
  /** Whether somebody else wrote to the database since the last one. */
  readonly foreign: boolean;
  /** Of the guests, as the last transaction found it. */
  readonly mark: Mark;
}

/**
 * Memory for pages in KiB: the inner pages of the indexes of ten million events. Less where it is written, since SQLite looks
 * through all of it at a commit that moved pages (ADR 0013).
 */
const CACHE_KIB = { owner: 16_384, guest: 16_384, reader: 65_536 };
/** Of the file, so much is read where the system holds it anyway: no copy, and no memory of ours. */
const MAPPED_BYTES = 4 * 1024 ** 3;
/** How long to wait for a command that is writing, in milliseconds. */
const BUSY_MS = 5_000;
/** Pages of the write-ahead log after which it is copied into the database (4 KiB each). */
const CHECKPOINT_PAGES = 8_000;

/** The database file, and transactions of many requests at a time. Synchronous: it lives in a thread of its own. */
export class Engine {
  readonly #db: DatabaseSync;
  readonly #lock: DatabaseSync | null = null;
  readonly #tables: Tables | null;
  readonly #clock: StoreClock;
  readonly #isOwner: boolean;
  readonly views: Views;
  /** Whether its tables were made now: a file that is there may be an empty one. */
  readonly isNew: boolean;
  readonly #version: StatementSync;
  #lastVersion = 0;
  /** Whether somebody else wrote since that was last said. */
  #foreign = false;
  readonly #findMark: () => Mark;
  #mark: Mark = null;
  /** By how many milliseconds the clock was set since that was last said. */
  #clockSetBy = 0;
  /** What a guest does under the lock before it commits. */
  readonly #announce: () => void;
  /** Whether what is committed is in the files that are found there later. */
  readonly #requireSameFiles: () => void;

  /** @throws StoreError when the file cannot be opened, is in use, or is of another version; for a guest also when absent. */
  constructor({ file, limits, role }: EngineOptions, clocks: Clocks = MACHINE) {
    this.#clock = new StoreClock(clocks);
    this.#isOwner = role === 'owner';
    try {
      const memory = file === ':memory:';
      refuseLogAlone(file);
      if (!memory && role === 'owner') makePrivateFile(file);
      if (role === 'guest') requireFile(file);
      const place = placeOf(file);
      this.#findMark = guestMark({ file: place, role });
      this.#announce = role === 'guest' ? () => signGuestBook(place) : () => {};
      this.#db = new DatabaseSync(file, { timeout: BUSY_MS, readOnly: role === 'reader' });
      this.#db.exec(`PRAGMA cache_size = -${CACHE_KIB[role]}; PRAGMA mmap_size = ${MAPPED_BYTES}`);
      // Before anything is written, or made beside it: the file may be anything, and its connector may be running.
      if (role === 'guest') requireToday(this.#db);
      if (role === 'owner') refuseOthers(this.#db);
      this.#lock = role === 'owner' && !memory ? takeLock(place) : null;
      if (this.#lock) beginGuestBook(place);
      if (role !== 'reader') {
        this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
        this.#db.exec('PRAGMA synchronous = FULL');
      }
      this.isNew = role === 'owner' && migrate(this.#db);
      this.#requireSameFiles = sameFiles({ file, role });
      this.#tables = role === 'reader' ? null : new Tables(this.#db, limits, () => this.#clock.now());
      this.views = new SqliteViews(this.#db);
      this.#version = this.#db.prepare('PRAGMA data_version');
      if (this.#lock) this.#transaction((tables) => tables.recover(Intents.read(intentsFile(place))));
    } catch (error) {
      this.#lock?.close();
      throw storeError(error, file);
    }
  }

  read(imsis: readonly string[]): Seen<Subscriber[]> {
    const tables = this.#writable();
    return this.#seen(() => imsis.map((imsi) => tables.read(imsi)));
  }

  /** What the clock shows by which times in the tables are. */
  now(): number {
    return this.#clock.now();
  }

  due(limit: number, held: readonly string[]): Seen<Subscriber[]> {
    const tables = this.#writable();
    this.#keepTime();
    return this.#seen(() => tables.due(limit, new Set(held)));
  }

  /** All of them in one transaction; when one breaks a rule of the database, each in its own, so that only that one fails. */
  writes(writes: readonly AskedWrite[]): Seen<WriteResult[]> {
    return this.#seen(() => this.#write(writes));
  }

  /** Those done one by one before a fault stay, though all are told that they failed: done again, they come to the same. */
  #write(writes: readonly AskedWrite[]): WriteResult[] {
    try {
      return this.#transaction((tables) => writes.map((write) => ({ taken: tables.write(write) })));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (writes.length === 1) return [{ refused: (error as Error).message }];
      return writes.flatMap((write) => this.#write([write]));
    }
  }

  /** What comes of the work, and whether what was known before it still holds. */
  #seen<T>(work: () => T): Seen<T> {
    this.#look();
    const result = work();
    const foreign = this.#foreign;
    this.#foreign = false;
    return { result, foreign, mark: this.#mark };
  }

  /** Whether a command beside the connector wrote something since the last look (sqlite.org/pragma.html#pragma_data_version). */
  #look(): void {
    const { data_version: version } = this.#version.get() as { data_version: number };
    if (version === this.#lastVersion) return;
    this.#lastVersion = version;
    this.#foreign = true;
    this.#tables?.forget();
  }

  put(entries: readonly Entry[]): Standing[] {
    return this.#transaction((tables) => tables.put(entries));
  }

  conclude(request: ConcludeRequest): void {
    this.#transaction((tables) => tables.conclude(request));
  }

  get outbox(): OutboxTables {
    return this.#writable().outbox;
  }

  /** A part of what there is to clean. */
  clean(order: CleaningOrder): Cleaned {
    return this.#transaction((tables) => tables.clean(order));
  }

  note(deed: Deed): void {
    this.#transaction((tables) => tables.note(deed));
  }

  probe(): void {
    this.#transaction(() => this.#db.exec(`UPDATE probe SET at = ${this.#clock.now()}`));
  }

  #writable(): Tables {
    if (!this.#tables) throw new StoreError('the database was opened for reading only', { passing: false });
    // A disk that fails may not let a transaction be taken back: nothing of it may be read, or written with what comes next.
    if (this.#db.isTransaction) this.#takeBack();
    return this.#tables;
  }

  #transaction<T>(work: (tables: Tables) => T): T {
    this.#keepTime();
    return this.#commit(work);
  }

  /** Whether the clock was set is found before anything is done by it; commands leave what follows of that to the connector. */
  #keepTime(): void {
    const step = this.#clock.stepped();
    if (step === 0) return;
    if (this.#isOwner) {
      this.#commit((tables) => tables.moveTimes(step));
      this.#foreign = true;
      this.#clockSetBy += step;
    }
    this.#clock.follow(step);
  }

  /** By how many milliseconds the machine's clock was found set since this was asked last; 0 when it was not. */
  takeClockStep(): number {
    const step = this.#clockSetBy;
    this.#clockSetBy = 0;
    return step;
  }

  #commit<T>(work: (tables: Tables) => T): T {
    const tables = this.#writable();
    this.#requireSameFiles();
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      // From here on nobody else can.
      this.#look();
      this.#mark = this.#findMark();
      const result = work(tables);
      tables.flush();
      this.#announce();
      this.#db.exec('COMMIT');
      tables.committed();
      return result;
    } catch (error) {
      this.#takeBack();
      throw error;
    }
  }

  /** Of a transaction that failed nothing stays, neither in the database nor in what is remembered of it. */
  #takeBack(): void {
    this.#tables?.rolledBack();
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  close(): void {
    this.#db.close();
    this.#lock?.close();
  }
}
