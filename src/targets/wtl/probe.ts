import { lookup } from 'node:dns/promises';
import { Client } from 'undici';
import type { Config } from '../../config/load.ts';
import { isLoopback } from '../../config/loopback.ts';
import type { Finding } from '../../ports/target.ts';
import { connectWords } from '../connect-words.ts';
import { provisioningUrl } from './target.ts';

/** Longest wait for each step, in milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Asks the core whether it is there and takes our token, changing nothing: it posts an empty object, which names no
 * subscriber, and reads how it is refused.
 */
export async function probe({ settings, tls }: Config): Promise<Finding[]> {
  const { WTL_API_URL: base, WTL_API_TOKEN: token } = settings;
  if (!base || !token) return [];
  const findings: Finding[] = [];
  if (base.protocol === 'http:' && !isLoopback(base.hostname)) {
    findings.push({
      verdict: 'warn',
      subject: 'core',
      message: `${base.origin} is not https: the token travels in clear`,
    });
  }
  try {
    await lookup(base.hostname.replace(/^\[|\]$/g, ''));
  } catch {
    return [
      ...findings,
      { verdict: 'fail', subject: 'core', message: `the host name ${base.hostname} is not found: check WTL_API_URL` },
    ];
  }
  const client = new Client(base.origin, {
    connect: { timeout: PATIENCE_MS, ...tls },
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
    allowH2: false,
  });
  try {
    const { statusCode, body } = await client.request({
      method: 'POST',
      path: provisioningUrl(base).pathname,
      headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
      body: '{}',
    });
    await body.dump();
    return [...findings, { verdict: 'ok', subject: 'core', message: `${base.origin} answers` }, judge(statusCode)];
  } catch (error) {
    const message = `${base.origin} cannot be used: ${connectWords(error as Error)}`;
    return [...findings, { verdict: 'fail', subject: 'core', message }];
  } finally {
    await client.destroy();
  }
}

/** What the refusal of an empty request tells. */
function judge(status: number): Finding {
  const said = `(HTTP ${status} to an empty request)`;
  if (status === 401 || status === 403) {
    return { verdict: 'fail', subject: 'credentials', message: `the core refuses WTL_API_TOKEN ${said}` };
  }
  if (status === 404 || status === 405) {
    return {
      verdict: 'fail',
      subject: 'credentials',
      message: `nothing is provisioned at this address: check WTL_API_URL ${said}`,
    };
  }
  if (status >= 500 || status === 429) {
    return {
      verdict: 'warn',
      subject: 'credentials',
      message: `the core is not well, so the token is not proven ${said}`,
    };
  }
  return { verdict: 'ok', subject: 'credentials', message: `the core takes WTL_API_TOKEN ${said}` };
}
