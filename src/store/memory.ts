import type { Version } from '../core/version.ts';
import type { Store } from '../ports/store.ts';

/** Bounds the memory (a few hundred bytes each); who was not heard of for a million subscribers is old news. */
const MOST_SUBSCRIBERS = 1_000_000;

/** Remembers in this process only: for throw-away instances. The subscriber heard of longest ago is forgotten first. */
export class MemoryStore implements Store {
  readonly #applied = new Map<string, Version>();
  readonly #most: number;

  constructor(most = MOST_SUBSCRIBERS) {
    this.#most = most;
  }

  async applied(imsi: string): Promise<Version | null> {
    return this.#applied.get(imsi) ?? null;
  }

  async settle(imsi: string, version: Version): Promise<void> {
    this.#applied.delete(imsi);
    this.#applied.set(imsi, version);
    if (this.#applied.size <= this.#most) return;
    for (const oldest of this.#applied.keys()) {
      this.#applied.delete(oldest);
      break;
    }
  }

  async close(): Promise<void> {
    this.#applied.clear();
  }
}
