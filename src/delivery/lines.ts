import type { Clock } from '../ports/runtime.ts';
import { Semaphore } from './semaphore.ts';

interface Line {
  /** Made for the first who has to wait: nearly always there is nobody else. */
  turn: Semaphore | null;
  people: number;
}

/** One line per subscriber: whoever is at its head may talk to the core about him, nobody else (G1 in this process). */
export class SubscriberLines {
  readonly #lines = new Map<string, Line>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `work` alone for this subscriber, in the order of asking.
   * @returns what `work` returned, or null when its turn did not come before the deadline (`work` was not run).
   */
  async run<T>(imsi: string, deadline: number, work: () => Promise<T>): Promise<T | null> {
    const known = this.#lines.get(imsi);
    const line = known ?? { turn: null, people: 0 };
    if (!known) this.#lines.set(imsi, line);
    line.people++;
    try {
      if (known) {
        // The one inside holds the only place.
        line.turn ??= new Semaphore(0, this.#clock);
        if (!(await line.turn.enter(deadline))) return null;
      }
      try {
        return await work();
      } finally {
        line.turn?.leave();
      }
    } finally {
      line.people--;
      if (line.people === 0) this.#lines.delete(imsi);
    }
  }
}
