import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { AcceptQueue } from './accept-queue.ts';
import { Exchange } from './exchange.ts';
import { faultRoutes } from './fault-routes.ts';
import { FaultPlan, type Faults, type Manner } from './faults.ts';
import { type ProvAnswer, SubscriberTable } from './subscribers.ts';

export const BASE_PATH = '/wtl/hlr/v1';

export interface CoreSimulatorOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bearer token to insist on; any is taken when absent. */
  readonly token?: string;
  readonly knownOnly?: boolean;
  /** Refuse a number that somebody else has; true when absent. */
  readonly oneOwner?: boolean;
  readonly faults?: Faults;
  /** From 0 (inclusive) to 1; decides about the faults. */
  readonly random?: () => number;
  readonly watcher?: CoreWatcher;
}

/** Hears what happens to provisioning requests. */
export interface CoreWatcher {
  /** Somebody came without the token that is insisted on. @param why in words. */
  refused?(why: string): void;
  arrived?(exchange: Exchange): void;
  /** It met others of the same subscriber that were still in flight. */
  overlapped?(exchange: Exchange, met: readonly Exchange[]): void;
  /** The core has what was asked for (to delete nobody is done, too); its caller may have gone long before. */
  applied?(exchange: Exchange): void;
  /** The core is done with it. @param outcome `applied`, the core's words, or the fault. */
  treated?(exchange: Exchange, outcome: string): void;
}

/** A stand-in for the WTL HLR/HSS: remembers subscribers, enforces its rules, and fails on request. */
export class CoreSimulator {
  readonly #options: CoreSimulatorOptions;
  readonly #table: SubscriberTable;
  readonly #http: FastifyInstance;
  readonly #random: () => number;
  readonly #stopping = new AbortController();
  readonly #acceptQueue = new AcceptQueue();
  readonly #inFlight = new Map<string, Set<Exchange>>();
  #plan: FaultPlan;
  #calls = 0;
  #overlaps = 0;
  #pending = 0;

  constructor(options: CoreSimulatorOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#table = new SubscriberTable({ knownOnly: options.knownOnly ?? false, oneOwner: options.oneOwner ?? true });
    this.#plan = new FaultPlan(options.faults ?? {}, this.#random);
    this.#http = this.#build();
  }

  get subscribers(): SubscriberTable {
    return this.#table;
  }

