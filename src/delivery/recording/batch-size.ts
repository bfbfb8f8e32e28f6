import type { StoredEvent } from '../../ports/store.ts';

/** Rows of one write at most. */
const MOST_ROWS = 500;

/** How many rows are written together: halved while one that is refused is looked for among them. */
export class BatchSize {
  #most = MOST_ROWS;
  /** The last event of a write that was refused as a whole. */
  #suspectSeq = 0;

  get most(): number {
    return this.#most;
  }

  /** One row of these is refused, and nobody knows which. */
  refused(events: readonly StoredEvent[]): void {
    this.#suspectSeq = events.at(-1)?.seq ?? 0;
    this.#most = Math.max(1, Math.floor(events.length / 2));
  }

  /** The refused row was found. */
  found(): void {
    this.#most = MOST_ROWS;
  }

  /** @param last the last event that was recorded: behind it is nothing that was refused. */
  recorded(last: { readonly seq?: number } | undefined): void {
    if (last?.seq !== undefined && last.seq >= this.#suspectSeq) this.#most = MOST_ROWS;
  }
}
