import type { Clock } from '../../ports/runtime.ts';
import type { Rest } from '../rest.ts';
import { pauseBeforeWrite, type RecordNote } from './note.ts';

/** Between two reads, and the first pause between two looks for rows that may still come, in milliseconds. */
const READ_PAUSE_MS = 1_000;

/** How often a sheet is read and written: what its owner allows. */
export class Pace {
  readonly #clock: Clock;
  readonly #rest: Rest;
  readonly #perMinute: number;
  #lastReadAt = Number.NEGATIVE_INFINITY;
  #looks = 0;

  constructor(clock: Clock, rest: Rest, perMinute: number) {
    this.#clock = clock;
    this.#rest = rest;
    this.#perMinute = perMinute;
  }

  /** Waits until the next read may begin, and counts it as begun. */
  async readTurn(): Promise<void> {
    await this.#rest.pause(this.#lastReadAt + READ_PAUSE_MS - this.#clock.now());
    this.reads();
  }

  /** A read begins now. */
  reads(): void {
    this.#lastReadAt = this.#clock.now();
  }

  /** Until the next write may begin, in milliseconds. */
  beforeWrite(note: RecordNote): number {
    return pauseBeforeWrite(note, this.#perMinute, this.#clock.now());
  }

  /** Looking for rows that may still come begins anew. */
  looksAfresh(): void {
    this.#looks = 0;
  }

  /** Until the next look for them, in milliseconds: longer each time. */
  beforeLook(): number {
    return READ_PAUSE_MS * 2 ** Math.min(4, this.#looks++);
  }
}
