import type { StoreLocation } from '../config/kinds.ts';
import type { Settings } from '../config/table.ts';
import { LONGEST_RETRY_AFTER_MS } from '../core/outcome.ts';
import type { Limits } from '../core/subscriber.ts';
import type { Store } from '../ports/store.ts';
import type { StoreListeners } from './listeners.ts';

type StoreSettings = Pick<
  Settings,
  | 'STORE_URL'
  | 'STORE_PASSWORD'
  | 'STORE_TIMEOUT'
  | 'SETTLE_AFTER'
  | 'WTL_HTTP_REQUESTS_TIMEOUT'
  | 'MAX_ATTEMPTS'
  | 'MAX_AGE'
  | 'RETRY_LONGEST_PAUSE'
>;

/**
 * Opens a store.
 * @param role `guest` for a command beside a running connector.
 * @throws StoreError saying why it cannot be opened.
 */
export type OpenStore = (role: 'owner' | 'guest', listeners?: StoreListeners) => Promise<Store>;

/** Reads the code of the store that `STORE_URL` names, and of no other. @returns what opens it: at once when it is asked to. */
export async function readStore(settings: StoreSettings): Promise<OpenStore> {
  const location = settings.STORE_URL;
  const limits = limitsOf(settings);
  if (location.kind === 'postgres') {
    const { PostgresStore } = await import('./postgres/index.ts');
    const options = { ...addressOf(location, settings), limits, statementMs: settings.STORE_TIMEOUT * 1000 };
    return (role, listeners = {}) => PostgresStore.open({ ...options, role, ...listeners });
  }
  const { SqliteStore } = await import('./sqlite/index.ts');
  const options = { file: fileOf(location), limits };
  return (role, listeners = {}) => SqliteStore.open({ ...options, role, ...listeners });
}

/**
 * Whether it is a database that the first start is to make the tables in; of a file, its absence tells that.
 * @throws StoreError when there is no way to it, or the tables cannot be made.
 */
export async function isEmptyDatabase(settings: StoreSettings): Promise<boolean> {
  const location = settings.STORE_URL;
  if (location.kind !== 'postgres') return false;
  const { PostgresStore } = await import('./postgres/index.ts');
  return await PostgresStore.isToBeMade(addressOf(location, settings));
}

function fileOf(location: Exclude<StoreLocation, { kind: 'postgres' }>): string {
  return location.kind === 'memory' ? ':memory:' : location.file;
}

function addressOf(location: Extract<StoreLocation, { kind: 'postgres' }>, { STORE_PASSWORD }: StoreSettings) {
  return { url: location.url.reveal(), password: STORE_PASSWORD };
}

/** A call without a known result had its deadline to arrive; twice that, and the core is done with it. */
function limitsOf(settings: StoreSettings): Limits {
  const settleAfterMs = (settings.SETTLE_AFTER ?? 2 * settings.WTL_HTTP_REQUESTS_TIMEOUT) * 1000;
  return {
    settleAfterMs,
    maxAttempts: settings.MAX_ATTEMPTS,
    maxAgeMs: settings.MAX_AGE * 1000,
    longestRestMs: Math.max(settings.RETRY_LONGEST_PAUSE * 1000, settleAfterMs, LONGEST_RETRY_AFTER_MS),
  };
}
