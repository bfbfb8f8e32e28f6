/** How often the loop is looked at, and what counts as a stall, in milliseconds. */
const LOOK_MS = 20;
const STALL_MS = 100;
/** After a stall what waited in the sockets comes in turn after turn; in milliseconds. */
const AFTERMATH_MS = 250;

/**
 * Notices when this process did not get to run: what it reads afterwards may have been sent at any time of the stall, and
 * in another order. On a busy machine a connector's call can time out before the core has even read it.
 */
export class Stalls {
  #looked = performance.now();
  #from = Number.NEGATIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** When, at the earliest, something read now may have been sent: on the clock of `performance.now()`. */
  sentSince(): number {
    this.#look();
    const now = this.#looked;
    return now - this.#until <= AFTERMATH_MS ? this.#from : now;
  }

  #look(): void {
    const now = performance.now();
    if (now - this.#looked > STALL_MS) {
      // Two stalls in a row are one.
      if (this.#looked - this.#until > AFTERMATH_MS) this.#from = this.#looked;
      this.#until = now;
    }
    this.#looked = now;
  }
}
