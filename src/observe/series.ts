import { toHundredth } from '../basics/milliseconds.ts';
import { type EventOutcome, OUTCOMES } from '../contract/event-states.ts';
import type { Charts, Happened, Range } from '../ports/figures.ts';
import type { AnsweredEvent, EndedCall, Observer } from '../ports/observer.ts';
import type { Clock } from '../ports/runtime.ts';

/**
 * Remembers for charts what was answered and called, in memory of a fixed size (half a megabyte). It is on the path of
 * every event: recording is a few additions in typed arrays, and makes no objects.
 */
export class Series implements Charts, Observer {
  readonly #clock: Clock;
  /** From the clock that never jumps to wall time. */
  readonly #wallAhead: number;
  readonly #startedAt: number;
  readonly #seconds = new Ring(1_000, 64);
  readonly #hour = new Ring(10_000, 360);
  readonly #day = new Ring(300_000, 288);

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.wall();
    this.#wallAhead = this.#startedAt - clock.now();
  }

  answered({ outcome }: Pick<AnsweredEvent, 'outcome'>): void {
    const index = INDEX.get(outcome) as number;
    const now = this.#now();
    this.#seconds.addEvent(now, index);
    this.#hour.addEvent(now, index);
    this.#day.addEvent(now, index);
  }

  called({ result, durationMs }: Pick<EndedCall, 'result' | 'durationMs'>): void {
    const failed = result === 'done' ? 0 : 1;
    const bucket = bucketOf(durationMs);
    const now = this.#now();
    this.#seconds.addCall(now, failed, bucket);
    this.#hour.addCall(now, failed, bucket);
    this.#day.addCall(now, failed, bucket);
  }

  lastMinute(): Happened {
    const current = this.#seconds.stepAt(this.#now());
    return this.#seconds.sum(current - 59, current);
  }

  lastSecond(): number {
    const last = this.#seconds.stepAt(this.#now()) - 1;
    return this.#seconds.sum(last, last).calls;
  }

  series(range: Range) {
    const ring = range === 'hour' ? this.#hour : this.#day;
    const current = ring.stepAt(this.#now());
    const first = Math.max(ring.stepAt(this.#startedAt), current - ring.size + 1);
    const steps = Array.from({ length: current - first + 1 }, (_, index) => {
      const step = first + index;
      return { at: step * ring.stepMs, ...ring.sum(step, step) };
    });
    return { stepMs: ring.stepMs, steps };
  }

  #now(): number {
    return this.#clock.now() + this.#wallAhead;
  }
}

const INDEX: ReadonlyMap<EventOutcome, number> = new Map(OUTCOMES.map((outcome, index) => [outcome, index]));

/** Durations fall into buckets, each a twelfth of an octave wide, from 0.1 ms on: 20 octaves reach to 100 s. */
const SHORTEST_MS = 0.1;
const PER_OCTAVE = 12;
const BUCKETS = 20 * PER_OCTAVE;

function bucketOf(ms: number): number {
  if (!(ms > SHORTEST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(ms / SHORTEST_MS) * PER_OCTAVE));
}

/** The middle of a bucket, in milliseconds. */
function durationOf(bucket: number): number {
  return toHundredth(SHORTEST_MS * 2 ** ((bucket + 0.5) / PER_OCTAVE));
}

/** The last so many steps of time; the oldest one's place is taken by the next. */
class Ring {
  readonly stepMs: number;
  readonly size: number;
  /** Which step is in each place. */
  readonly #steps: Float64Array;
  readonly #events: Uint32Array;
  readonly #errors: Uint32Array;
  readonly #calls: Uint32Array;

  constructor(stepMs: number, size: number) {
    this.stepMs = stepMs;
    this.size = size;
    this.#steps = new Float64Array(size).fill(-1);
    this.#events = new Uint32Array(size * OUTCOMES.length);
    this.#errors = new Uint32Array(size);
    this.#calls = new Uint32Array(size * BUCKETS);
  }

  /** @param time milliseconds since 1970. */
  stepAt(time: number): number {
    return Math.floor(time / this.stepMs);
  }

  addEvent(time: number, outcome: number): void {
    const at = this.#place(time) * OUTCOMES.length + outcome;
    this.#events[at] = (this.#events[at] as number) + 1;
  }

  addCall(time: number, failed: 0 | 1, bucket: number): void {
    const place = this.#place(time);
    this.#errors[place] = (this.#errors[place] as number) + failed;
    const at = place * BUCKETS + bucket;
    this.#calls[at] = (this.#calls[at] as number) + 1;
  }

  /** What happened from one step to another, both included. */
  sum(first: number, last: number): Happened {
    const events = new Array<number>(OUTCOMES.length).fill(0);
    const calls = new Array<number>(BUCKETS).fill(0);
    let errors = 0;
    for (let step = first; step <= last; step++) {
      const place = step % this.size;
      if (this.#steps[place] !== step) continue;
      errors += this.#errors[place] as number;
      addUp(events, this.#events, place);
      addUp(calls, this.#calls, place);
    }
    return { events: named(events), errors, ...spread(calls) };
  }

  #place(time: number): number {
    const step = this.stepAt(time);
    const place = step % this.size;
    if (this.#steps[place] !== step) this.#begin(place, step);
    return place;
  }

  #begin(place: number, step: number): void {
    this.#steps[place] = step;
    this.#events.fill(0, place * OUTCOMES.length, (place + 1) * OUTCOMES.length);
    this.#calls.fill(0, place * BUCKETS, (place + 1) * BUCKETS);
    this.#errors[place] = 0;
  }
}

function addUp(sums: number[], rows: Uint32Array, place: number): void {
  const from = place * sums.length;
  for (let index = 0; index < sums.length; index++) {
    sums[index] = (sums[index] as number) + (rows[from + index] as number);
  }
}

function named(counts: readonly number[]): Record<string, number> {
  return Object.fromEntries(
    OUTCOMES.map((outcome, index) => [outcome, counts[index] as number] as const).filter(([, n]) => n > 0),
  );
}

function spread(buckets: readonly number[]) {
  const calls = buckets.reduce((sum, count) => sum + count, 0);
  return {
    calls,
    p50Ms: quantile(buckets, calls, 0.5),
    p95Ms: quantile(buckets, calls, 0.95),
    p99Ms: quantile(buckets, calls, 0.99),
  };
}

/** So great a part of the calls was no slower. */
function quantile(buckets: readonly number[], calls: number, part: number): number | null {
  if (calls === 0) return null;
  let left = Math.ceil(calls * part);
  const bucket = buckets.findIndex((count) => {
    left -= count;
    return left <= 0;
  });
  return durationOf(bucket);
}
