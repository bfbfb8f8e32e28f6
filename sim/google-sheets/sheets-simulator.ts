import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { faultRoutes } from '../fault-routes.ts';
import { FaultPlan, type Faults, type Manner } from '../faults.ts';
import {
  type Answer,
  FORBIDDEN,
  failure,
  quotaWords,
  readAnswer,
  send,
  UNAUTHENTICATED,
  type Wish,
  wishOf,
} from './api.ts';
import { CellError400, Grid, parseRange, RangeError400 } from './grid.ts';
import { Quota } from './quota.ts';
import { TokenDesk } from './tokens.ts';

export interface SheetsSimulatorOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly spreadsheetId?: string;
  readonly sheet?: string;
  /** Reads and writes in a minute, of each. */
  readonly perMinute?: number;
  /** How long a token is good for, in seconds. */
  readonly tokenLifeS?: number;
  /** A key file of an earlier run. */
  readonly keyFile?: string;
  readonly faults?: Faults;
  /** From 0 (inclusive) to 1; decides about the faults. */
  readonly random?: () => number;
  /** Hears of every call of the API and how it was answered. */
  readonly heard?: (what: string) => void;
}

const BASE = '/v4/spreadsheets/';

/** A stand-in for Google Sheets: one spreadsheet, its token endpoint, its quota, and faults on request. */
export class SheetsSimulator {
  readonly spreadsheetId: string;
  readonly grid: Grid;
  readonly tokens: TokenDesk;
  /** What the spreadsheet is shared for with the account. */
  access: 'editor' | 'reader' | 'none' = 'editor';
  readonly #options: SheetsSimulatorOptions;
  readonly #http: FastifyInstance;
  readonly #random: () => number;
  readonly #stopping = new AbortController();
  readonly #writes: Quota;
  readonly #reads: Quota;
  #plan: FaultPlan;
  #calls = 0;
  #late = 0;
  #origin = '';

  constructor(options: SheetsSimulatorOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.spreadsheetId = options.spreadsheetId ?? 'emulated-spreadsheet';
    this.grid = new Grid(options.sheet ?? 'Sheet1');
    this.tokens = new TokenDesk(options.tokenLifeS ?? 3_600, options.keyFile);
    this.#writes = new Quota(options.perMinute ?? 60);
    this.#reads = new Quota(options.perMinute ?? 60);
    this.#plan = new FaultPlan(options.faults ?? {}, this.#random);
    this.#http = this.#build();
  }

