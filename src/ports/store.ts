import type { Version } from '../core/version.ts';

/**
 * What is remembered of subscribers. Kept small until delivery is durable; each method's atomic duty stands beside it.
 */
export interface Store {
  /** The version applied last for a subscriber, or null when none is known. */
  applied(imsi: string): Promise<Version | null>;
  /** Remembers the version applied last. Resolves once it is kept as safely as the store can keep it. */
  settle(imsi: string, version: Version): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}
