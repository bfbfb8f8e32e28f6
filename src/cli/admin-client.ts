import type { Static, TSchema } from 'typebox';
import { Client, type Dispatcher } from 'undici';
import { networkWords } from '../config/system-words.ts';
import { type Progress, progressSchema } from '../contract/admin.ts';
import { readBody } from '../contract/admin-bodies.ts';
import { ERRORS } from '../contract/answers.ts';
import { EXIT, PlainError } from './command.ts';
import { printable } from './wording.ts';

/** How long a connection, an answer, and the next part of an answer may take, in milliseconds. */
const LONGEST_MS = 30_000;

/** Words of a server that are repeated, at most so many characters. */
const MOST_WORDS = 500;

type Answer = Dispatcher.ResponseData;

/**
 * Asks the admin API of a running connector. Whatever goes wrong is a PlainError (69) that says what to do; redirects are
 * not followed, so that the token gets to nobody else.
 */
export class AdminClient {
  readonly #base: URL;
  readonly #token: string;
  readonly #client: Client;

  /** @param base where the connector is: `http://127.0.0.1:8000`, perhaps with the folder a proxy has it in. */
  constructor(base: URL, token: string, longestMs = LONGEST_MS) {
    this.#base = base;
    this.#token = token;
    this.#client = new Client(base.origin, {
      connect: { timeout: longestMs },
      headersTimeout: longestMs,
      bodyTimeout: longestMs,
    });
  }

  /**
   * Reads what a path of `/admin/v1` answers.
   * @param query parameters; those that are undefined are left out.
   * @returns null when there is no such event or subscriber.
   */
  async get<S extends TSchema>(schema: S, path: string, query: Query = {}): Promise<Static<S> | null> {
    return await this.#read(schema, await this.#ask('GET', path + queryText(query)));
  }

  /** Has something done. @returns null when there is no such event or subscriber. */
  async post<S extends TSchema>(schema: S, path: string): Promise<Static<S> | null> {
    return await this.#read(schema, await this.#ask('POST', path));
  }

  /** Has long work done, and tells how far it got. @throws PlainError also when it ends before its end. */
  async *work(path: string, body: unknown): AsyncGenerator<Progress> {
    const answer = await this.#ask('POST', path, JSON.stringify(body));
    if (answer.statusCode !== 200) throw await this.#failure(answer);
    let last: Progress = { total: 0, done: 0, skipped: 0, ended: false, results: [] };
    for await (const line of this.#lines(answer)) {
      const read = readBody(progressSchema, Buffer.from(line));
      if (!read.ok) throw this.#strange();
      last = read.value;
      yield last;
    }
    if (last.ended) return;
    const dealt = last.done + last.skipped;
    throw this.#plain(`ended the work early: ${dealt} of ${last.total} were dealt with; ask again for the rest`);
  }

  /** Ends whatever is under way. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: string): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const whole = `${this.#base.pathname.replace(/\/+$/, '')}/admin/v1${path}`;
    try {
      return await this.#client.request({ method, path: whole, headers, ...(body !== undefined && { body }) });
    } catch (error) {
      throw unavailable(
        `cannot reach the connector at ${this.#base.href}: ${networkWords(error)}; does it run there, and is --url right?`,
      );
    }
  }

  async #read<S extends TSchema>(schema: S, answer: Answer): Promise<Static<S> | null> {
    if (answer.statusCode !== 200) {
      const failure = await this.#failure(answer);
      if (failure instanceof NoSuchThing) return null;
      throw failure;
    }
    const read = readBody(schema, Buffer.from(await this.#text(answer)));
    if (!read.ok) throw this.#strange();
    return read.value;
  }

  async *#lines({ body }: Answer): AsyncGenerator<string> {
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) {
        const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        yield* lines.filter((line) => line !== '');
      }
    } catch {
      // The work ended early: whoever reads the lines misses the last one, and tells how far it got.
    }
  }

  async #text({ body }: Answer): Promise<string> {
    try {
      return await body.text();
    } catch (error) {
      throw this.#plain(`broke off its answer: ${networkWords(error)}`);
    }
  }

  async #failure(answer: Answer): Promise<PlainError> {
    const { statusCode: status, headers } = answer;
    const { message, error } = saidIn(await this.#text(answer));
    const words = error === '' ? '' : `: ${error}`;
    const wait =
      headers['retry-after'] === undefined ? '' : `; try again after ${printable(String(headers['retry-after']))} s`;
    const missing = message === ERRORS.unknown_resource.message && error !== ERRORS.not_found.error;
    if (status === 404 && missing) return new NoSuchThing(error, EXIT.unavailable);
    if (status >= 300 && status < 400) {
      const to = printable(String(headers['location'] ?? 'nowhere'));
      return this.#plain(
        `redirects to ${to} (${status}), which is not followed: give --url the connector's own address`,
      );
    }
    return this.#plain(`${MEANINGS[status] ?? 'answered an error'} (${status})${words}${wait}`);
  }

  #strange(): PlainError {
    return this.#plain(
      'answers what the admin API of this version does not: is --url a connector, and of this version?',
    );
  }

  #plain(what: string): PlainError {
    return unavailable(`${this.#base.href} ${what}`);
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** There is no such event or subscriber: what is looked for, not the way to it, is wrong. */
class NoSuchThing extends PlainError {}

const MEANINGS: Readonly<Record<number, string>> = {
  401: 'refuses ADMIN_TOKEN: set it to the ADMIN_TOKEN of that connector, which must have one',
  404: 'has no admin API: set ADMIN_TOKEN on the connector, and give --url the address without /admin',
  422: 'does not take what was asked',
  429: 'is asked too often',
};

function unavailable(text: string): PlainError {
  return new PlainError(text, EXIT.unavailable);
}

function queryText(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

/** What a failure answer says; empty where it says nothing in our form. */
function saidIn(text: string): { message: string; error: string } {
  try {
    const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown };
    return { message: wordsOf(message), error: wordsOf(error) };
  } catch {
    return { message: '', error: '' };
  }
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' ? printable(value.slice(0, MOST_WORDS)) : '';
}
