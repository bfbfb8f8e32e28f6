import type { Session } from '../../contract/admin.ts';
import { session } from './session.ts';

/** What went wrong, in the server's own words where it had any. */
export interface Fault {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly message: string;
  readonly error: string;
}

/** An answer that is not a success, or none at all. */
class ApiError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`${fault.message}: ${fault.error}`);
    this.fault = fault;
  }
}

/** Any error as something that can be shown. */
export function faultOf(error: unknown): Fault {
  if (error instanceof ApiError) return error.fault;
  return { status: 0, message: 'The page failed', error: error instanceof Error ? error.message : String(error) };
}

/** What the person at the screen can do about it. */
export function adviceFor({ status }: Fault): string {
  if (status === 0) return 'Check that the connector runs and that this machine reaches it, then try again.';
  if (status === 401) return 'Sign in again.';
  if (status === 404) return 'Check the id. Events are deleted after RETENTION_DAYS.';
  if (status === 429) return 'Wait a minute, then try again.';
  if (status === 503)
    return 'The connector cannot use its store, or is just starting or stopping. Look at Overview; try again.';
  if (status >= 500) return 'Try again. If it stays, the log of the connector tells more, at this time of day.';
  return 'Correct what is named, then try again.';
}

/** Marks what a page of ours asks for: a form or link of another site cannot set it. */
const OWN_PAGE = { 'x-console': '1', 'content-type': 'application/json' };

/** GET. @throws ApiError */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await call(path, { headers: { accept: 'application/json' }, ...(signal && { signal }) });
  return (await answer.json()) as T;
}

/** Whether the browser has a session that goes on. @throws ApiError */
export async function isSignedIn(): Promise<boolean> {
  return (await get<Session>('/console/session')).signedIn;
}

/** POST or DELETE with a JSON body. @throws ApiError */
export async function send<T>(method: 'POST' | 'DELETE', path: string, body: unknown = {}): Promise<T> {
  const answer = await call(path, { method, headers: OWN_PAGE, body: JSON.stringify(body) });
  return (await answer.json()) as T;
}

/** POST of a text that is JSON already, sent as it was written. @throws ApiError */
export async function sendText<T>(path: string, text: string): Promise<T> {
  const answer = await call(path, { method: 'POST', headers: OWN_PAGE, body: text });
  return (await answer.json()) as T;
}

/** POST whose answer comes line by line (NDJSON). @throws ApiError */
export async function sendForLines<T>(path: string, body: unknown, hear: (line: T) => void): Promise<void> {
  const answer = await call(path, { method: 'POST', headers: OWN_PAGE, body: JSON.stringify(body) });
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const lines = (rest + (value ?? '')).split('\n');
      rest = done ? '' : (lines.pop() ?? '');
      for (const line of lines) if (line.trim() !== '') hear(JSON.parse(line) as T);
      if (done) return;
    }
  } catch (error) {
    throw new ApiError({ status: 0, message: 'The answer broke off', error: faultOf(error).error });
  }
}

async function call(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError({ status: 0, message: 'The connector does not answer', error: faultOf(error).error });
  }
  if (answer.ok) return answer;
  // Whoever was signed in is not any more: the page stays where it is, and asks for the token.
  if (answer.status === 401 && session.value === 'in') session.value = 'ended';
  throw new ApiError({ status: answer.status, ...(await wordsOf(answer)) });
}

async function wordsOf(answer: Response): Promise<{ message: string; error: string }> {
  const status = `HTTP ${answer.status}`;
  try {
    const { message, error } = (await answer.json()) as { message?: unknown; error?: unknown };
    return { message: String(message ?? status), error: String(error ?? 'The answer says no more') };
  } catch {
    return { message: status, error: answer.statusText || 'The answer is not JSON' };
  }
}

/** A path with its query, without what is empty. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | null | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}
