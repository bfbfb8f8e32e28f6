import { type Failure, pauseBeforeAttempt } from '../../core/outcome.ts';
import type { Clock, Logger, Random } from '../../ports/runtime.ts';
import type { Rest } from '../rest.ts';
import type { Endings } from './endings.ts';
import type { Waiters } from './waiters.ts';

export interface Patience {
  /** Failures in a row after which nobody is kept waiting. */
  readonly patience: number;
  /** How long it rests after failures, in milliseconds. */
  readonly rest: { readonly firstMs: number; readonly longestMs: number };
}

/** What only somebody who mends it ends. */
const HOLDS_UP: ReadonlySet<Failure['code']> = new Set(['misconfigured', 'place_missing', 'unauthorized']);

/** What keeps events from being recorded: whoever waits is told, it is said once, and the loop rests. */
export class Trouble {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #limits: Patience;
  readonly #waiters: Waiters;
  readonly #endings: Endings;
  readonly #rest: Rest;
  #fault: Failure | null = null;
  #failures = 0;
  #tokenRefused = false;
  #holdUps = 0;
  /** On the clock's `now()`. */
  #restsUntil = 0;

  constructor(parts: {
    clock: Clock;
    random: Random;
    log: Logger;
    limits: Patience;
    waiters: Waiters;
    endings: Endings;
    rest: Rest;
  }) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#log = parts.log;
    this.#limits = parts.limits;
    this.#waiters = parts.waiters;
    this.#endings = parts.endings;
    this.#rest = parts.rest;
  }

  /** What somebody has to mend; null when nothing is known to be wrong. */
  get fault(): Failure | null {
    return this.#fault;
  }

  /** Whether calls have failed for a while: waiting for a row makes no sense then. */
  get lasting(): boolean {
    return this.#failures > this.#limits.patience;
  }

  /** How often something had to be mended so far. */
  get holdUps(): number {
    return this.#holdUps;
  }

  /** Until the next call after a failure, in milliseconds; 0 when none has to be waited for. */
  get restMs(): number {
    return this.#failures === 0 ? 0 : Math.max(0, this.#restsUntil - this.#clock.now());
  }

  /**
   * Something failed, and nothing of it says anything about an event. Rests afterwards.
   * @param unsure events whose rows may be there already.
   */
  async befell(failure: Failure, unsure: readonly string[]): Promise<void> {
    // A token can be too old by a moment: the next call has a fresh one.
    const oldToken = failure.code === 'unauthorized' && !this.#tokenRefused;
    this.#tokenRefused = failure.code === 'unauthorized';
    if (oldToken) return;
    this.#failures++;
    const pause = pauseBeforeAttempt(this.#failures - 1, failure, this.#random(), this.#limits.rest);
    this.#restsUntil = this.#clock.now() + pause;
    if (HOLDS_UP.has(failure.code)) await this.#holdUp(failure, unsure);
    else this.#log.warn({ error: failure.why, failures: this.#failures }, 'Events not recorded yet');
    if (this.lasting) this.#waiters.tellAll({ kind: 'queued' });
    await this.#rest.pause(pause);
  }

  /** Somebody has to mend it. Whoever waits is told, and owns the event, unless its row may be there already. */
  async #holdUp(failure: Failure, unsure: readonly string[]): Promise<void> {
    if (this.#fault === null) this.#holdUps++;
    if (this.#fault?.why !== failure.why) {
      this.#log.error({ error: failure.why }, 'Events cannot be recorded until this is mended');
    }
    this.#fault = failure;
    await this.#endings.heldUp(failure, new Set(unsure));
  }

  /** A call did what it was to do. */
  over(): void {
    if (this.#fault) this.#log.info({}, 'Events can be recorded again');
    this.#fault = null;
    this.#failures = 0;
    this.#tokenRefused = false;
  }
}
