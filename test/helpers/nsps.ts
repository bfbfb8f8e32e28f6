import { TOKEN } from './program.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
  readonly body: any;
}

/** Posts an event as NSPS does; strings and bytes are sent as they are. */
export async function post(url: string, event: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const raw = typeof event === 'string' || event instanceof Uint8Array;
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    body: (raw ? event : JSON.stringify(event)) as string | Uint8Array<ArrayBuffer>,
  });
  return answerOf(response);
}

export async function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return answerOf(await fetch(url, { method, headers }));
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}
