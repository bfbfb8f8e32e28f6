import { type Failure, type FailureCode, failed } from '../../core/outcome.ts';
import { clip, oneLine } from '../../core/text.ts';
import type { Told } from '../../ports/recording.ts';
import { type Answer, type Reply, unanswered } from '../http-exchange.ts';
import { readRetryAfter } from '../retry-after.ts';
import { adviceOnKey, withAdvice } from './advice.ts';

/** What Google's answers mean (developers.google.com/workspace/sheets/api/limits, and its error model). */

export interface TokenAnswer {
  readonly token: string;
  readonly lifeMs: number;
}

/** Enough of Google's words for an operator. */
const MOST_WORDS = 300;

/**
 * Understands the answer to a call of the API.
 * @param read takes what is needed of a good answer's JSON; undefined when it is not there.
 * @param secret is taken out of words that come back.
 */
export function understand<T>(
  reply: Reply,
  wallMs: number,
  secret: string,
  read: (json: unknown) => T | undefined,
): Told<T> {
  if (reply.kind !== 'answer') return unanswered(reply);
  if (reply.status >= 200 && reply.status < 300) {
    const value = read(parse(reply.body));
    if (value !== undefined) return { kind: 'done', value };
    return told('not_understood', `Google answered ${reply.status} with something else than its JSON`, reply, wallMs);
  }
  return told(codeOf(reply), wordsOf(reply, secret), reply, wallMs);
}

function told(code: FailureCode, why: string, { status, retryAfter }: Answer, wallMs: number): Told<never> {
  const retryAfterMs = readRetryAfter(retryAfter, wallMs);
  const more: Omit<Failure, 'code' | 'why'> = {
    coreStatus: status,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  return failed(code, why, more);
}

/** A 400 that is about the spreadsheet and not about what was to be written: no row is to blame. */
const ABOUT_THE_SHEET = /limit of [\d.,\s]+ cells|protected|not supported for this document/i;
/** A 403 of other Google APIs, and of this one's projects, that passes by itself. */
const ABOUT_THE_QUOTA = /rate ?limit ?exceeded|quota exceeded/i;
/** The sheet (tab) is not there, or has fewer rows than were asked for. */
const ABOUT_THE_RANGE = /unable to parse range|exceeds grid limits/i;

function codeOf({ status, body }: Answer): FailureCode {
  const special = CODES[status];
  if (special) return special;
  if (status === 400) return codeOfBadRequest(body);
  if (status === 403 && ABOUT_THE_QUOTA.test(body)) return 'rate_limited';
  if (status >= 500 || status === 408) return isOnTheWay(status, body) ? 'bad_gateway' : 'core_error';
  return status >= 400 ? 'misconfigured' : 'not_understood';
}

const CODES: Readonly<Record<number, FailureCode>> = {
  401: 'unauthorized',
  404: 'place_missing',
  413: 'row_refused',
  429: 'rate_limited',
};

function codeOfBadRequest(body: string): FailureCode {
  if (ABOUT_THE_SHEET.test(body)) return 'misconfigured';
  return ABOUT_THE_RANGE.test(body) ? 'place_missing' : 'row_refused';
}

/** Not the word of whoever carries it out, and says so in JSON: that one may still be at it. */
function isOnTheWay(status: number, body: string): boolean {
  return status === 502 || status === 504 || typeof field(parse(body), 'error') !== 'object';
}

function wordsOf({ status, body }: Answer, secret: string): string {
  const error = field(parse(body), 'error');
  const described = field(parse(body), 'error_description');
  const spoken = field(error, 'message') ?? (typeof described === 'string' ? `${error}: ${described}` : error);
  const words = typeof spoken === 'string' ? spoken : `HTTP ${status}`;
  const safe = secret === '' ? words : words.replaceAll(secret, '[redacted]');
  const line = clip(oneLine(safe), MOST_WORDS);
  if (status === 404 || ABOUT_THE_RANGE.test(line)) return `Resource not found: ${line}`;
  return `Google answered ${status}: ${line}`;
}

/** Understands the answer to an assertion (RFC 6749 §5.2): a refusal is about the key, not about an event. */
export function understandToken(reply: Reply, wallMs: number): Told<TokenAnswer> {
  if (reply.kind !== 'answer') {
    // Nobody heard of a row: whatever became of this call, it may be repeated.
    return failed('connect_failed', `No token: ${reply.why}`);
  }
  const { status } = reply;
  const token = status === 200 ? tokenIn(parse(reply.body)) : undefined;
  if (token) return { kind: 'done', value: token };
  const passing = status === 429 || status >= 500 || status === 200;
  const words = wordsOf(reply, '');
  const advice = passing ? '' : adviceOnKey(words, skewOf(reply, wallMs));
  const why = `No token for the service account: ${withAdvice(words, advice)}`;
  return told(passing ? 'rate_limited' : 'misconfigured', why, reply, wallMs);
}

/** How far our clock is ahead of theirs, in milliseconds; 0 when they do not say. */
function skewOf({ date }: Answer, wallMs: number): number {
  const theirs = Date.parse(date ?? '');
  return Number.isNaN(theirs) ? 0 : wallMs - theirs;
}

function tokenIn(json: unknown): TokenAnswer | undefined {
  const [token, seconds] = [field(json, 'access_token'), field(json, 'expires_in')];
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return undefined;
  return { token, lifeMs: (typeof seconds === 'number' && seconds > 0 ? seconds : 60) * 1000 };
}

/** The last row of `Sheet1!A12:F34`; null when there is none in it. */
export function lastRowIn(json: unknown): number | null | undefined {
  if (field(json, 'updates') === undefined && field(json, 'spreadsheetId') === undefined) return undefined;
  const range = field(field(json, 'updates'), 'updatedRange');
  const [, row] = (typeof range === 'string' && /(\d+)$/.exec(range)) || [];
  return row === undefined ? null : Number(row);
}

/** The one row or column of a range that was read. */
export function valuesIn(json: unknown): readonly string[] | undefined {
  if (field(json, 'range') === undefined) return undefined;
  const values = field(json, 'values');
  const [first] = Array.isArray(values) ? (values as unknown[]) : [];
  return Array.isArray(first) ? first.map((cell) => (typeof cell === 'string' ? cell : String(cell ?? ''))) : [];
}

/** How many rows the sheet of that name has; null when there is no such sheet. */
export function rowCountIn(json: unknown, sheet: string): number | null | undefined {
  const sheets = field(json, 'sheets');
  if (!Array.isArray(sheets)) return undefined;
  const properties = (sheets as unknown[]).map((one) => field(one, 'properties'));
  const found = properties.find((one) => field(one, 'title') === sheet);
  const count = field(field(found, 'gridProperties'), 'rowCount');
  return typeof count === 'number' ? count : null;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
