import { type Dispatcher, Pool } from 'undici';
import type { Tls } from '../../config/load.ts';
import { DONE, failed, type Outcome } from '../../core/outcome.ts';
import type { Change } from '../../core/types.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { CallContext, Target } from '../../ports/target.ts';
import { Dialer } from '../dialer.ts';
import { readRetryAfter } from '../retry-after.ts';
import { ExchangeHandler, type RawAnswer } from './exchange.ts';
import { classifyAnswer, toWtlRequest } from './wire.ts';

export interface WtlOptions {
  /** Base URL of the API, without query. */
  readonly url: URL;
  /** Asked for at every call: the token may be rotated while we run. */
  readonly token: () => string;
  /** Kept-alive connections at most. */
  readonly connections: number;
  /** Longest wait for a connection, in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly tls?: Tls;
}

/** Where changes are posted: trailing slashes of the base URL do not matter. */
export function provisioningUrl(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/prov`;
  return url;
}

/** Not there any more is what a delete wants; its own first attempt may have done it (contract §4). */
function deleted(outcome: Outcome): Outcome {
  return outcome.kind === 'failed' && outcome.failure.code === 'unknown_subscriber' ? DONE : outcome;
}

/** The WTL HLR/HSS behind its HTTP API (contract §4). */
export class WtlTarget implements Target {
  readonly name = 'wtl';
  readonly #options: WtlOptions;
  readonly #clock: Clock;
  readonly #dialer: Dialer;
  readonly #pool: Pool;
  readonly #path: string;

  constructor(options: WtlOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#path = provisioningUrl(options.url).pathname;
    this.#dialer = new Dialer({ timeout: options.connectTimeoutMs, ...options.tls });
    this.#pool = new Pool(options.url.origin, {
      connections: options.connections,
      pipelining: 1,
      allowH2: false,
      // The deadline is ours (one timer a call); undici's own timers are coarser.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: this.#dialer.connect,
    });
  }

  apply(change: Change, context: CallContext): Promise<Outcome> {
    const remaining = context.deadline - this.#clock.now();
    if (remaining <= 0)
      return Promise.resolve(failed('connect_failed', 'Connection timeout: no time left for the call'));
    const request = this.#request(JSON.stringify(toWtlRequest(change)), context);
    const handler = new ExchangeHandler(this.#clock, remaining, (answer) => {
      context.trace?.answered(answer.status);
      return this.#understand(answer, change);
    });
    this.#pool.dispatch(request, handler);
    return handler.outcome;
  }

  #understand({ status, body, retryAfter }: RawAnswer, change: Change): Outcome {
    const retryAfterMs = readRetryAfter(retryAfter, this.#clock.wall());
    const answer = { status, body, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    const outcome = classifyAnswer(answer, this.#options.token());
    return change.action === 'delete' ? deleted(outcome) : outcome;
  }

  #request(body: string, context: CallContext): Dispatcher.DispatchOptions {
    return {
      origin: this.#options.url.origin,
      path: this.#path,
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.#options.token()}`,
        'content-type': 'application/json',
        accept: 'application/json',
        'x-b3-traceid': context.requestId,
        'x-request-id': context.uniqueId,
        ...context.trace?.headers,
      },
      body,
    };
  }

  async close(): Promise<void> {
    const ended = this.#pool.destroyed ? null : this.#pool.destroy();
    this.#dialer.hangUp();
    await ended;
  }
}
