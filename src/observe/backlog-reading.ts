import type { Clock } from '../ports/runtime.ts';
import type { Backlog } from '../ports/store.ts';

/** Counting a long backlog costs the store something: not more often than so, in milliseconds. */
const FRESH_MS = 5_000;
/** Whoever reads metrics waits no longer for it, in milliseconds. */
const PATIENCE_MS = 1_000;
/** What was known is told for so long while the store is slow, in milliseconds; then nothing is. */
const STALE_MS = 60_000;

/** What waits in the store, asked for now and then, one question at a time. */
export class BacklogReading {
  readonly #ask: () => Promise<Backlog>;
  readonly #clock: Clock;
  #known: { readonly backlog: Backlog; readonly at: number } | null = null;
  #asked: Promise<void> | null = null;

  constructor(ask: () => Promise<Backlog>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** @returns null when the store does not say. */
  async read(): Promise<Backlog | null> {
    if (this.#age() >= FRESH_MS) {
      this.#asked ??= this.#refresh();
      await this.#patiently(this.#asked);
    }
    return this.#age() < STALE_MS ? (this.#known?.backlog ?? null) : null;
  }

  #age(): number {
    return this.#known ? this.#clock.now() - this.#known.at : Number.POSITIVE_INFINITY;
  }

  /** Never rejected. */
  async #refresh(): Promise<void> {
    try {
      const backlog = await this.#ask();
      this.#known = { backlog, at: this.#clock.now() };
    } catch {
      // That the store fails is a metric of its own.
      this.#known = null;
    } finally {
      this.#asked = null;
    }
  }

  #patiently(asked: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(PATIENCE_MS, resolve);
      void asked.then(() => {
        cancel();
        resolve();
      });
    });
  }
}
