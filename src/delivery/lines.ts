import type { Clock } from '../ports/runtime.ts';
import { Semaphore } from './semaphore.ts';

/** One line per subscriber: whoever is at its head may talk to the core about him, nobody else (G1 in this process). */
export class SubscriberLines {
  readonly #lines = new Map<string, { readonly turn: Semaphore; people: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `work` alone for this subscriber, in the order of asking.
   * @returns what `work` returned, or null when its turn did not come before the deadline (`work` was not run).
   */
  async run<T>(imsi: string, deadline: number, work: () => Promise<T>): Promise<T | null> {
    let line = this.#lines.get(imsi);
    if (!line) {
      line = { turn: new Semaphore(1, this.#clock), people: 0 };
      this.#lines.set(imsi, line);
    }
    line.people++;
    try {
      // Nearly always there is no line, and waiting for nothing costs too.
      if (!line.turn.tryEnter() && !(await line.turn.enter(deadline))) return null;
      try {
        return await work();
      } finally {
        line.turn.leave();
      }
    } finally {
      line.people--;
      if (line.people === 0) this.#lines.delete(imsi);
    }
  }
}
