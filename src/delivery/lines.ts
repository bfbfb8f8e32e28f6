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

  /** Begins the turn when nobody is before it (then `leave` must be called once). */
  tryEnter(imsi: string): boolean {
    if (this.#lines.has(imsi)) return false;
    this.#lines.set(imsi, []);
    return true;
  }

  /**
   * @param deadline on the clock's `now()`.
   * @returns true when its turn has come (then `leave` must be called once), false when the deadline came first.
   */
  enter(imsi: string, version: Version, deadline: number): Promise<boolean> {
    if (this.tryEnter(imsi)) return Promise.resolve(true);
    const line = this.#lines.get(imsi) as Line;
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

  /** The turn is over. */
  leave(imsi: string): void {
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
