import type { Told } from '../../ports/recording.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { Tracer } from '../../ports/tracer.ts';
import type { Reply } from '../http-exchange.ts';
import { type Call, exchange } from './exchange.ts';

/**
 * The way to Google: every call is a span of what is under way, named after what it is for. Of a call it says how it ended,
 * and nothing of what was sent or read. Google is sent no header of a trace (docs/adr/0019-google-sheets.md).
 */
export class Line {
  readonly #clock: Clock;
  readonly #tracer: Tracer;
  readonly #closing = new AbortController();

  constructor(clock: Clock, tracer: Tracer) {
    this.#clock = clock;
    this.#tracer = tracer;
  }

  /**
   * @param what the call is for.
   * @param ms until it is given up.
   * @param understand what the reply means; it holds no secret.
   */
  ask<T>(what: string, call: Call, ms: number, understand: (reply: Reply) => Told<T>): Promise<Told<T>> {
    return this.#tracer.outgoing(`google ${what}`, async () => {
      const reply = named(await exchange(call, this.#clock, ms, this.#closing.signal), call.url);
      const told = understand(reply);
      this.#note(call, reply, told);
      return told;
    });
  }

  /** Gives up what is under way, and whatever is asked later. Every call has a connection of its own, which ends with it. */
  hangUp(): void {
    this.#closing.abort();
  }

  #note({ method, url }: Call, reply: Reply, told: Told<unknown>): void {
    const failure = told.kind === 'failed' ? told.failure : null;
    const attributes = {
      'http.request.method': method,
      'server.address': url.hostname,
      ...(reply.kind === 'answer' && { 'http.response.status_code': reply.status }),
      result: failure?.code ?? 'done',
    };
    // Why a row is refused may quote it; the log says it.
    const why = failure?.code === 'row_refused' ? 'a row is refused' : failure?.why;
    this.#tracer.note(() => attributes, why);
  }
}

/** Tokens and sheets have hosts of their own: who did not answer is said. */
function named(reply: Reply, { host }: URL): Reply {
  return reply.kind === 'answer' ? reply : { ...reply, why: `${reply.why} (${host})` };
}
