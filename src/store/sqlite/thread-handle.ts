import { Worker } from 'node:worker_threads';
import { type StoredEvent, StoreError } from '../../ports/store.ts';
import type { EngineOptions } from './engine.ts';
import type {
  ClockMessage,
  EncodedName,
  EncodedWrites,
  OpenMessage,
  ReplyMessage,
  RequestMessage,
  RequestName,
  Requests,
} from './messages.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: StoreError): void;
}

/** The program is one bundle; run from its sources, the thread is a source, too. */
const ENTRANCE = import.meta.url.endsWith('.ts')
  ? new URL('./thread.ts', import.meta.url)
  : new URL('./sqlite-thread.js', import.meta.url);

const ENDED = "the store's thread has ended";

/** This side of a thread that has a database open: questions and their answers. */
export class Thread {
  readonly #worker: Worker;
  /** Whether the database was empty. */
  readonly isNew: boolean;
  readonly #pending = new Map<number, Pending>();
  #asked = 0;
  #closing = false;
  #gone = false;

  /**
   * @param onClockSet hears by how many milliseconds the thread found the machine's clock set.
   * @throws StoreError when it cannot open the database.
   */
  static async start(data: EngineOptions, onClockSet: (byMs: number) => void = () => {}): Promise<Thread> {
    const worker = new Worker(ENTRANCE, { workerData: data });
    const opened = await new Promise<OpenMessage>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error("the store's thread ended while it began")));
    });
    if (opened.opened) return new Thread(worker, opened.isNew, onClockSet);
    await worker.terminate();
    throw new StoreError(opened.error, { passing: opened.passing });
  }

  private constructor(worker: Worker, isNew: boolean, onClockSet: (byMs: number) => void) {
    this.#worker = worker;
    this.isNew = isNew;
    worker.on('message', (messages: readonly (ReplyMessage | ClockMessage)[]) => {
      for (const message of messages) {
        if ('clockSetBy' in message) onClockSet(message.clockSetBy);
        else this.#take(message);
      }
    });
    worker.on('error', (error: unknown) => this.#end(error));
    worker.on('exit', () => this.#end(null));
  }

  /** @throws StoreError when it cannot be done. */
  ask<N extends Exclude<RequestName, EncodedName>>(name: N, of: Requests[N]['of']): Promise<Requests[N]['gives']> {
    return this.#post(name, { text: JSON.stringify(of), decisions: [], bodies: null });
  }

  /** The same, with what goes beside the JSON (`encodeWrites`). */
  send<N extends EncodedName>(name: N, encoded: EncodedWrites): Promise<Requests[N]['gives']> {
    return this.#post(name, encoded);
  }

  #post<N extends RequestName>(name: N, encoded: EncodedWrites): Promise<Requests[N]['gives']> {
    if (this.#gone) return Promise.reject(new StoreError(ENDED, { passing: false }));
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      const message: RequestMessage = { id, name, ...encoded };
      const { bodies } = encoded;
      this.#worker.postMessage(message, bodies ? [bodies.buffer as ArrayBuffer] : []);
    });
  }

  #take(reply: ReplyMessage): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) {
      pending?.reject(new StoreError(reply.error, { passing: reply.passing }));
      return;
    }
    const value: unknown = JSON.parse(reply.text);
    if ('bodies' in reply) giveBodies(value as StoredEvent | StoredEvent[] | null, reply.bodies);
    pending?.resolve(value);
  }

  /** Nobody can tell what a thread that ends by itself leaves behind: the program ends with it, and is started again. */
  #end(cause: unknown): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const { reject } of this.#pending.values()) reject(new StoreError(ENDED, { passing: false }));
    this.#pending.clear();
    if (!this.#closing) throw new Error(ENDED, { cause });
  }

  /** Answers what was asked before, closes the database and ends the thread. */
  async close(): Promise<void> {
    if (this.#gone) return;
    this.#closing = true;
    await this.ask('close', null);
    await this.#worker.terminate();
  }
}

/** Puts the bodies, which travelled beside the JSON, back into their events. */
function giveBodies(value: StoredEvent | StoredEvent[] | null, bodies: readonly (Uint8Array | null)[]): void {
  const events = Array.isArray(value) ? value : [value];
  for (const [index, body] of bodies.entries()) {
    const event = events[index];
    if (event && body) (event as { body: Uint8Array }).body = body;
  }
}
