import { type Dispatcher, Pool } from 'undici';
import type { Tls } from '../config/load.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Clock } from '../ports/runtime.ts';
import { Dialer } from './dialer.ts';
import { type Answer, ExchangeHandler, unanswered } from './http-exchange.ts';

export interface HttpPoolOptions {
  /** Kept-alive connections at most. */
  readonly connections: number;
  /** Longest wait for a connection, in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly tls?: Tls;
}

/** No answer of a core is this long, in bytes. */
const MOST_BYTES = 1024 * 1024;
const PEER = 'the core';
const OUT_OF_TIME = { kind: 'unsent', why: 'Connection timeout: no time left for the call' } as const;

/** An answer, a cut, a time-out or a refused connection: what a call over HTTP comes to, told apart once for all targets. */
export class HttpPool {
  readonly #origin: string;
  readonly #clock: Clock;
  readonly #dialer: Dialer;
  readonly #pool: Pool;

  /** @param url only its origin counts. */
  constructor({ origin }: URL, { connections, connectTimeoutMs, tls }: HttpPoolOptions, clock: Clock) {
    this.#origin = origin;
    this.#clock = clock;
    this.#dialer = new Dialer({ timeout: connectTimeoutMs, ...tls });
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      // The deadline is ours (one timer a call); undici's own timers are coarser.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: this.#dialer.connect,
    });
  }

  /**
   * Makes one call. Never throws and never repeats.
   * @param deadline on the clock's `now()`.
   * @param understand says what a whole answer means.
   */
  call(
    request: Omit<Dispatcher.DispatchOptions, 'origin'>,
    deadline: number,
    understand: (answer: Answer) => Outcome,
  ): Promise<Outcome> {
    const ms = deadline - this.#clock.now();
    if (ms <= 0) return Promise.resolve(unanswered(OUT_OF_TIME));
    const handler = new ExchangeHandler(this.#clock, { ms, mostBytes: MOST_BYTES, peer: PEER });
    this.#pool.dispatch({ ...request, origin: this.#origin }, handler);
    return handler.reply.then((reply) => (reply.kind === 'answer' ? understand(reply) : unanswered(reply)));
  }

  /** Calls under way fail, and so do later ones. Idempotent. */
  async close(): Promise<void> {
    const ended = this.#pool.destroyed ? null : this.#pool.destroy();
    this.#dialer.hangUp();
    await ended;
  }
}
