import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { Stage } from '../basics/stage.ts';
import { systemCode } from '../config/system-words.ts';
import { type Failed, failed } from '../core/outcome.ts';
import type { Clock } from '../ports/runtime.ts';
import { connectWords, STOPPING } from './connect-words.ts';

/** What was answered. An answer that is too long is cut off. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
  /** When it was given, by the other side's clock. */
  readonly date?: string | undefined;
}

/** Why there is no answer; `unsent` means that nothing of the request can have been heard. */
interface NoAnswer {
  readonly kind: 'unsent' | 'cut' | 'timeout';
  readonly why: string;
}

export type Reply = Answer | NoAnswer;

const FAILURE_OF = { unsent: 'connect_failed', cut: 'cut', timeout: 'timeout' } as const;

/** What becomes of a call without an answer. */
export function unanswered({ kind, why }: NoAnswer): Failed {
  return failed(FAILURE_OF[kind], why);
}

export interface ExchangeLimits {
  /** Until the call is given up, in milliseconds. */
  readonly ms: number;
  /** Of an answer, in bytes: what is longer is not theirs, and must not fill our memory. */
  readonly mostBytes: number;
  /** Who is asked, in an operator's words. */
  readonly peer: string;
}

class GivenUp extends Error {}
class TooLong extends Error {}

const replies = new Stage();

/**
 * Collects one answer, under one timer. Knows the one thing that decides about repeating: whether the request had been
 * handed to a connection. Before that it was certainly not processed; after it nobody can tell.
 */
export class ExchangeHandler implements Dispatcher.DispatchHandler {
  /** Never rejected. */
  readonly reply: Promise<Reply>;
  readonly #limits: ExchangeLimits;
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #resolve: (reply: Reply) => void;
  readonly #cancelTimer: () => void;
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #status = 0;
  #retryAfter: string | undefined;
  #date: string | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(clock: Clock, limits: ExchangeLimits) {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.reply = promise;
    this.#limits = limits;
    this.#clock = clock;
    this.#deadline = clock.now() + limits.ms;
    this.#resolve = resolve;
    this.#cancelTimer = clock.after(limits.ms, () => this.#outOfTime());
  }

  /** Whether there is a reply already, or none to come. */
  get settled(): boolean {
    return this.#settled;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Timers come last where the process stood still: by now somebody else may be calling.
    if (this.#clock.now() >= this.#deadline) this.#outOfTime();
    this.#controller = controller;
    // It was given up while the request was waiting for its connection: it must not be sent any more.
    if (this.#settled) controller.abort(new GivenUp());
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#controller = controller;
    this.#status = status;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
    this.#date = headers.date;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.mostBytes) controller.abort(new TooLong());
    else this.#chunks.push(chunk);
  }

  onResponseEnd(_controller: Dispatcher.DispatchController): void {
    this.#answered();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (error instanceof TooLong) this.#answered();
    else if (this.#controller === null) this.#settle({ kind: 'unsent', why: connectWords(error) });
    else this.#settle({ kind: 'cut', why: cutWords(error, this.#limits.peer) });
  }

  /** Nobody waits for it any more. */
  stop(): void {
    this.#giveUp({ kind: 'cut', why: stoppedWords(this.#limits.peer) }, STOPPING);
  }

  #outOfTime(): void {
    const unsent = `Connection timeout: no connection to ${this.#limits.peer} before the deadline`;
    this.#giveUp({ kind: 'timeout', why: 'Connection timeout' }, unsent);
  }

  /** @param unsent why, should nothing have been sent. */
  #giveUp(reply: NoAnswer, unsent: string): void {
    this.#settle(this.#controller === null ? { kind: 'unsent', why: unsent } : reply);
    this.#controller?.abort(new GivenUp());
  }

  #answered(): void {
    const [only] = this.#chunks;
    const text = this.#chunks.length === 1 && only ? only.toString() : Buffer.concat(this.#chunks).toString();
    const body = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.#settle({ kind: 'answer', status: this.#status, body, retryAfter: this.#retryAfter, date: this.#date });
  }

  #settle(reply: Reply): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cancelTimer();
    this.#chunks = [];
    replies.enter(() => this.#resolve(reply));
  }
}

function stoppedWords(peer: string): string {
  return `${STOPPING}: ${peer} had not answered yet`;
}

function cutWords(error: Error, peer: string): string {
  const code = systemCode(error);
  if (code === 'UND_ERR_DESTROYED') return stoppedWords(peer);
  if (error.name === 'HTTPParserError')
    return `Connection broken: the answer of ${peer} is not HTTP (${error.message})`;
  return `Connection reset: ${peer} closed the connection before it answered (${code || error.message})`;
}
