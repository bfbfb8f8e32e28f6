import { type Place, Roster } from '../basics/roster.ts';
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

/** So long or longer is waited for with the others, in milliseconds. */
const LONG_MS = 1_000;

/** What is later than this, Node would run at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Alarm {
  /** On `performance.now()`. */
  readonly at: number;
  readonly callback: () => void;
}

/**
 * What is to happen much later, and hardly ever does: limits of time. One timer waits for the first of them, where one for
 * each, started and stopped, would cost more than what it guards.
 */
class Alarms {
  readonly #alarms = new Roster<Alarm>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  add(alarm: Alarm): Place<Alarm> {
    if (alarm.at < this.#timerAt) this.#waitFor(alarm.at);
    return this.#alarms.add(alarm);
  }

  remove(place: Place<Alarm>): void {
    // A timer for nothing would keep the program from ending.
    if (this.#alarms.remove(place) && this.#alarms.size === 0) this.#waitFor(Number.POSITIVE_INFINITY);
  }

  #waitFor(at: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    if (at < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#ring(), Math.min(Math.max(0, at - performance.now()), LONGEST_TIMER_MS));
    }
  }

  #ring(): void {
    try {
      for (const place of this.#due(performance.now())) {
        const alarm = place.value;
        // One that rang before it may have taken it back.
        if (alarm === null) continue;
        this.#alarms.remove(place);
        turns.run(alarm.callback);
      }
    } finally {
      this.#waitFor(this.#first());
    }
  }

  /** In the order of their times, also where the program was busy until several were due. */
  #due(now: number): Place<Alarm>[] {
    const due = this.#alarms.places().filter(({ value }) => value !== null && value.at <= now);
    return due.sort((a, b) => (a.value?.at ?? 0) - (b.value?.at ?? 0));
  }

  #first(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { value } of this.#alarms.places()) first = Math.min(first, value?.at ?? first);
    return first;
  }
}

const alarms = new Alarms();

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, callback) => {
    let wanted = true;
    const run = () => wanted && callback();
    const stop = Number.isFinite(ms) && ms >= LONG_MS ? afterLong(ms, run) : afterShort(ms, run);
    return () => {
      wanted = false;
      stop();
    };
  },
};

function afterShort(ms: number, callback: () => void): () => void {
  const timer = setTimeout(() => turns.run(callback), ms);
  return () => clearTimeout(timer);
}

function afterLong(ms: number, callback: () => void): () => void {
  const place = alarms.add({ at: performance.now() + ms, callback });
  return () => alarms.remove(place);
}
