import type { Dispatcher } from 'undici';
import { DONE, type Outcome } from '../../core/outcome.ts';
import type { Change } from '../../core/types.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { CallContext, Target } from '../../ports/target.ts';
import type { Answer } from '../http-exchange.ts';
import { HttpPool, type HttpPoolOptions } from '../http-pool.ts';
import { readRetryAfter } from '../retry-after.ts';
import { classifyAnswer, toWtlRequest } from './wire.ts';

interface WtlOptions extends HttpPoolOptions {
  /** Base URL of the API, without query. */
  readonly url: URL;
  /** Asked for at every call: the token may be rotated while we run. */
  readonly token: () => string;
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
  readonly #http: HttpPool;
  readonly #path: string;

  constructor(options: WtlOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#path = provisioningUrl(options.url).pathname;
    this.#http = new HttpPool(options.url, options, clock);
  }

  apply(change: Change, context: CallContext): Promise<Outcome> {
    // It may be another one by the time of the answer, whose words must not hold the one that was sent.
    const token = this.#options.token();
    const request = this.#request(JSON.stringify(toWtlRequest(change)), token, context);
    return this.#http.call(request, context.deadline, (answer) => {
      context.trace?.answered(answer.status);
      return this.#understand(answer, change, token);
    });
  }

  #understand({ status, body, retryAfter }: Answer, change: Change, token: string): Outcome {
    const retryAfterMs = readRetryAfter(retryAfter, this.#clock.wall());
    const answer = { status, body, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    const outcome = classifyAnswer(answer, token);
    return change.action === 'delete' ? deleted(outcome) : outcome;
  }

  #request(body: string, token: string, context: CallContext): Omit<Dispatcher.DispatchOptions, 'origin'> {
    return {
      path: this.#path,
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json',
        'x-b3-traceid': context.requestId,
        'x-request-id': context.uniqueId,
        ...context.trace?.headers,
      },
      body,
    };
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}
