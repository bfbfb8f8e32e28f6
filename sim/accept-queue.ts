import type { Socket } from 'node:net';

/**
 * Since when a connection may have been waiting before it was accepted: libuv accepts one in a turn of the loop, so that on a
 * busy machine, where turns are long and connections many, a request can wait for seconds before it is read. Its caller may
 * have given it up by then, and sent another one on a connection that was open.
 */
export class AcceptQueue {
  readonly #since = new WeakMap<Socket, number>();
  /** When the first of those was accepted that come turn after turn now; null when nobody waits. */
  #busySince: number | null = null;
  #accepted = 0;

  accepted(socket: Socket): void {
    const count = ++this.#accepted;
    this.#busySince ??= performance.now();
    this.#since.set(socket, this.#busySince);
    // The end of this turn, and of the next one: when none was accepted in that, none was waiting.
    setImmediate(() =>
      setImmediate(() => {
        if (this.#accepted === count) this.#busySince = null;
      }),
    );
  }

  /**
   * When, at the earliest, the request that is read now on this connection was sent, on the clock of `performance.now()`. Only
   * the first one can have been waiting with its connection.
   */
  sentSince(socket: Socket): number {
    const since = this.#since.get(socket);
    this.#since.delete(socket);
    return since ?? performance.now();
  }
}
