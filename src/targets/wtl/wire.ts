import { DONE, type FailureCode, failed, type Outcome } from '../../core/outcome.ts';
import { clip, oneLine } from '../../core/text.ts';
import type { Action, Change, SubscriberStatus } from '../../core/types.ts';

/** The body of `POST {WTL_API_URL}/prov` (contract §4). */
interface WtlRequest {
  readonly imsi: string;
  readonly subscriber_status: SubscriberStatus;
  readonly msisdn: readonly string[];
  readonly cs_profile: string;
  readonly eps_profile: string;
  readonly action: Action;
}

/** No number is an empty list (contract §4). */
export function toWtlRequest({ action, state }: Change): WtlRequest {
  return {
    imsi: state.imsi,
    subscriber_status: state.status,
    msisdn: state.msisdn === null ? [] : [state.msisdn],
    cs_profile: state.csProfile,
    eps_profile: state.epsProfile,
    action,
  };
}

interface WtlAnswer {
  readonly status: number;
  /** The body as text. */
  readonly body: string;
  /** Header `Retry-After`, in milliseconds from now. */
  readonly retryAfterMs?: number;
}

/**
 * What an answer of the core means. The core's own words are kept: an operator at NSPS reads them.
 * @param secret must not be in those words, should the core repeat what it was sent.
 */
export function classifyAnswer(answer: WtlAnswer, secret = ''): Outcome {
  const outcome = classify(answer);
  if (outcome.kind === 'done') return outcome;
  const { why } = outcome.failure;
  const safe = secret === '' ? why : why.replaceAll(secret, '[redacted]');
  return { kind: 'failed', failure: { ...outcome.failure, why: clip(oneLine(safe), MOST_WORDS) } };
}

function classify(answer: WtlAnswer): Outcome {
  const { status } = answer;
  if (status >= 200 && status < 300) return classifySuccess(answer);
  const words = wordsOf(answer);
  const more = {
    coreStatus: status,
    ...(answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs }),
  };
  if (status === 401 || status === 403) return failed('credentials', `${REFUSED_TOKEN}: ${words}`, more);
  if (isNotTheCore(answer)) return failed('place_missing', `${NOT_THE_CORE}: ${words}`, more);
  return failed(codeOf(answer), words, more);
}

function codeOf(answer: WtlAnswer): FailureCode {
  const { status } = answer;
  // A page is of somebody on the way, who may have had enough of waiting for the core.
  if (status === 503 && !isJson(answer)) return 'cut';
  const special = CODES[status];
  if (special) return special;
  if (status >= 400 && status < 500) return 'refused';
  return status >= 500 ? 'core_error' : 'not_understood';
}

const CODES: Readonly<Record<number, FailureCode>> = {
  404: 'unknown_subscriber',
  // The request came too slowly for somebody on the way: that says nothing of the change, which may yet be made.
  408: 'cut',
  429: 'rate_limited',
  502: 'bad_gateway',
  503: 'busy',
  504: 'bad_gateway',
};

/** The setting is named: there are other tokens, and an operator would look at his own. */
const REFUSED_TOKEN = 'The core refused the token in WTL_API_TOKEN';

/** What a proxy says for a core that is away, or anybody at a wrong address: it is not about the subscriber. */
const NOT_THE_CORE = 'Nothing is provisioned at WTL_API_URL, or a proxy is in between';

/** 405 is what a page says that is shown while the core is away: it takes no POST. */
function isNotTheCore(answer: WtlAnswer): boolean {
  return (answer.status === 404 || answer.status === 405) && !isJson(answer);
}

/** The core speaks JSON (contract §4), or says nothing. */
function isJson({ body }: WtlAnswer): boolean {
  return body.trim() === '' || parse(body) !== undefined;
}

/** HTTP success is only half of it: `result: false` is a refusal. An empty body is a success. */
function classifySuccess({ status, body }: WtlAnswer): Outcome {
  if (body.trim() === '') return DONE;
  const answer = parseObject(body);
  if (!answer || !(isAbsent(answer['result']) || typeof answer['result'] === 'boolean')) {
    return failed('not_understood', `The core answered ${status} with something else than its JSON: ${body}`, {
      coreStatus: status,
    });
  }
  const refused = isAbsent(answer['result']) ? spoken(answer['error']) !== null : answer['result'] === false;
  return refused ? failed('refused', wordsIn(answer) ?? 'Unknown error', { coreStatus: status }) : DONE;
}

function wordsOf({ status, body }: WtlAnswer): string {
  const answer = parseObject(body);
  return (answer && wordsIn(answer)) ?? (body.trim() === '' ? `HTTP ${status}` : `HTTP ${status}: ${body}`);
}

function wordsIn(answer: Record<string, unknown>): string | null {
  return spoken(answer['error']) ?? spoken(answer['message']);
}

function spoken(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : value;
  return isAbsent(value) || value === false ? null : (JSON.stringify(value) ?? null);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function parseObject(body: string): Record<string, unknown> | null {
  const value = parse(body);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** @returns undefined when it is not JSON. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Enough of the core's words for an operator. */
const MOST_WORDS = 300;
