import type { Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import { Stage } from '../basics/stage.ts';
import type { Tls } from '../config/tls.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Clock } from '../ports/runtime.ts';
import { Dialer } from './dialer.ts';
import { type Answer, ExchangeHandler, type ExchangeLimits, unanswered } from './http-exchange.ts';

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

/** Connections whose call is over. */
const freed = new Stage();

type Request = Omit<Dispatcher.DispatchOptions, 'origin'>;

/**
 * An answer, a cut, a time-out or a refused connection: what a call over HTTP comes to, told apart once for all targets. Over
 * undici's connections, but not its `Pool`: that one looks for a free connection among all of them, twice a call (ADR 13).
 */
export class HttpPool {
  readonly #origin: string;
  readonly #clock: Clock;
  readonly #dialer: Dialer;
  readonly #most: number;
  readonly #connections: Connection[] = [];
  /** Those with nothing to do: the one that was of use last at the end, what failed at the beginning. */
  readonly #free: Connection[] = [];
  #waiting: Call[] = [];
  #closing: Promise<unknown> | null = null;

  /** @param url only its origin counts. */
  constructor({ origin }: URL, { connections, connectTimeoutMs, tls }: HttpPoolOptions, clock: Clock) {
    this.#origin = origin;
    this.#clock = clock;
    this.#dialer = new Dialer({ timeout: connectTimeoutMs, ...tls });
    this.#most = connections;
  }

  /**
   * Makes one call. Never throws and never repeats.
   * @param deadline on the clock's `now()`.
   * @param understand says what a whole answer means.
   */
  call(request: Request, deadline: number, understand: (answer: Answer) => Outcome): Promise<Outcome> {
    const ms = deadline - this.#clock.now();
    if (ms <= 0) return Promise.resolve(unanswered(OUT_OF_TIME));
    const limits = { ms, mostBytes: MOST_BYTES, peer: PEER };
    const call = new Call(request, this.#clock, limits, (connection, well) => this.#giveNext(connection, well));
    if (this.#closing) call.stop();
    else {
      this.#waiting.push(call);
      const connection = this.#free.pop() ?? this.#another();
      if (connection) this.#giveNext(connection, true);
    }
    return call.reply.then((reply) => (reply.kind === 'answer' ? understand(reply) : unanswered(reply)));
  }

  /** One more connection; null when there are as many as there may be. */
  #another(): Connection | null {
    if (this.#connections.length >= this.#most) return null;
    const connection = new Connection(this.#origin, this.#dialer);
    this.#connections.push(connection);
    return connection;
  }

  /** Gives a connection the call that has waited longest. @param well whether it was of use to the last one. */
  #giveNext(connection: Connection, well: boolean): void {
    let call = this.#waiting.shift();
    while (call?.settled) call = this.#waiting.shift();
    if (call) call.send(this.#origin, connection);
    else if (well) this.#free.push(connection);
    else this.#free.unshift(connection);
  }

  /** Calls under way fail, and so do later ones. Idempotent. */
  async close(): Promise<void> {
    for (const call of this.#waiting) call.stop();
    this.#waiting = [];
    this.#closing ??= Promise.all(this.#connections.map(({ client }) => client.destroy()));
    this.#dialer.hangUp();
    await this.#closing;
  }
}

/** One that is kept, and opened again when it was lost. */
class Connection {
  readonly client: Client;
  #socket: Socket | null = null;

  constructor(origin: string, dialer: Dialer) {
    this.client = new Client(origin, {
      pipelining: 1,
      allowH2: false,
      // The deadline is ours (one timer a call); undici's own timers are coarser.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (address, callback) =>
        dialer.connect(address, (...opened) => {
          this.#socket = opened[1];
          callback(...opened);
        }),
    });
  }

  /** What ended it, as long as it is not open again. */
  get fault(): Error | null {
    return this.#socket?.errored ?? null;
  }
}

/** One call, and the connection it has until its end. */
class Call extends ExchangeHandler {
  readonly #request: Request;
  readonly #over: (connection: Connection, well: boolean) => void;
  #connection: Connection | null = null;

  /** @param over gets the connection back, and whether it brought an answer. */
  constructor(
    request: Request,
    clock: Clock,
    limits: ExchangeLimits,
    over: (connection: Connection, well: boolean) => void,
  ) {
    super(clock, limits);
    this.#request = request;
    this.#over = over;
  }

  send(origin: string, connection: Connection): void {
    this.#connection = connection;
    connection.client.dispatch({ ...this.#request, origin }, this);
  }

  override onResponseEnd(controller: Dispatcher.DispatchController): void {
    // undici takes a reset for the end of an answer whose length nobody told; and an empty one would be a success.
    const fault = this.#connection?.fault ?? null;
    if (fault) this.onResponseError(controller, fault);
    else {
      this.#giveBack(true);
      super.onResponseEnd(controller);
    }
  }

  override onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#giveBack(false);
    super.onResponseError(controller, error);
  }

  /**
   * In a moment, and before the answer is told. In a moment, since undici is not done with the connection: what it was given now
   * would fail with this call; and the core may be closing it, which shows in the next turn of the loop.
   */
  #giveBack(well: boolean): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection) freed.enter(() => this.#over(connection, well));
  }
}
