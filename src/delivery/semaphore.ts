import type { Clock } from '../ports/runtime.ts';

interface Waiter {
  admit(): void;
}

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
   * @returns true when inside (then `leave` must be called once), false when the deadline came first.
   */
  enter(deadline: number): Promise<boolean> {
    if (this.tryEnter()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        admit: () => {
          cancel();
          resolve(true);
        },
      };
      const cancel = this.#clock.after(Math.max(0, deadline - this.#clock.now()), () => {
        this.#waiters.delete(waiter);
        resolve(false);
      });
      this.#waiters.add(waiter);
    });
  }

  /** Hands the place to whoever has waited longest. */
  leave(): void {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      waiter.admit();
      return;
    }
    this.#free++;
  }
}
