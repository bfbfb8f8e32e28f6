import type { Clock } from '../../ports/runtime.ts';

interface Waiter {
  readonly begin: () => void;
}

/** So many at a time, the others in the order in which they came. */
export class Turns {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
  #free: number;

  constructor(atOnce: number, clock: Clock) {
    this.#free = atOnce;
    this.#clock = clock;
  }

  /** @returns whether the turn came before the deadline; then `done` must be called once. */
  async take(deadline: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    return await new Promise((resolve) => {
      const waiter: Waiter = {
        begin: () => {
          cancel();
          resolve(true);
        },
      };
      const cancel = this.#clock.after(Math.max(0, deadline - this.#clock.now()), () => {
        this.#waiting.delete(waiter);
        resolve(false);
      });
      this.#waiting.add(waiter);
    });
  }

  done(): void {
    const [next] = this.#waiting;
    if (next) {
      this.#waiting.delete(next);
      next.begin();
    } else {
      this.#free++;
    }
  }
}