  /** Calls of the API, the most writes that ever came within a minute, and those that may still be applied late. */
  get stats() {
    return { calls: this.#calls, writes_in_busiest_minute: this.#writes.busiest, late: this.#late };
  }

  get tokenUri(): string {
    return `${this.#origin}/token`;
  }

  /** The key of the account that the spreadsheet is shared with. */
  get key(): object {
    return this.tokens.keyFile(this.tokenUri);
  }

  get faults(): Faults {
    return this.#plan.faults;
  }

  setFaults(faults: Faults): void {
    this.#plan = new FaultPlan(faults, this.#random);
  }

  /** @returns its address. */
  async start(): Promise<string> {
    const host = this.#options.host ?? '127.0.0.1';
    await this.#http.listen({ host, port: this.#options.port });
    const { port } = this.#http.server.address() as AddressInfo;
    this.#origin = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
    return this.#origin;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#http.close();
  }

  #build(): FastifyInstance {
    const app = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 10 * 1024 * 1024 });
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
      send(reply, failure(error.statusCode ?? 500, error.message)),
    );
    app.post('/token', (request, reply) => {
      reply.header('date', new Date(this.tokens.now()).toUTCString());
      return send(reply, this.tokens.exchange(String(request.body), this.tokenUri));
    });
    for (const method of ['GET', 'POST', 'PUT'] as const) {
      app.route({ method, url: `${BASE}*`, handler: (request, reply) => this.#serve(request, reply) });
    }
    app.get('/rows', () => this.grid.rows);
    app.get('/stats', () => this.stats);
    faultRoutes(app, this);
    return app;
  }

  async #serve(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    this.#calls++;
    const wish = wishOf(request);
    const writes = wish?.what === 'append' || wish?.what === 'update';
    // Counted before anything else can be wrong with it.
    const allowed = (writes ? this.#writes : this.#reads).take();
    const fault = wish ? this.#plan.next() : null;
    try {
      await this.#pause(this.#plan.latency());
      if (fault === null) this.#answer(reply, request, this.#judge(request, wish, allowed, writes));
      else await this.#fail(fault, reply, request, () => this.#judge(request, wish, allowed, writes));
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
    return reply;
  }

  #answer(reply: FastifyReply, request: FastifyRequest, answer: Answer): void {
    this.#options.heard?.(`${request.method} ${decodeURIComponent(request.url)} → ${answer.status}`);
    send(reply, answer);
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#stopping.signal });
  }

  #judge(request: FastifyRequest, wish: Wish | null, allowed: boolean, writes: boolean): Answer {
    if (!this.tokens.accepts(request.headers.authorization)) return failure(401, UNAUTHENTICATED);
    if (!allowed) return failure(429, quotaWords(writes ? 'Write' : 'Read'));
    if (!wish || wish.id !== this.spreadsheetId) return failure(404, 'Requested entity was not found.');
    if (this.access === 'none' || (writes && this.access === 'reader')) return failure(403, FORBIDDEN);
    try {
      return { status: 200, body: this.#carryOut(wish, request) };
    } catch (error) {
      if (error instanceof RangeError400 || error instanceof CellError400) return failure(400, error.message);
      throw error;
    }
  }

  #carryOut({ what, range: text }: Wish, request: FastifyRequest): object {
    if (what === 'spreadsheet') return this.#description();
    const range = parseRange(text);
    if (range.sheet !== this.grid.name) throw new RangeError400(`Unable to parse range: ${text}`);
    const query = request.query as Record<string, string | undefined>;
    if (what === 'read') return readAnswer(this.grid.read(range), text, query['majorDimension']);
    if (query['valueInputOption'] !== 'RAW')
      throw new RangeError400("'valueInputOption' is required but not specified");
    const values = (request.body as { values?: unknown[][] } | null)?.values ?? [];
    const { spreadsheetId } = this;
    if (what === 'update') return { spreadsheetId, updatedRange: this.grid.write(range, values) };
    const { updatedRange, rows, cells } = this.grid.append(range, values);
    return { spreadsheetId, updates: { spreadsheetId, updatedRange, updatedRows: rows, updatedCells: cells } };
  }

  #description(): object {
    const { spreadsheetId, grid } = this;
    const properties = { title: grid.name, gridProperties: { rowCount: grid.rowCount, columnCount: 26 } };
    return { spreadsheetId, sheets: [{ properties }] };
  }

  async #fail(manner: Manner, reply: FastifyReply, request: FastifyRequest, judge: () => Answer): Promise<void> {
    this.#options.heard?.(`${request.method} ${decodeURIComponent(request.url)} → fault: ${manner}`);
    if (manner === 'cut' || manner === 'applied-500') judge();
    if (manner === 'hang' || manner === 'late') reply.hijack();
    if (manner === 'hang') return;
    if (manner === 'late') return await this.#applyLate(judge);
    const status = manner === 'applied-500' ? 500 : manner;
    if (typeof status === 'number') {
      this.#failWith(status, reply);
    } else if (status === 'garbage') {
      reply.header('content-type', 'text/html').send('<html>Simulated garbage</html>');
    } else {
      reply.hijack();
      reply.raw.socket?.destroy();
    }
  }

  #failWith(status: number, reply: FastifyReply): void {
    const { retry_after } = this.#plan.faults;
    if (retry_after !== undefined) reply.header('retry-after', String(retry_after));
    if (status === 401) this.tokens.revoke();
    send(reply, failure(status, status === 429 ? quotaWords('Write') : `Simulated fault ${status}`));
  }

  /** When its caller may long have given up. */
  async #applyLate(judge: () => Answer): Promise<void> {
    this.#late++;
    try {
      await this.#pause(this.#random() * this.#plan.lateMs);
      judge();
    } finally {
      this.#late--;
    }
  }
}
