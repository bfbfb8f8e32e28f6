import type { CircuitState } from '../contract/circuit-states.ts';
import type { Clock } from '../ports/runtime.ts';

/** A call that was let through. Its result has to be reported with `record`. */
export interface Permit {
  readonly probe: boolean;
}

/**
 * A circuit breaker over consecutive failures. Closed: all calls pass. Open: none, until the cool-down is over. Then
 * half-open: one probe passes and decides.
 */
export class Breaker {
  readonly #failuresToOpen: number;
  readonly #cooldownMs: number;
  readonly #clock: Clock;
  #state: CircuitState = 'closed';
  #failures = 0;
  #openUntil = 0;
  #openings = 0;

  /** @param options.failures in a row that open the circuit; 0 = never. */
  constructor(options: { failures: number; cooldownMs: number }, clock: Clock) {
    this.#failuresToOpen = options.failures || Number.POSITIVE_INFINITY;
    this.#cooldownMs = options.cooldownMs;
    this.#clock = clock;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** How often it opened, a probe that failed included. */
  get openings(): number {
    return this.#openings;
  }

  /** Milliseconds until asking again makes sense; 0 when a call would pass now. */
  wait(): number {
    if (this.#state === 'closed') return 0;
    // While the probe is out there is no telling; a second is polite.
    if (this.#state === 'half-open') return 1000;
    return Math.max(0, this.#openUntil - this.#clock.now());
  }

  /** Lets a call through, or not (null). */
  admit(): Permit | null {
    if (this.wait() > 0) return null;
    const probe = this.#state === 'open';
    if (probe) this.#state = 'half-open';
    return { probe };
  }

  /** @param sick whether the call says that the core is not well. */
  record(permit: Permit, sick: boolean): void {
    // A call from before the circuit opened tells how the core was then: only the probe tells how it is.
    if (this.#state !== 'closed' && !permit.probe) return;
    if (!sick) {
      this.#state = 'closed';
      this.#failures = 0;
      return;
    }
    this.#failures++;
    if (permit.probe || this.#failures >= this.#failuresToOpen) {
      this.#state = 'open';
      this.#openings++;
      this.#openUntil = this.#clock.now() + this.#cooldownMs;
    }
  }
}
