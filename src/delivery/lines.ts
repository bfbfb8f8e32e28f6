import { compareVersions, type Version } from '../core/version.ts';
import type { Clock } from '../ports/runtime.ts';

interface Waiter {
  readonly version: Version;
  admit(): void;
}

/** Whoever waits for a subscriber; empty nearly always. */
type Line = Waiter[];

/**
 * One line per subscriber: one talks to the core about him, the others wait. The newest goes next: once it is done, the
 * older ones need not be sent at all.
 */
export class SubscriberLines {
  readonly #lines = new Map<string, Line>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `work` alone for this subscriber in this process.
   * @param deadline on the clock's `now()`.
   * @returns what `work` returned, or null when its turn did not come before the deadline (`work` was not run).
   */
  async run<T>(imsi: string, version: Version, deadline: number, work: () => Promise<T>): Promise<T | null> {
    const line = this.#lines.get(imsi);
    if (!line) this.#lines.set(imsi, []);
    else if (!(await this.#turn(line, version, deadline))) return null;
    try {
      return await work();
    } finally {
      this.#next(imsi);
    }
  }

  #turn(line: Line, version: Version, deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        version,
        admit: () => {
          cancel();
          resolve(true);
        },
      };
      const cancel = this.#clock.after(Math.max(0, deadline - this.#clock.now()), () => {
        line.splice(line.indexOf(waiter), 1);
        resolve(false);
      });
      line.push(waiter);
    });
  }

  #next(imsi: string): void {
    const line = this.#lines.get(imsi) as Line;
    if (line.length === 0) {
      this.#lines.delete(imsi);
      return;
    }
    const newest = line.reduce((a, b) => (compareVersions(b.version, a.version) > 0 ? b : a));
    line.splice(line.indexOf(newest), 1);
    newest.admit();
  }
}
