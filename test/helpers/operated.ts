import type { Extras } from '../../src/app-operators.ts';
import { startApp } from './app.ts';
import { CoreStub, type StubAnswer, succeed } from './core-stub.ts';
import { type Answer, post } from './nsps.ts';

export const ADMIN_TOKEN = 'token-of-the-admin-13579';
export const CONSOLE_TOKEN = 'token-of-the-console-24680';

interface Ask {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** A connector with the admin API and the console, and a core; asked with the admin token unless told otherwise. */
export class Operated implements AsyncDisposable {
  readonly core: CoreStub;
  readonly app: Awaited<ReturnType<typeof startApp>>;

  private constructor(core: CoreStub, app: Awaited<ReturnType<typeof startApp>>) {
    this.core = core;
    this.app = app;
  }

  static async start(env: Record<string, string> = {}, extras: Extras = {}, answer: StubAnswer = succeed) {
    const core = await CoreStub.start(answer);
    const app = await startApp(core.url, { ADMIN_TOKEN, CONSOLE_TOKEN, ...env }, extras);
    return new Operated(core, app);
  }

  get url(): string {
    return this.app.url;
  }

  async post(...events: readonly unknown[]): Promise<number[]> {
    const statuses: number[] = [];
    for (const event of events) statuses.push((await post(this.app.eventUrl, event)).status);
    return statuses;
  }

  fetch(path: string, { method, body, headers = {} }: Ask = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  /** Asks, and reads the answer: JSON, or the lines of one that is told while the work goes on. */
  async ask(path: string, ask: Ask = {}): Promise<Answer> {
    const response = await this.fetch(path, ask);
    const text = await response.text();
    const lines = response.headers.get('content-type')?.includes('ndjson');
    const body = lines
      ? text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line))
      : readable(text);
    return { status: response.status, headers: response.headers, body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.stop();
    await this.core.stop();
  }
}

function readable(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a page of the console sends with everything that changes something. */
export const FROM_CONSOLE = { 'x-console': '1', 'sec-fetch-site': 'same-origin' } as const;

/** A browser: keeps the cookie, and shows no token. */
export class Browser {
  readonly #site: Operated;
  cookie = '';

  constructor(site: Operated) {
    this.#site = site;
  }

  async fetch(path: string, { method, body, headers = {} }: Ask = {}): Promise<Response> {
    const response = await fetch(`${this.#site.url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(this.cookie && { cookie: this.cookie }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) this.cookie = set.split(';', 1)[0] as string;
    return response;
  }

  signIn(token: string = CONSOLE_TOKEN, headers: Record<string, string> = FROM_CONSOLE): Promise<Response> {
    return this.fetch('/console/session', { body: { token }, headers });
  }
}
