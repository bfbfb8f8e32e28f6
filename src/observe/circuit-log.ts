import type { CircuitState } from '../contract/circuit-states.ts';
import type { EndedCall, Observer } from '../ports/observer.ts';
import type { Clock, Logger } from '../ports/runtime.ts';

interface Circuit {
  readonly state: CircuitState;
}

/**
 * Says in the log when the circuit opens, why and for how long, and when it closes. Looks after every call: what is told of a
 * call is told once the circuit knows it. A probe that fails while it is open is no news.
 */
export class CircuitLog implements Observer {
  readonly #circuit: Circuit;
  readonly #cooldownMs: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Since when it is open, on the clock's `now()`; null while it is closed. */
  #since: number | null = null;

  /** @param cooldownMs how long it lets nothing through once it opened. */
  constructor(circuit: Circuit, cooldownMs: number, clock: Clock, log: Logger) {
    this.#circuit = circuit;
    this.#cooldownMs = cooldownMs;
    this.#clock = clock;
    this.#log = log;
  }

  answered(): void {}

  called(call: EndedCall): void {
    const { state } = this.#circuit;
    if (state === 'open' && this.#since === null) this.#opened(call);
    else if (state === 'closed' && this.#since !== null) this.#closed(this.#since);
  }

  #opened({ result, why }: EndedCall): void {
    this.#since = this.#clock.now();
    const fields = { error: why ?? result, result, cooldown_s: this.#cooldownMs / 1000 };
    this.#log.warn(
      fields,
      'The circuit opened: the core is not called, until one call after the cool-down finds it well',
    );
  }

  #closed(since: number): void {
    this.#since = null;
    const open = Math.round((this.#clock.now() - since) / 1000);
    this.#log.info({ open_s: open }, 'The circuit closed: the core works again');
  }
}
