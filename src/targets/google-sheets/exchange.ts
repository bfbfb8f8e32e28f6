import type { IncomingHttpHeaders } from 'node:http';
import { Client, type Dispatcher } from 'undici';
import type { Clock } from '../../ports/runtime.ts';
import { codeOf, connectWords, STOPPING } from '../connect-words.ts';
import { Dialer } from '../dialer.ts';

/** A whole answer, or why there is none; `unsent` means that nothing of the request can have been heard. */
export type Reply =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly retryAfter: string | undefined;
      /** When it was given, by the other side's clock. */
      readonly date?: string | undefined;
    }
  | { readonly kind: 'unsent' | 'cut' | 'timeout'; readonly why: string };

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Some chunk of ids is megabytes; what is longer than this is not Google's, in bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

class OutOfTime extends Error {}

/**
 * Makes one call on a connection of its own. Never throws. A connection that was kept open may be closed by the other side
 * in the moment it is used: then nobody could tell whether the rows were heard.
 * @param ms until it is given up.
 * @param closing gives it up before.
 */
export async function exchange(call: Call, clock: Clock, ms: number, closing: AbortSignal): Promise<Reply> {
  if (closing.aborted) return { kind: 'unsent', why: STOPPING };
  const dialer = new Dialer({ timeout: ms });
  // The deadline is ours: undici's own timers are coarser.
  const client = new Client(call.url.origin, {
    pipelining: 0,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: dialer.connect,
  });
  const handler = new ReplyHandler(clock, ms);
  const stop = () => handler.stop();
  closing.addEventListener('abort', stop);
  client.dispatch(
    {
      path: call.url.pathname + call.url.search,
      method: call.method,
      headers: { accept: 'application/json', ...call.headers },
      ...(call.body !== undefined && { body: call.body }),
    },
    handler,
  );
  try {
    return await handler.reply;
  } finally {
    closing.removeEventListener('abort', stop);
    const ended = client.destroy();
    dialer.hangUp();
    await ended;
  }
}

/** Collects one answer, under one timer; knows whether the request had been handed to a connection. */
class ReplyHandler implements Dispatcher.DispatchHandler {
  /** Never rejected. */
  readonly reply: Promise<Reply>;
  readonly #resolve: (reply: Reply) => void;
  readonly #cancelTimer: () => void;
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #status = 0;
  #retryAfter: string | undefined;
  #date: string | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(clock: Clock, ms: number) {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.reply = promise;
    this.#resolve = resolve;
    this.#cancelTimer = clock.after(ms, () => this.#outOfTime());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The deadline came while the request was waiting for its connection: it must not be sent any more.
    if (this.#settled) controller.abort(new OutOfTime());
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
    this.#date = headers.date;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MOST_BYTES) controller.abort(new Error('the answer is too long'));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks).toString();
    this.#settle({ kind: 'answer', status: this.#status, body, retryAfter: this.#retryAfter, date: this.#date });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#controller === null) this.#settle({ kind: 'unsent', why: connectWords(error) });
    else {
      const why = `Connection reset: it was closed before the answer was whole (${codeOf(error) || error.message})`;
      this.#settle({ kind: 'cut', why });
    }
  }

  /** Nobody waits for it any more. */
  stop(): void {
    const why = this.#controller === null ? STOPPING : `${STOPPING}: Google had not answered yet`;
    this.#giveUp('cut', why);
  }

  #outOfTime(): void {
    this.#giveUp('timeout', 'Connection timeout');
  }

  #giveUp(kind: 'cut' | 'timeout', why: string): void {
    this.#settle({ kind: this.#controller === null ? 'unsent' : kind, why });
    this.#controller?.abort(new OutOfTime());
  }

  #settle(reply: Reply): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cancelTimer();
    this.#resolve(reply);
  }
}
