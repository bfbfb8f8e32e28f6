import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { failed, type Outcome } from '../core/outcome.ts';
import type { Clock } from '../ports/runtime.ts';
import { codeOf, connectWords, STOPPING } from './connect-words.ts';

/** A whole answer of the core. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

/** No answer of the core is this long (bytes); what comes is not its JSON and must not fill our memory. */
const MOST_BYTES = 1024 * 1024;

class OutOfTime extends Error {}
class TooLong extends Error {}

/**
 * Collects one answer, under one timer. Knows the one thing that decides about repeating: whether the request had been
 * handed to a connection. Before that it was certainly not processed; after it nobody can tell.
 */
export class ExchangeHandler implements Dispatcher.DispatchHandler {
  /** Never rejected. */
  readonly outcome: Promise<Outcome>;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #understand: (answer: RawAnswer) => Outcome;
  readonly #cancelTimer: () => void;
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #status = 0;
  #retryAfter: string | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** @param understand says what a whole answer means. */
  constructor(clock: Clock, remainingMs: number, understand: (answer: RawAnswer) => Outcome) {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.outcome = promise;
    this.#resolve = resolve;
    this.#understand = understand;
    this.#cancelTimer = clock.after(remainingMs, () => this.#outOfTime());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The deadline came while the request was waiting for its connection: it must not be sent any more.
    if (this.#settled) controller.abort(new OutOfTime());
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#controller = controller;
    this.#status = status;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MOST_BYTES) controller.abort(new TooLong());
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#answered();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (error instanceof TooLong) {
      this.#answered();
    } else if (this.#controller === null) {
      this.#settle(failed('connect_failed', connectWords(error)));
    } else {
      this.#settle(failed('cut', cutWords(error)));
    }
  }

  #answered(): void {
    const [only] = this.#chunks;
    const text = this.#chunks.length === 1 && only ? only.toString() : Buffer.concat(this.#chunks).toString();
    const body = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.#settle(this.#understand({ status: this.#status, body, retryAfter: this.#retryAfter }));
  }

  #outOfTime(): void {
    if (this.#controller === null) {
      this.#settle(failed('connect_failed', 'Connection timeout: no connection to the core before the deadline'));
      return;
    }
    this.#settle(failed('timeout', 'Connection timeout'));
    this.#controller.abort(new OutOfTime());
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cancelTimer();
    this.#chunks = [];
    this.#resolve(outcome);
  }
}

function cutWords(error: Error): string {
  const code = codeOf(error);
  if (code === 'UND_ERR_DESTROYED') return `${STOPPING}: the core had not answered yet`;
  if (error.name === 'HTTPParserError') return `Connection broken: the core's answer is not HTTP (${error.message})`;
  return `Connection reset: the core closed the connection before it answered (${code || error.message})`;
}
