import type { Change } from '../core/types.ts';
import type { Version } from '../core/version.ts';

/** A store in memory has its answer at once. */
type MaybePromise<T> = T | Promise<T>;

/** The newest state of a subscriber that the core was given. */
export interface Remembered {
  readonly version: Version;
  readonly change: Change;
  /**
   * False when an attempt at this or an older state ended without a known result: the core may hold something else, or
   * may still come to it. Then this state has to be confirmed before it can be relied on (G4).
   */
  readonly settled: boolean;
}

/**
 * What is remembered of subscribers. Kept small until delivery is durable; each method's atomic duty stands beside it.
 */
export interface Store {
  /** Null when nothing is known. */
  recall(imsi: string): MaybePromise<Remembered | null>;
  /** Replaces what is known. Resolves once it is kept as safely as the store can keep it. */
  remember(imsi: string, state: Remembered): MaybePromise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}
