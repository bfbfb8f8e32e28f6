import { randomUUID } from 'node:crypto';

/** Digits of a UUID that number the claims of one run. */
const COUNTED = 12;

/**
 * Names of claims, as `lease_owner` keeps them: what begins them is of this run of this instance, what ends them is of one
 * claim. What an earlier run held, it held for calls of its own; so did an earlier claim of this one.
 */
export class Leases {
  readonly #run = randomUUID().slice(0, -COUNTED);
  #count = 0;

  next(): string {
    return this.#run + (++this.#count).toString(16).padStart(COUNTED, '0');
  }

  /**
   * Whether somebody who says that he ends `claim` ends the one that is there.
   * @param owner of the lease that is there; null when there is none.
   * @param claim without it, whichever is of this run.
   */
  ends(owner: string | null, claim: string | undefined): boolean {
    if (owner === null) return false;
    return claim === undefined ? owner.startsWith(this.#run) : owner === claim;
  }
}