  /** Provisioning requests taken, and how many met another one of the same subscriber (which the connector must not do). */
  get stats(): { calls: number; overlaps: number } {
    return { calls: this.#calls, overlaps: this.#overlaps };
  }

  /** Requests that arrived and may still be applied, whether anybody waits for them or not. */
  get pending(): number {
    return this.#pending;
  }

  get faults(): Faults {
    return this.#plan.faults;
  }

  setFaults(faults: Faults): void {
    this.#plan = new FaultPlan(faults, this.#random);
  }

  /** @returns the base URL of its API. */
  async start(): Promise<string> {
    const host = this.#options.host ?? '127.0.0.1';
    await this.#http.listen({ host, port: this.#options.port });
    const { port } = this.#http.server.address() as AddressInfo;
    return `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}${BASE_PATH}`;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#http.close();
  }

  #build(): FastifyInstance {
    const app = fastify({ logger: false, forceCloseConnections: true });
    app.server.on('connection', (socket) => this.#acceptQueue.accepted(socket));
    app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
      reply.code(error.statusCode ?? 500).send({ result: false, error: error.message }),
    );
    app.setNotFoundHandler((_request, reply) => reply.code(404).send({ result: false, error: 'No such resource' }));
    app.post(`${BASE_PATH}/prov`, (request, reply) => this.#provision(request, reply));
    for (const base of ['', BASE_PATH]) {
      app.get(`${base}/subscribers`, () => this.#table.all());
      app.get<{ Params: { imsi: string } }>(`${base}/subscribers/:imsi`, ({ params }, reply) => {
        return this.#table.get(params.imsi) ?? reply.code(404).send({ error: `Subscriber ${params.imsi} not found` });
      });
    }
    app.get('/stats', () => this.stats);
    faultRoutes(app, this);
    return app;
  }

  async #provision(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { token } = this.#options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      const sent =
        request.headers.authorization === undefined ? 'no bearer token' : 'another token than is insisted on';
      this.#options.watcher?.refused?.(`${sent} came; --token, or WTL_API_TOKEN, says which`);
      return reply.code(401).send({ result: false, error: 'Invalid API token' });
    }
    const exchange = new Exchange(request, this.#acceptQueue.sentSince(request.raw.socket));
    this.#calls++;
    this.#enter(exchange);
    this.#options.watcher?.arrived?.(exchange);
    this.#pending++;
    try {
      await this.#treat(exchange, reply);
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    } finally {
      this.#pending--;
    }
    return reply;
  }

  #enter(exchange: Exchange): void {
    const { imsi } = exchange;
    const all = this.#inFlight.get(imsi) ?? new Set();
    this.#inFlight.set(imsi, all.add(exchange));
    void exchange.over.then(() => {
      all.delete(exchange);
      if (all.size === 0) this.#inFlight.delete(imsi);
    });
    const met = [...all].filter((other) => other !== exchange && other.end === null);
    if (met.length === 0) return;
    // A caller who hangs up and calls again at once: both may be heard in the same turn, in either order; and where the first
    // call is heard in it, too, that its caller hung up is read with the next one only.
    setImmediate(() => setImmediate(() => this.#judge(exchange, met)));
  }

  #judge(exchange: Exchange, met: readonly Exchange[]): void {
    const still = met.filter(({ end }) => end !== 'abandoned');
    if (still.length === 0) return;
    this.#overlaps++;
    this.#options.watcher?.overlapped?.(exchange, still);
  }

  async #treat(exchange: Exchange, reply: FastifyReply): Promise<void> {
    const fault = this.#plan.next();
    await this.#pause(this.#plan.latency());
    if (fault === 'late') {
      reply.hijack();
      await this.#applyLate(exchange, this.#plan.lateMs);
    } else if (fault !== null) {
      this.#fail(fault, exchange, reply);
    } else {
      const { status, body } = this.#apply(exchange);
      this.#options.watcher?.treated?.(exchange, body.error ?? 'applied');
      exchange.close('answered');
      reply.code(status).send(body);
    }
  }

  /** Waits until the caller has given up, and some more; never longer than `lateMs` after the arrival. */
  async #applyLate(exchange: Exchange, lateMs: number): Promise<void> {
    const left = () => Math.max(0, exchange.arrivedAt + lateMs - performance.now());
    await Promise.race([exchange.over, this.#pause(left())]);
    await this.#pause(this.#random() * left());
    this.#apply(exchange);
    this.#options.watcher?.treated?.(exchange, 'fault: late');
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds > 0) await delay(milliseconds, undefined, { signal: this.#stopping.signal });
  }

  #apply(exchange: Exchange): ProvAnswer {
    const answer = this.#table.provision(exchange.request);
    if (answer.body.result || isDeletedAlready(exchange.request, answer)) this.#options.watcher?.applied?.(exchange);
    return answer;
  }

  #fail(fault: Exclude<Manner, 'late'>, exchange: Exchange, reply: FastifyReply): void {
    if (fault === 'cut' || fault === 'applied-500') this.#apply(exchange);
    this.#options.watcher?.treated?.(exchange, `fault: ${fault}`);
    if (fault === 'hang') {
      reply.hijack();
      return;
    }
    exchange.close('answered');
    const status = fault === 'applied-500' ? 500 : fault;
    if (typeof status === 'number') {
      const { retry_after } = this.#plan.faults;
      if (retry_after !== undefined) reply.header('retry-after', String(retry_after));
      reply.code(status).send({ result: false, error: `Simulated fault ${status}` });
    } else if (status === 'garbage') {
      reply.header('content-type', 'text/html').send('<html>Simulated garbage</html>');
    } else {
      reply.hijack();
      reply.raw.socket?.destroy();
    }
  }
}

/** Contract §4: "not there" is as good as done. */
function isDeletedAlready(request: unknown, { status }: ProvAnswer): boolean {
  return status === 404 && (request as { action?: unknown } | null)?.action === 'delete';
}
