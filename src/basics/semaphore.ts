import type { Clock } from '../ports/runtime.ts';

/** Who waits to be told whether he is inside. */
type Waiter = (inside: boolean) => void;

/** So many at a time, the others in the order they came, none beyond its deadline. */
export class Semaphore {
  readonly #waiters = new Set<Waiter>();
  readonly #clock: Clock;
  #free: number;

  constructor(places: number, clock: Clock) {
    this.#free = places;
    this.#clock = clock;
  }

  /** Enters when that needs no waiting (then `leave` must be called once). */
  tryEnter(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /**
   * @param deadline on the clock's `now()`.
   * @returns true when inside (then `leave` must be called once), false when the deadline came first, or waiting was given up.
   */
  enter(deadline: number): Promise<boolean> {
    if (this.tryEnter()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end: Waiter = (inside) => {
        cancel();
        this.#waiters.delete(end);
        resolve(inside);
      };
      const cancel = this.#clock.after(Math.max(0, deadline - this.#clock.now()), () => end(false));
      this.#waiters.add(end);
    });
  }

  /** Hands the place to whoever has waited longest. */
  leave(): void {
    const [longest] = this.#waiters;
    if (longest) longest(true);
    else this.#free++;
  }

  /** Nobody who waits now comes in. */
  giveUp(): void {
    for (const end of this.#waiters) end(false);
  }
}
