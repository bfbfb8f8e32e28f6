import { wordsOf } from '../core/text.ts';
import type { Clock, Logger } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';

/** Events deleted at a time: few enough that nobody notices. */
const BATCH = 200;
/** Between two batches, and between two looks when nothing is left, in milliseconds. */
const PAUSE_MS = 50;
const LOOK_AGAIN_MS = 60_000;

/** Deletes events that are older than the journal is meant to keep, a few at a time. */
export class Retention {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #keepMs: number;
  readonly #most: number;
  #cancel: (() => void) | null = null;
  #stopped = false;
  #deleted = 0;

  /** @param parts.keepMs how long events are kept, in milliseconds, and how many at most (`most`); 0 = no limit. */
  constructor(parts: { store: Store; clock: Clock; log: Logger; keepMs: number; most: number }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#keepMs = parts.keepMs || Number.POSITIVE_INFINITY;
    this.#most = parts.most || Number.MAX_SAFE_INTEGER;
  }

  start(): void {
    this.#later(PAUSE_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #later(ms: number): void {
    if (!this.#stopped) this.#cancel = this.#clock.after(ms, () => void this.#clean());
  }

  async #clean(): Promise<void> {
    try {
      const before = Math.max(0, this.#clock.wall() - this.#keepMs);
      const deleted = await this.#store.clean({ before, most: this.#most, limit: BATCH });
      this.#deleted += deleted;
      if (deleted === BATCH) return this.#later(PAUSE_MS);
      if (this.#deleted > 0) this.#log.info({ events: this.#deleted }, 'Old events deleted from the journal');
      this.#deleted = 0;
    } catch (error) {
      this.#log.warn({ error: wordsOf(error) }, 'Old events could not be deleted');
    }
    this.#later(LOOK_AGAIN_MS);
  }
}
