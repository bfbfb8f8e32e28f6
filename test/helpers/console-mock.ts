import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as readJson } from 'node:stream/consumers';
import type { EventSummary, Overview, Progress, SubscriberView } from '../../src/contract/admin.ts';
import { type Answer, checkBuilt, Lines, Refusal, sendAnswer, sendFile } from './console-answers.ts';
import * as data from './console-data.ts';
import * as numbers from './console-numbers.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const COOKIE = 'console=1';
const PAGE = 50;

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Handler = (match: RegExpMatchArray, query: URLSearchParams, seen: Seen) => Answer;

/** Serves the built console on loopback and answers it as the admin API would, with data that change as they are asked to. */
export class ConsoleMock {
  readonly token = 'console-token-of-the-tests';
  /** Everything that was asked, in its order. */
  readonly seen: Seen[] = [];
  overview: Partial<Overview> = {};
  readonly subscribers = data.subscribers();
  readonly journal = data.events(140);
  groups: { why: string; count: number }[] = data.REASONS.map((group) => ({ ...group }));
  #signedIn = false;
  #streaming = true;
  readonly #streams = new Set<ServerResponse>();
  readonly #server: Server;
  readonly #clock: NodeJS.Timeout;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#clock = setInterval(() => this.#speak(), 1_000);
  }

  static async start(port = 0): Promise<ConsoleMock> {
    checkBuilt();
    const mock = new ConsoleMock();
    await new Promise<void>((resolve) => mock.#server.listen(port, '127.0.0.1', resolve));
    return mock;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was sent to a path, in its order. */
  sent(method: string, path: string): Seen[] {
    return this.seen.filter((one) => one.method === method && one.path === path);
  }

  /** The stream breaks, and cannot be had again until it is mended. */
  cutStream(): void {
    this.#streaming = false;
    for (const stream of this.#streams) stream.destroy();
  }

  mendStream(): void {
    this.#streaming = true;
  }

  /** Every session ends, as with a new start of the connector. */
  endSessions(): void {
    this.#signedIn = false;
    for (const stream of this.#streams) stream.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#clock);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const method = request.method ?? 'GET';
    response.setHeader('content-security-policy', POLICY);
    if (method === 'GET' && pathname.startsWith('/console') && pathname !== '/console/session')
      return sendFile(pathname, response);
    const body = method === 'GET' ? null : await readJson(request).catch(() => null);
    const seen = { method, path: pathname, body };
    this.seen.push(seen);
    if (method !== 'GET' && request.headers['x-console'] !== '1')
      return sendAnswer(response, new Refusal(403, 'Forbidden', 'x-console is missing'));
    if (pathname === '/console/session') return this.#session(method, body, response);
    if (!this.#signedIn || !request.headers.cookie?.includes(COOKIE)) {
      return sendAnswer(response, new Refusal(401, 'Not signed in', 'The session has ended', 'AUTHENTICATION_ERROR'));
    }
    if (pathname === '/admin/v1/overview/stream') return this.#stream(response);
    sendAnswer(response, this.#answer(seen, searchParams));
  }

  #session(method: string, body: unknown, response: ServerResponse): void {
    if (method === 'POST') {
      if ((body as { token?: string } | null)?.token !== this.token) {
        sendAnswer(
          response,
          new Refusal(401, 'Sign-in refused', 'This is not the token of the console', 'AUTHENTICATION_ERROR'),
        );
        return;
      }
      response.setHeader('set-cookie', `${COOKIE}; HttpOnly; SameSite=Strict; Path=/`);
    }
    if (method !== 'GET') this.#signedIn = method === 'POST';
    sendAnswer(response, { signedIn: this.#signedIn, since: data.ago(60_000), expires: data.ago(-3_600_000) });
  }

  #stream(response: ServerResponse): void {
    if (!this.#streaming) return void response.destroy();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
    this.#speak();
  }

  #speak(): void {
    for (const stream of this.#streams) stream.write(`event: overview\ndata: ${JSON.stringify(this.#overview())}\n\n`);
  }

  #overview(): Overview {
    const dead = this.groups.reduce((sum, { count }) => sum + count, 0);
    return numbers.overview({ backlog: { waiting: 128, oldestMs: 74_000, dead }, ...this.overview });
  }

  #answer(seen: Seen, query: URLSearchParams): Answer {
    for (const [method, pattern, handler] of this.#routes) {
      const match = method === seen.method ? seen.path.match(pattern) : null;
      if (match) return handler(match, query, seen);
    }
    return new Refusal(404, 'Resource not found', 'Not found');
  }

  readonly #routes: readonly (readonly [string, RegExp, Handler])[] = [
    ['GET', /^\/admin\/v1\/overview$/, () => this.#overview()],
    ['GET', /^\/admin\/v1\/series$/, (_, query) => numbers.series(query.get('range') === 'day' ? 'day' : 'hour')],
    ['GET', /^\/admin\/v1\/subscribers$/, (_, query) => this.#search(query.get('search') ?? '')],
    ['GET', /^\/admin\/v1\/subscribers\/(\d+)$/, ([, imsi = '']) => this.#look(imsi)],
    ['GET', /^\/admin\/v1\/subscribers\/(\d+)\/resync$/, ([, imsi = '']) => this.#preview(imsi)],
    ['POST', /^\/admin\/v1\/subscribers\/(\d+)\/resync$/, ([, imsi = '']) => this.#resync(imsi)],
    ['GET', /^\/admin\/v1\/events$/, (_, query) => this.#page(query)],
    ['GET', /^\/admin\/v1\/events\/([^/]+)$/, ([, id = '']) => this.#story(decodeURIComponent(id))],
    ['GET', /^\/admin\/v1\/events\/[^/]+\/replay$/, () => this.#preview(data.IMSIS.inStep)],
    ['POST', /^\/admin\/v1\/events\/[^/]+\/replay$/, () => this.#resync(data.IMSIS.inStep)],
    ['GET', /^\/admin\/v1\/dead-letters$/, () => this.#deadGroups()],
    ['GET', /^\/admin\/v1\/dead-letters\/list$/, (_, query) => this.#letters(query)],
    ['POST', /^\/admin\/v1\/dead-letters\/replay$/, (_, __, { body }) => this.#empty(body as { why?: string })],
    [
      'POST',
      /^\/admin\/v1\/dead-letters\/discard$/,
      (_, __, { body }) => this.#empty((body as { chosen: { why?: string } }).chosen),
    ],
    ['POST', /^\/admin\/v1\/explain$/, (_, __, { body }) => explain(body)],
    ['GET', /^\/admin\/v1\/audit$/, () => ({ entries: data.audit(), next: null })],
    ['GET', /^\/admin\/v1\/simulator\/subscribers$/, () => this.#simulated()],
  ];

  #search(text: string): Answer {
    if (this.subscribers.has(text)) return { matches: [{ imsi: text, by: 'imsi', value: text, current: true }] };
    if (text !== '380661310764') return { matches: [] };
    const match = (imsi: string, current: boolean) => ({ imsi, by: 'msisdn', value: text, current });
    return { matches: [match(data.IMSIS.inStep, true), match(data.IMSIS.waiting, false)] };
  }

  /** Whoever is on the way has arrived when he is looked at the next time. */
  #look(imsi: string): Answer {
    const found =
      this.subscribers.get(imsi) ?? data.view(imsi, { names: { msisdn: null, account: null, iccid: null } });
    if (this.#onTheWay.delete(imsi)) this.subscribers.set(imsi, arrived(found));
    return found;
  }

  readonly #onTheWay = new Set<string>();

  #preview(imsi: string): Answer {
    const found = this.subscribers.get(imsi);
    if (!found) return { requests: [], why: 'nothing is known of the subscriber' };
    return { requests: data.requestFor(found), why: null };
  }

  #resync(imsi: string): Answer {
    const found = this.subscribers.get(imsi);
    if (!found) return { asked: 0, skipped: 1, why: 'nothing is known of the subscriber' };
    this.subscribers.set(imsi, {
      ...found,
      verdict: 'waiting',
      dead: null,
      desired: found.desired ?? found.applied,
      dueAt: data.ago(0),
    });
    this.#onTheWay.add(imsi);
    return { asked: 1, skipped: 0, why: null };
  }

  #page(query: URLSearchParams): Answer {
    const limit = Number(query.get('limit') ?? PAGE);
    const before = Number(query.get('before') ?? Number.POSITIVE_INFINITY);
    const rows = this.journal.filter(({ seq }) => seq < before);
    const looked = rows.slice(0, query.has('text') ? limit * 2 : rows.length);
    const hits = looked.filter((event) => isLookedFor(event, query));
    const events = hits.slice(0, limit);
    const last = events.length === limit ? events.at(-1) : looked.at(-1);
    const next = last === undefined || last.seq <= 1 ? null : last.seq;
    return { events, next, reachedAt: last?.receivedAt ?? null };
  }

  #story(id: string): Answer {
    const summary = this.journal.find(({ eventId }) => eventId === id);
    return summary
      ? data.story(summary)
      : new Refusal(404, 'Resource not found', `There is no event ${id} in the journal`);
  }

  #deadGroups(): Answer {
    const groups = this.groups.map((group) => ({ ...group, oldest: data.ago(5_700_000), newest: data.ago(600_000) }));
    return { total: groups.reduce((sum, { count }) => sum + count, 0), groups };
  }

  #letters(query: URLSearchParams): Answer {
    const group = this.groups.find(({ why }) => why === query.get('why'));
    return { letters: group ? data.letters(group.why, group.count) : [], next: null };
  }

  #empty(chosen: { why?: string; letters?: unknown[] }): Lines {
    const affected = this.groups.filter(({ why }) => chosen.why === undefined || chosen.why === why);
    const total = chosen.letters?.length ?? affected.reduce((sum, { count }) => sum + count, 0);
    if (chosen.letters === undefined) this.groups = this.groups.filter((group) => !affected.includes(group));
    const lines: Progress[] = [0, Math.floor(total / 2), total].map((done) => ({
      total,
      done,
      skipped: 0,
      results: [],
      ended: false,
    }));
    return new Lines([...lines, { total, done: total, skipped: 0, ended: true, results: [] }]);
  }

  #simulated(): Answer {
    const applied = [...this.subscribers.values()]
      .map((one) => one.applied?.state)
      .filter((state) => state !== undefined);
    return {
      subscribers: applied.map(({ msisdn, ...state }) => ({ ...state, msisdn: msisdn === null ? [] : [msisdn] })),
    };
  }
}

function isLookedFor(event: EventSummary, query: URLSearchParams): boolean {
  const { state, type, imsi, eventId, receivedAt } = event;
  const wanted = (name: string, value: string | null) => !query.has(name) || query.get(name) === value;
  const within = receivedAt >= (query.get('from') ?? '') && receivedAt < (query.get('until') ?? '9');
  return (
    wanted('state', state) &&
    wanted('type', type) &&
    wanted('imsi', imsi) &&
    within &&
    eventId.includes(query.get('text') ?? '')
  );
}

function arrived(found: SubscriberView): SubscriberView {
  const none = {
    untaken: null,
    desired: null,
    dueAt: null,
    waitingSince: null,
    unsettledUntil: null,
    attempts: 0,
    dead: null,
    lastFailure: null,
    after: [],
  };
  return { ...found, ...none, verdict: 'in step', applied: found.desired ?? found.applied };
}

function explain(body: unknown): Answer {
  if (body === null || typeof body !== 'object') return new Refusal(422, 'Validation failed', 'The body is not JSON');
  const event = body as { pb_data?: { account_info?: { bill_status?: string } } };
  return event.pb_data?.account_info?.bill_status === undefined ? data.REJECTION : data.explanation();
}
