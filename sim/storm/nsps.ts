import { randomBytes } from 'node:crypto';
import { Agent } from 'undici';
import type { LifeEvent } from './life.ts';
import { pause } from './pause.ts';
import type { Random } from './random.ts';

/**
 * Delivers events as NSPS is documented to: in no certain order, anything but a 2xx again after 1 to 10 minutes, some
 * twice. It knows nothing of Retry-After: whether NSPS reads it is not documented.
 */

export interface NspsOptions {
  readonly events: readonly LifeEvent[];
  /** Where to post; asked for at every attempt, because a connector may come back at another address. */
  readonly urls: () => readonly string[];
  readonly token: string;
  readonly random: Random;
  /** What a minute of NSPS takes here: 0.001 makes 60 ms of it. */
  readonly timeScale: number;
  /** Hears of every event that NSPS is done with. */
  readonly onAcknowledged?: () => void;
}

/** Posts at a time. */
const CONCURRENCY = 64;

/** NSPS's own time-out is not documented; no connector may need so long. In milliseconds. */
const PATIENCE_MS = 10_000;

/** Time between two changes of one account, in minutes of NSPS. */
const STEP_MINUTES = 5;

/** Shares of events: on the way for long, acknowledged twice, and acknowledged in vain because the answer was lost. */
const STRAGGLERS = 0.1;
const DUPLICATES = 0.1;
const LOST_ANSWERS = 0.05;

export class Nsps {
  readonly #options: NspsOptions;
  readonly #random: Random;
  readonly #agent = new Agent({ connections: CONCURRENCY, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS });
  readonly #toldAt = new Map<string, number>();
  readonly #acknowledged = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #places = CONCURRENCY;
  #turn = 0;
  /** How often each kind of answer came: `202 processed`, `503 CONNECTION_ERROR`, `no answer ECONNREFUSED`. */
  readonly answers = new Map<string, number>();
  /** Of every post that was answered, in milliseconds. */
  readonly latencies: number[] = [];

  constructor(options: NspsOptions) {
    this.#options = options;
    this.#random = options.random;
  }

  /** Events that NSPS is done with. */
  get acknowledged(): ReadonlySet<string> {
    return this.#acknowledged;
  }

  /** When the event was answered for the first time, whatever the answer, on the clock of `performance.now()`. */
  toldAt(eventId: string): number | undefined {
    return this.#toldAt.get(eventId);
  }

  /** Delivers every event until it is acknowledged. @throws the signal's reason when it gives up before. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await Promise.all(this.#options.events.map((event) => this.#live(event, signal)));
    } finally {
      await this.#agent.destroy();
    }
  }

  async #live(event: LifeEvent, signal: AbortSignal): Promise<void> {
    const random = this.#random;
    const way = random.next() * STEP_MINUTES * (random.chance(STRAGGLERS) ? 8 : 1.5);
    await this.#minutes((event.change - 1) * STEP_MINUTES + way, signal);
    await this.#untilTaken(event, signal);
    if (random.chance(LOST_ANSWERS)) {
      await this.#minutes(random.whole(10, 40), signal);
      await this.#untilTaken(event, signal);
    }
    this.#acknowledged.add(event.id);
    this.#options.onAcknowledged?.();
    if (!random.chance(DUPLICATES)) return;
    await this.#minutes(random.next() * 10, signal);
    await this.#untilTaken(event, signal);
  }

  async #minutes(minutes: number, signal: AbortSignal): Promise<void> {
    await pause(minutes * 60_000 * this.#options.timeScale, signal);
  }

  async #untilTaken(event: LifeEvent, signal: AbortSignal): Promise<void> {
    while (!(await this.#inTurn(() => this.#post(event, signal))))
      await this.#minutes(this.#random.whole(1, 10), signal);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#places > 0) this.#places--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#places++;
    }
  }

  /** One delivery; when nobody listens at one address, at the next. @returns whether it was acknowledged. */
  async #post(event: LifeEvent, signal: AbortSignal): Promise<boolean> {
    const urls = this.#options.urls();
    const first = this.#turn++;
    for (let tried = 0; tried < urls.length; tried++) {
      const answer = await this.#once(urls[(first + tried) % urls.length] as string, event, signal);
      if (answer !== 'nobody there') return answer === 'taken';
    }
    return false;
  }

  async #once(url: string, event: LifeEvent, signal: AbortSignal): Promise<'taken' | 'not taken' | 'nobody there'> {
    const started = performance.now();
    try {
      const { origin, pathname, search } = new URL(url);
      const { statusCode, body } = await this.#agent.request({
        origin,
        path: pathname + search,
        method: 'POST',
        headers: this.#headers(),
        body: event.json,
        signal,
      });
      const text = await body.text();
      this.#told(event, started);
      this.#count(`${statusCode} ${wordOf(text)}`);
      return statusCode >= 200 && statusCode < 300 ? 'taken' : 'not taken';
    } catch (error) {
      signal.throwIfAborted();
      const code = codeOf(error as Error);
      this.#count(`no answer ${code}`);
      return code === 'ECONNREFUSED' ? 'nobody there' : 'not taken';
    }
  }

  #headers(): Record<string, string> {
    return {
      authorization: `Bearer ${this.#options.token}`,
      'content-type': 'application/json',
      'x-b3-traceid': randomBytes(8).toString('hex'),
      'x-request-id': crypto.randomUUID(),
    };
  }

  #told(event: LifeEvent, started: number): void {
    const now = performance.now();
    this.latencies.push(now - started);
    if (!this.#toldAt.has(event.id)) this.#toldAt.set(event.id, now);
  }

  #count(answer: string): void {
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }
}

/** What the connector calls its answer. */
function wordOf(text: string): string {
  try {
    const { outcome, type } = JSON.parse(text) as { outcome?: string; type?: string };
    return outcome ?? type ?? '';
  } catch {
    return 'not JSON';
  }
}

function codeOf(error: Error & { code?: string }): string {
  const first = error instanceof AggregateError ? (error.errors[0] as Error & { code?: string }) : error;
  return first.code ?? first.message;
}
