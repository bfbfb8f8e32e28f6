/**
 * Divides what is due between those who wait longest and those who came last. The odd one goes to either in turn: where
 * places become free one at a time, it is all there is.
 */
export class Halves {
  #toOldest = false;

  /** @returns how many of `limit` are for those who wait longest. */
  oldestOf(limit: number): number {
    if (limit % 2 === 1) this.#toOldest = !this.#toOldest;
    return this.#toOldest ? Math.ceil(limit / 2) : Math.floor(limit / 2);
  }
}
