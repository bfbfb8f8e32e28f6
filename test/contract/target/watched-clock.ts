import { systemClock } from '../../../src/observe/clock.ts';
import type { Clock } from '../../../src/ports/runtime.ts';

/** The machine's clock; knows how many of its timers are running. */
export class WatchedClock implements Clock {
  readonly #running = new Set<object>();
  readonly now = systemClock.now;
  readonly wall = systemClock.wall;

  get pending(): number {
    return this.#running.size;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = {};
    this.#running.add(timer);
    const cancel = systemClock.after(ms, () => {
      this.#running.delete(timer);
      callback();
    });
    return () => {
      this.#running.delete(timer);
      cancel();
    };
  }
}
