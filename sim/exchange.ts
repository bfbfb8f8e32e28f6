import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** How an exchange ended: the core spoke (or hung up) first, or its caller had gone before. */
export type ExchangeEnd = 'answered' | 'abandoned';

/** One provisioning request at the core. It is in flight from its arrival until it is answered or its caller has gone. */
export class Exchange {
  readonly request: unknown;
  readonly imsi: string;
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly arrivedAt = performance.now();
  /** When, at the earliest, it was sent, by what its connection tells; on the same clock. */
  readonly sentSince: number;
  /** Resolves when it is no longer in flight. */
  readonly over: Promise<void>;
  readonly #socket: Socket;
  readonly #resolve: () => void;
  readonly #hangUp = () => this.close('abandoned');
  #end: ExchangeEnd | null = null;

  constructor({ body, raw }: FastifyRequest, sentSince: number) {
    this.sentSince = sentSince;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#resolve = resolve;
    this.request = body;
    this.imsi = String((body as { imsi?: unknown } | null)?.imsi);
    this.#socket = raw.socket;
    // "end" is the first that is heard of a caller who hangs up; "close" comes some turns later.
    this.#socket.on('end', this.#hangUp);
    this.#socket.on('close', this.#hangUp);
    if (this.#socket.destroyed || this.#socket.readableEnded) this.#hangUp();
  }

  /** Null while it is in flight. */
  get end(): ExchangeEnd | null {
    return this.#end;
  }

  /** Says that it is no longer in flight; only the first word counts. */
  close(end: ExchangeEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#socket.off('end', this.#hangUp);
    this.#socket.off('close', this.#hangUp);
    this.#resolve();
  }
}
