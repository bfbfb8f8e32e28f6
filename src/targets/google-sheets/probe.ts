import type { Config } from '../../config/load.ts';
import { titlesOf } from '../../core/columns.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { Finding } from '../../ports/target.ts';
import { open } from './open.ts';
import { Tokens } from './token.ts';

/** Longest wait for a token, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Asks Google for a token, then for the sheet's first row; changes nothing. The key was read with the settings. */
export async function probe(config: Config, clock: Clock): Promise<Finding[]> {
  const { googleKey, settings } = config;
  if (!googleKey) return [];
  const key = googleKey.current;
  const findings: Finding[] = [{ verdict: 'ok', subject: 'key', message: `is that of ${key.email}` }];
  const token = await new Tokens(key, clock).get(PATIENCE_MS);
  if (token.kind === 'failed') {
    const message = `${key.tokenUri.origin}: ${token.failure.why}`;
    return [...findings, { verdict: 'fail', subject: 'token', message }];
  }
  findings.push({ verdict: 'ok', subject: 'token', message: `${key.tokenUri.origin} gives one for the key` });
  const target = open(config, clock);
  const header = await target.readHeader().finally(() => target.close());
  if (header.kind === 'failed') {
    return [...findings, { verdict: 'fail', subject: 'sheet', message: header.failure.why }];
  }
  const expected = titlesOf(settings.SHEET_COLUMNS).join(' | ');
  const found: Record<typeof header.value.kind, Finding> = {
    right: { verdict: 'ok', subject: 'sheet', message: `${settings.SHEET_NAME} has the right first row: ${expected}` },
    empty: {
      verdict: 'ok',
      subject: 'sheet',
      message: `${settings.SHEET_NAME} is empty: its first row is written at the first start`,
    },
    other: {
      verdict: 'fail',
      subject: 'sheet',
      message: `${settings.SHEET_NAME} has another first row: ${'found' in header.value ? header.value.found.join(' | ') : ''}; expected ${expected}. Take an empty sheet, or set SHEET_COLUMNS and RANGE to what it has`,
    },
  };
  return [...findings, found[header.value.kind]];
}
