import type { Failure } from '../../core/outcome.ts';

/** Google's words, and what to do about them. @param advice '' when the words say enough. */
export function withAdvice(words: string, advice: string): string {
  return advice === '' ? words : `${words.replace(/\.$/, '')}: ${advice}`;
}

/**
 * What to do about a failure that Google words for programmers; '' where they say enough.
 * @param account address of the service account.
 */
export function adviceOn({ code, coreStatus, why }: Failure, account: string): string {
  if (code === 'row_refused' || code === 'rate_limited') return '';
  const [, advice = ''] = ADVICE.find(([about]) => about.test(why)) ?? [];
  if (advice !== '') return advice.replaceAll('{account}', account);
  if (coreStatus === 403) return `share the spreadsheet with ${account} as an editor`;
  return coreStatus === 404 ? 'check SPREADSHEET_ID' : '';
}

/** By Google's words; the first that fits. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/has not been used|is disabled/i, 'enable the Google Sheets API in the project of the key'],
  [/unable to parse range/i, 'check SHEET_NAME, the name of the tab'],
  [/exceeds grid limits/i, 'the sheet has fewer columns than RANGE'],
  [/above the limit of .* cells/i, 'the spreadsheet is full; take a new one (SPREADSHEET_ID)'],
  [/protected/i, 'let {account} edit what is protected'],
  [/not supported for this document/i, 'SPREADSHEET_ID names an Office file; save it as a Google Sheet'],
];

/**
 * What is behind a key that Google does not take, by its words (RFC 6749 §5.2; `invalid_grant`).
 * @param skewMs how far our clock is ahead of Google's, in milliseconds.
 */
export function adviceOnKey(words: string, skewMs: number): string {
  if (/timeframe|\biat\b/i.test(words)) return adviceOnClock(skewMs);
  return /signature|account not found|deleted|disabled/i.test(words)
    ? 'the key or its account was deleted, or is disabled; put a new key into GOOGLE_CREDENTIALS_PATH'
    : '';
}

function adviceOnClock(skewMs: number): string {
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  if (minutes === 0) return 'check the clock here';
  return `the clock here is ${minutes} minutes ${skewMs > 0 ? 'fast' : 'slow'}; set it right`;
}
