import type { Clock } from '../ports/runtime.ts';

/** Callbacks of one turn of the event loop at most. */
const MOST_AT_ONCE = 20;

/**
 * Runs what is due, a few callbacks a turn. When a core hangs, a thousand deadlines come in the same millisecond; Node
 * would run all of them before it looks at the next request, and `/health` would wait for them.
 */
class Turns {
  readonly #due: (() => void)[] = [];
  #ranThisTurn = 0;

  run(callback: () => void): void {
    if (this.#ranThisTurn === 0) setImmediate(() => this.#nextTurn());
    if (this.#ranThisTurn++ < MOST_AT_ONCE) callback();
    else this.#due.push(callback);
  }

  #nextTurn(): void {
    this.#ranThisTurn = 0;
    for (const callback of this.#due.splice(0, MOST_AT_ONCE)) this.run(callback);
    // Those that are left come before what falls due meanwhile.
    if (this.#due.length > 0) this.#ranThisTurn = MOST_AT_ONCE;
  }
}

const turns = new Turns();

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, callback) => {
    let wanted = true;
    const timer = setTimeout(() => turns.run(() => wanted && callback()), ms);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  },
};
