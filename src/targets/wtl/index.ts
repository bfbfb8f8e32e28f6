import type { Config } from '../../config/load.ts';
import type { Change } from '../../core/types.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { Target, TargetRequest } from '../../ports/target.ts';
import { provisioningUrl, WtlTarget } from './target.ts';
import { toWtlRequest } from './wire.ts';

export { probe } from './probe.ts';

/** Longest wait for one connection, in milliseconds: leaves time for another try within the deadline. */
const CONNECT_TIMEOUT_MS = 5_000;

/** @throws Error when a required setting is missing. */
export function open({ settings, tls }: Config, clock: Clock): Target {
  const { WTL_API_URL: url, WTL_API_TOKEN: token } = settings;
  if (!url || !token) throw new Error('WTL_API_URL and WTL_API_TOKEN are required');
  const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, settings.WTL_HTTP_REQUESTS_TIMEOUT * 1000);
  const connections = settings.WTL_MAX_CONCURRENCY;
  return new WtlTarget({ url, token: () => token.reveal(), connections, connectTimeoutMs, tls }, clock);
}

/** What would be sent for a change; the settings may be incomplete. */
export function preview({ settings }: Config, change: Change): TargetRequest {
  const url = settings.WTL_API_URL ? provisioningUrl(settings.WTL_API_URL).href : '{WTL_API_URL}/prov';
  return { method: 'POST', url, body: toWtlRequest(change) };
}
