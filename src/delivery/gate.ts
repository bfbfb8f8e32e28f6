import { pause } from '../basics/pause.ts';
import { Semaphore } from '../basics/semaphore.ts';
import type { Clock } from '../ports/runtime.ts';

/** Keeps the core from drowning: so many calls at once, so many starts a second, evenly spaced. */
export class Gate {
  readonly #places: Semaphore;
  readonly #clock: Clock;
  /** Between two starts, in milliseconds; 0 = no limit. */
  readonly #spacing: number;
  #nextStart = 0;

  /** @param perSecond starts a second; 0 = no limit. */
  constructor({ concurrency, perSecond }: { concurrency: number; perSecond: number }, clock: Clock) {
    this.#places = new Semaphore(concurrency, clock);
    this.#spacing = perSecond > 0 ? 1000 / perSecond : 0;
    this.#clock = clock;
  }

  /** Enters when that needs no waiting (then `leave` must be called once). */
  tryEnter(): boolean {
    return this.#spacing === 0 && this.#places.tryEnter();
  }

  /**
   * @returns `inside` when the call may start (then `leave` must be called once); `late` when its deadline came first;
   *   or, when the starts up to its deadline are all taken, in how many milliseconds there is one.
   */
  async enter(deadline: number): Promise<'inside' | 'late' | number> {
    if (!(await this.#places.enter(deadline))) return 'late';
    const now = this.#clock.now();
    const start = Math.max(now, this.#nextStart);
    if (start >= deadline) {
      this.#places.leave();
      return now >= deadline ? 'late' : start - now;
    }
    if (this.#spacing === 0) return 'inside';
    this.#nextStart = start + this.#spacing;
    if (start > now) await pause(this.#clock, start - now);
    return 'inside';
  }

  leave(): void {
    this.#places.leave();
  }
}
