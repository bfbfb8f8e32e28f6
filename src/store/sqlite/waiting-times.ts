import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Limits } from '../../core/subscriber.ts';
import { STEP_MS } from './clock.ts';

/** Of the parameters the first is the step; no time is later than it can be. */
const MOVE = `UPDATE subscribers SET due_at = min(due_at + ?1, ?2), unsettled_until = min(unsettled_until + ?1, ?3),
  waiting_since = min(waiting_since + ?1, ?4)`;

/** Until when and since when subscribers wait, all of them at once, when the clock turns out to be another one. */
export class WaitingTimes {
  readonly #limits: Limits;
  readonly #ofTheDue: StatementSync;
  readonly #ofTheDead: StatementSync;
  readonly #tooLate: StatementSync;

  constructor(db: DatabaseSync, limits: Limits) {
    this.#limits = limits;
    // What began later than it was until now, a command beside the connector wrote by the clock as it is set already.
    this.#ofTheDue = db.prepare(`${MOVE} WHERE due_at IS NOT NULL AND coalesce(waiting_since, 0) <= ?5`);
    this.#ofTheDead = db.prepare(`${MOVE} WHERE dead IS NOT NULL AND due_at IS NULL`);
    this.#tooLate = db.prepare(`${MOVE} WHERE due_at > ?2`);
  }

  /**
   * What is left to wait stays the same.
   * @param before what time it was until now, milliseconds since 1970.
   * @param step by how many milliseconds the clock was set.
   */
  move(before: number, step: number): void {
    const values = this.#values(before + step, step);
    this.#ofTheDue.run(...values, before + STEP_MS);
    this.#ofTheDead.run(...values);
  }

  /** Whoever waits longer than anybody does was told so by a clock that was ahead. @param now milliseconds since 1970. */
  pullIn(now: number): void {
    this.#tooLate.run(...this.#values(now, 0));
  }

  #values(now: number, step: number): [step: number, due: number, settled: number, since: number] {
    const { longestRestMs, settleAfterMs } = this.#limits;
    return [step, Math.ceil(now + longestRestMs), Math.ceil(now + settleAfterMs), now];
  }
}
