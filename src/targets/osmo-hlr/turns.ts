import type { Clock } from '../../ports/runtime.ts';

interface Waiter {
  readonly begin: () => void;
  readonly giveUp: () => void;
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
      const end = (begins: boolean) => {
        cancel();
        this.#waiting.delete(waiter);
        resolve(begins);
      };
      const waiter: Waiter = { begin: () => end(true), giveUp: () => end(false) };
      const cancel = this.#clock.after(Math.max(0, deadline - this.#clock.now()), waiter.giveUp);
      this.#waiting.add(waiter);
    });
  }

  done(): void {
    const [next] = this.#waiting;
    if (next) next.begin();
    else this.#free++;
  }

  /** The turn of those that wait now does not come. */
  giveUp(): void {
    for (const waiter of this.#waiting) waiter.giveUp();
  }
}
