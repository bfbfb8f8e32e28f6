import type { Remembered, Store } from '../ports/store.ts';

/** Bounds the memory (a few hundred bytes each); who was not heard of for a million subscribers is old news. */
const MOST_SUBSCRIBERS = 1_000_000;

/** Remembers in this process only: for throw-away instances. The subscriber heard of longest ago is forgotten first. */
export class MemoryStore implements Store {
  readonly #states = new Map<string, Remembered>();
  readonly #most: number;

  constructor(most = MOST_SUBSCRIBERS) {
    this.#most = most;
  }

  recall(imsi: string): Remembered | null {
    return this.#states.get(imsi) ?? null;
  }

  remember(imsi: string, state: Remembered): void {
    // Only a full store needs to know who was heard of last; a Map that is always reordered grows and is tidied all the time.
    if (this.#states.size >= this.#most) this.#states.delete(imsi);
    this.#states.set(imsi, state);
    if (this.#states.size <= this.#most) return;
    for (const oldest of this.#states.keys()) {
      this.#states.delete(oldest);
      break;
    }
  }

  async close(): Promise<void> {
    this.#states.clear();
  }
}
