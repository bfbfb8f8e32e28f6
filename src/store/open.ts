import type { StoreLocation } from '../config/kinds.ts';
import type { Settings } from '../config/table.ts';
import type { Limits } from '../core/subscriber.ts';
import type { Store } from '../ports/store.ts';

type StoreSettings = Pick<
  Settings,
  | 'STORE_URL'
  | 'STORE_PASSWORD'
  | 'STORE_TIMEOUT'
  | 'SETTLE_AFTER'
  | 'WTL_HTTP_REQUESTS_TIMEOUT'
  | 'MAX_ATTEMPTS'
  | 'MAX_AGE'
>;

/**
 * Opens the store that `STORE_URL` names; only that one's code is read.
 * @param role `guest` for a command beside a running connector.
 * @throws StoreError saying why it cannot be opened.
 */
export async function openStore(settings: StoreSettings, role: 'owner' | 'guest' = 'owner'): Promise<Store> {
  const location = settings.STORE_URL;
  const limits = limitsOf(settings);
  if (location.kind === 'postgres') {
    const { PostgresStore } = await import('./postgres/index.ts');
    const url = withPassword(location.url.reveal(), settings.STORE_PASSWORD);
    return await PostgresStore.open({ url, limits, role, statementMs: settings.STORE_TIMEOUT * 1000 });
  }
  const { SqliteStore } = await import('./sqlite/index.ts');
  return await SqliteStore.open({ file: fileOf(location), limits, role });
}

function fileOf(location: Exclude<StoreLocation, { kind: 'postgres' }>): string {
  return location.kind === 'memory' ? ':memory:' : location.file;
}

function withPassword(text: string, password: StoreSettings['STORE_PASSWORD']): string {
  const url = new URL(text);
  if (password && url.password === '') url.password = encodeURIComponent(password.reveal());
  return url.href;
}

/** A call without a known result had its deadline to arrive; twice that, and the core is done with it. */
function limitsOf(settings: StoreSettings): Limits {
  return {
    settleAfterMs: (settings.SETTLE_AFTER ?? 2 * settings.WTL_HTTP_REQUESTS_TIMEOUT) * 1000,
    maxAttempts: settings.MAX_ATTEMPTS,
    maxAgeMs: settings.MAX_AGE * 1000,
  };
}
