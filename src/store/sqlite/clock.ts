import type { Clock } from '../../ports/runtime.ts';

/** The clock that people and NTP set (`wall`, milliseconds since 1970), and the one that nobody does (`now`). */
export type Clocks = Pick<Clock, 'now' | 'wall'>;

export const MACHINE: Clocks = { now: () => performance.now(), wall: () => Date.now() };

/** By so much at least the wall clock jumps when it is set, in milliseconds; what is less is followed. */
export const STEP_MS = 1_000;
/** Both clocks have to be read within so many milliseconds, or they are read again. */
const TOGETHER_MS = 5;
const TRIES = 5;

interface Reading {
  readonly wall: number;
  readonly steady: number;
}

/**
 * Milliseconds since 1970 that do not jump: the wall clock as it was when it was looked at last, and what has passed on the
 * steady clock since. Whoever looks decides what to do when the wall clock was set.
 */
export class StoreClock {
  readonly #clocks: Clocks;
  #last: Reading;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#last = { wall: clocks.wall(), steady: clocks.now() };
  }

  now(): number {
    return Math.floor(this.#last.wall + this.#clocks.now() - this.#last.steady);
  }

  /**
   * Looks at both clocks.
   * @returns by how many milliseconds the wall clock was set since (forward: more than 0), until that is followed; 0 when it was not.
   */
  stepped(): number {
    const seen = this.#read();
    if (seen === null) return 0;
    const step = Math.round(seen.wall - this.#last.wall - (seen.steady - this.#last.steady));
    if (Math.abs(step) >= STEP_MS) return step;
    this.#last = seen;
    return 0;
  }

  /** From now on it is so much later, in milliseconds. */
  follow(step: number): void {
    this.#last = { ...this.#last, wall: this.#last.wall + step };
  }

  /** Null when the thread was kept from the processor between the two each time: that is no step. */
  #read(): Reading | null {
    for (let tries = 0; tries < TRIES; tries++) {
      const steady = this.#clocks.now();
      const wall = this.#clocks.wall();
      if (this.#clocks.now() - steady < TOGETHER_MS) return { wall, steady };
    }
    return null;
  }
}
