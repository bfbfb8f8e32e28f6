import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileWords } from '../../config/system-words.ts';
import { isImsi } from '../../contract/imsi.ts';
import type { Wanted } from '../../core/subscriber.ts';
import { StoreError } from '../../ports/store.ts';

/** The file is begun anew with what still holds when it is so long, in bytes. */
const LONGEST = 4 * 1024 * 1024;

/** Who was held when the process ended, and what was to be sent for him. */
export interface Intent {
  readonly imsi: string;
  readonly wanted: Wanted | null;
}

/** Who is held. What cannot be done is a `StoreError`. */
export interface Holds {
  has(imsi: string): boolean;
  readonly imsis: Iterable<string>;
  /** Resolves once it would be found after the death of this process. */
  hold(imsi: string, wanted: Wanted | null): Promise<void> | undefined;
  /** Resolves once whoever is held by now would be found after the death of the machine, too. */
  sync(): Promise<void> | undefined;
  letGo(imsi: string): void;
  /** @throws when whoever is held cannot be kept in mind. */
  probe(): void;
  close(): void;
}

/** Ends with the process, as the database does. */
export class HoldsInMemory implements Holds {
  readonly #held = new Set<string>();

  has(imsi: string): boolean {
    return this.#held.has(imsi);
  }

  get imsis(): Iterable<string> {
    return this.#held;
  }

  hold(imsi: string): undefined {
    this.#held.add(imsi);
  }

  sync(): undefined {}

  letGo(imsi: string): void {
    this.#held.delete(imsi);
  }

  probe(): void {}

  close(): void {}
}

/** Beside the database. */
export function intentsFile(database: string): string {
  return `${database}-intents`;
}

/**
 * Who is held, in a file beside the database: written before the core is called, without waiting for the disk. It outlives
 * the death of the process (the system has it), but that of the machine only after a `sync`, which is needed where NSPS was
 * promised something: where it was not, it sends again. A line a claim and a line when it ends cost a fraction of a
 * transaction.
 */
export class Intents implements Holds {
  readonly #file: string;
  readonly #held = new Map<string, string>();
  #handle: number;
  #length = 0;
  /** Lines to come. That somebody was let go waits for the next hold: it tells whoever finds the file little. */
  #unwritten = '';
  /** A line may have been cut off: only a new file will do. */
  #broken = false;
  #written: Promise<void> | null = null;
  #closed = false;

  /** Begins a new file: what was in it must have been dealt with. */
  constructor(file: string) {
    this.#file = file;
    this.#handle = asStoreError(() => this.#begin());
  }

  /** @returns what the last process left behind; a line that was cut off is none. */
  static read(file: string): Intent[] {
    const left = new Map<string, Intent>();
    for (const line of linesOf(file)) {
      const intent = parse(line);
      if (intent === null) continue;
      if ('wanted' in intent) left.set(intent.imsi, intent);
      else left.delete(intent.imsi);
    }
    return [...left.values()];
  }

  has(imsi: string): boolean {
    return this.#held.has(imsi);
  }

  get imsis(): Iterable<string> {
    return this.#held.keys();
  }

  /** Whoever is held in one turn of the loop is written together. Rejects when the file cannot be written. */
  hold(imsi: string, wanted: Wanted | null): Promise<void> {
    const line = `${JSON.stringify({ imsi, wanted })}\n`;
    this.#unwritten += line;
    this.#held.set(imsi, line);
    this.#written ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#written = null;
        try {
          asStoreError(() => this.#flush());
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    return this.#written;
  }

  /** The file is opened once more: should a new one take its place meanwhile, that is on the disk with all who are held. */
  async sync(): Promise<void> {
    try {
      await using file = await open(this.#file, 'r');
      await file.datasync();
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  letGo(imsi: string): void {
    if (this.#held.delete(imsi)) this.#unwritten += `{"imsi":"${imsi}"}\n`;
  }

  probe(): void {
    if (this.#broken) asStoreError(() => this.#flush());
  }

  close(): void {
    // Who is held now is left behind on purpose: what came of him is not known.
    this.#flush();
    this.#closed = true;
    closeSync(this.#handle);
  }

  #flush(): void {
    // The number of its file may be somebody else's by now.
    if (this.#closed) throw new Error('the store is closed');
    const text = this.#unwritten;
    const anew = this.#broken || this.#length > LONGEST;
    this.#unwritten = '';
    this.#broken = true;
    if (anew) this.#renew();
    else this.#length += writeAll(this.#handle, text);
    this.#broken = false;
  }

  #renew(): void {
    const old = this.#handle;
    this.#handle = this.#begin();
    closeSync(old);
  }

  /** Complete, and on the disk, under another name first: whoever finds the file finds all of it. */
  #begin(): number {
    const draft = `${this.#file}.new`;
    const handle = openSync(draft, 'w', 0o600);
    try {
      this.#length = writeAll(handle, [...this.#held.values()].join(''));
      fsyncSync(handle);
      renameSync(draft, this.#file);
      syncFolder(dirname(this.#file));
      return handle;
    } catch (error) {
      closeSync(handle);
      rmSync(draft, { force: true });
      throw error;
    }
  }
}

function asStoreError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeErrorOf(error);
  }
}

function storeErrorOf(error: unknown): StoreError {
  return new StoreError(`claims cannot be written: ${fileWords(error)}`, { cause: error });
}

/** So that the file has its name after a power failure, too. Some file systems take care of names by themselves, and say no. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    closeSync(handle);
  }
}

/** A disk that fills up takes a part, and says so only when it is asked for the rest. @returns how many bytes it was. */
function writeAll(handle: number, text: string): number {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
  return bytes.length;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A line of the file; null when it is none: whatever lies in the file, the connector starts. */
function parse(line: string): Intent | { readonly imsi: string } | null {
  try {
    const intent = JSON.parse(line) as Intent | { readonly imsi: string } | null;
    return intent !== null && isIntent(intent) ? intent : null;
  } catch {
    return null;
  }
}

function isIntent({ imsi, wanted }: Partial<Intent>): boolean {
  if (typeof imsi !== 'string' || !isImsi(imsi)) return false;
  return wanted === undefined || wanted === null || Boolean(wanted.version && wanted.change?.state);
}
