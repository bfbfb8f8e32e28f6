import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { networkWords } from '../config/system-words.ts';

interface PostOptions {
  readonly url: string;
  readonly token: string;
  /** Repeats after the first attempt, for answers that may change: 408, 429, 5xx, no connection. */
  readonly retries: number;
  /** Connections at a time. */
  readonly concurrency: number;
}

export interface PostResult {
  /** Null when no answer came. */
  readonly status: number | null;
  /** The parsed answer, or what happened instead. */
  readonly body: unknown;
  readonly attempts: number;
  readonly durationMs: number;
}

/** First and longest pause between attempts, in milliseconds. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Longer than any event may take in the connector, in milliseconds. */
const PATIENCE_MS = 120_000;

/** What to look at when no answer comes. */
const IS_IT_THERE = 'does a connector run there, and is --url right?';

/** Posts events as NSPS does: bearer token, both trace headers, the same event again until it is taken. */
export class Poster {
  readonly #options: PostOptions;
  readonly #agent: Agent;

  constructor(options: PostOptions) {
    this.#options = options;
    this.#agent = new Agent({
      connections: options.concurrency,
      headersTimeout: PATIENCE_MS,
      bodyTimeout: PATIENCE_MS,
    });
  }

  async post(json: string): Promise<PostResult> {
    const headers = {
      authorization: `Bearer ${this.#options.token}`,
      'content-type': 'application/json',
      'x-b3-traceid': randomBytes(8).toString('hex'),
      'x-request-id': randomUUID(),
    };
    const started = performance.now();
    for (let attempt = 1; ; attempt++) {
      const { status, body, retryAfter } = await this.#once(json, headers);
      const passing = status === null || status === 408 || status === 429 || status >= 500;
      if (!passing || attempt > this.#options.retries) {
        return { status, body, attempts: attempt, durationMs: performance.now() - started };
      }
      const backoff = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
      await delay(Math.min(LONGEST_PAUSE_MS, retryAfter ?? backoff));
    }
  }

  async #once(json: string, headers: Record<string, string>) {
    try {
      const { origin, pathname, search } = new URL(this.#options.url);
      const request = { origin, path: pathname + search, method: 'POST' as const, headers, body: json };
      const answer = await this.#agent.request(request);
      const text = await answer.body.text();
      const seconds = Number(answer.headers['retry-after'] ?? Number.NaN);
      const retryAfter = Number.isFinite(seconds) ? seconds * 1000 : null;
      return { status: answer.statusCode, body: parseOrKeep(text), retryAfter };
    } catch (error) {
      return { status: null, body: `${networkWords(error)}; ${IS_IT_THERE}`, retryAfter: null };
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}

function parseOrKeep(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
