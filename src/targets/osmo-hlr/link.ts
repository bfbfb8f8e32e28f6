import { connect, type Socket } from 'node:net';
import type { Clock } from '../../ports/runtime.ts';
import { connectWords, STOPPING } from '../connect-words.ts';
import { Halt } from './wire.ts';

/** Where one of the HLR's interfaces is. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Longest wait for one connection, in milliseconds: leaves time for another try within the deadline. */
const CONNECT_MS = 3_000;

/** What those are told who ask on a connection that stays silent. */
export const GIVEN_UP = 'Connection given up: the HLR did not answer';

/** @throws Halt when there is no connection in time, or when it is given up. */
export function dial({ host, port }: Address, clock: Clock, closing: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
    const over = () => {
      cancel();
      closing.removeEventListener('abort', stop);
      socket.removeAllListeners('error');
    };
    const fail = (words: string) => {
      over();
      socket.on('error', () => {}).destroy();
      reject(new Halt('connect_failed', words, false));
    };
    const stop = () => fail(STOPPING);
    const cancel = clock.after(CONNECT_MS, () => fail(`Connection timeout (${host}:${port})`));
    closing.addEventListener('abort', stop);
    socket.once('error', (error) => fail(`${connectWords(error)} (${host}:${port})`));
    socket.once('connect', () => {
      over();
      resolve(socket);
    });
  });
}

/**
 * Waits for `work`, but not beyond the deadline; the work itself goes on.
 * @param late makes what is thrown then.
 */
export function byDeadline<T>(clock: Clock, deadline: number, work: Promise<T>, late: () => Halt): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, deadline - clock.now()), () => reject(late()));
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}

/** Something that one connection is opened for at the first use, and again after it was lost. */
export class Reopened<T extends { readonly closed: boolean; destroy(why: string): void }> {
  readonly #open: (closing: AbortSignal) => Promise<T>;
  readonly #closing = new AbortController();
  #current: T | null = null;
  #opening: Promise<T> | null = null;

  /** @param open gives up when it is told to. */
  constructor(open: (closing: AbortSignal) => Promise<T>) {
    this.#open = open;
  }

  get current(): T | null {
    return this.#current?.closed === false ? this.#current : null;
  }

  /** @throws Halt */
  get(): Promise<T> {
    if (this.#closing.signal.aborted) return Promise.reject(new Halt('connect_failed', STOPPING, false));
    const { current } = this;
    if (current) return Promise.resolve(current);
    this.#opening ??= this.#reopen();
    return this.#opening;
  }

  async #reopen(): Promise<T> {
    try {
      const opened = await this.#open(this.#closing.signal);
      this.#current = opened;
      if (this.#closing.signal.aborted) opened.destroy(STOPPING);
      return opened;
    } finally {
      this.#opening = null;
    }
  }

  /** Closes what is open, and gives up what is being opened. Idempotent. */
  end(): void {
    this.#closing.abort();
    this.#current?.destroy(STOPPING);
  }
}
