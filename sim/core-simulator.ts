import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { FaultPlan, type Faults, type Manner, readFaults } from './faults.ts';
import { SubscriberTable } from './subscribers.ts';

export const BASE_PATH = '/wtl/hlr/v1';

export interface CoreSimulatorOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bearer token to insist on; any is taken when absent. */
  readonly token?: string;
  readonly knownOnly?: boolean;
  readonly faults?: Faults;
  /** Hears of every provisioning request and its answer. */
  readonly onCall?: (call: { request: unknown; outcome: string }) => void;
}

/** A stand-in for the WTL HLR/HSS: remembers subscribers, enforces its rules, and fails on request. */
export class CoreSimulator {
  readonly #options: CoreSimulatorOptions;
  readonly #table: SubscriberTable;
  readonly #http: FastifyInstance;
  readonly #busy = new Map<string, number>();
  #plan: FaultPlan;
  #calls = 0;
  #overlaps = 0;

  constructor(options: CoreSimulatorOptions) {
    this.#options = options;
    this.#table = new SubscriberTable({ knownOnly: options.knownOnly ?? false });
    this.#plan = new FaultPlan(options.faults ?? {});
    this.#http = this.#build();
  }

  get subscribers(): SubscriberTable {
    return this.#table;
  }

  /** Provisioning requests taken, and how many met another one of the same subscriber (which the connector must not do). */
  get stats(): { calls: number; overlaps: number } {
    return { calls: this.#calls, overlaps: this.#overlaps };
  }

  setFaults(faults: Faults): void {
    this.#plan = new FaultPlan(faults);
  }

  /** @returns the base URL of its API. */
  async start(): Promise<string> {
    const host = this.#options.host ?? '127.0.0.1';
    await this.#http.listen({ host, port: this.#options.port });
    const { port } = this.#http.server.address() as AddressInfo;
    return `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}${BASE_PATH}`;
  }

  async stop(): Promise<void> {
    await this.#http.close();
  }

  #build(): FastifyInstance {
    const app = fastify({ logger: false, forceCloseConnections: true });
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
    app.get('/faults', () => this.#plan.faults);
    app.put('/faults', (request, reply) => this.#putFaults(request, reply));
    return app;
  }

  #putFaults(request: FastifyRequest, reply: FastifyReply) {
    try {
      this.setFaults(readFaults(request.body));
      return this.#plan.faults;
    } catch (error) {
      return reply.code(422).send({ error: (error as Error).message });
    }
  }

  async #provision(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { token } = this.#options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return reply.code(401).send({ result: false, error: 'Invalid API token' });
    }
    this.#calls++;
    const imsi = String((request.body as { imsi?: unknown } | null)?.imsi);
    if (this.#count(imsi, 1) > 1) this.#overlaps++;
    try {
      await this.#answer(request, reply);
    } finally {
      this.#count(imsi, -1);
    }
    return reply;
  }

  /** Requests under way for a subscriber, after counting one more or one less. */
  #count(imsi: string, change: 1 | -1): number {
    const count = (this.#busy.get(imsi) ?? 0) + change;
    if (count === 0) this.#busy.delete(imsi);
    else this.#busy.set(imsi, count);
    return count;
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const fault = this.#plan.next();
    const latency = this.#plan.latency();
    if (latency > 0) await delay(latency);
    if (fault !== null) {
      this.#fail(fault, request, reply);
      return;
    }
    const { status, body } = this.#table.provision(request.body);
    this.#options.onCall?.({ request: request.body, outcome: body.error ?? 'applied' });
    reply.code(status).send(body);
  }

  #fail(fault: Manner, request: FastifyRequest, reply: FastifyReply): void {
    if (fault === 'cut') this.#table.provision(request.body);
    this.#options.onCall?.({ request: request.body, outcome: `fault: ${fault}` });
    if (typeof fault === 'number') {
      const { retry_after } = this.#plan.faults;
      if (retry_after !== undefined) reply.header('retry-after', String(retry_after));
      reply.code(fault).send({ result: false, error: `Simulated fault ${fault}` });
    } else if (fault === 'garbage') {
      reply.header('content-type', 'text/html').send('<html>Simulated garbage</html>');
    } else {
      reply.hijack();
      if (fault !== 'hang') request.raw.socket.destroy();
    }
  }
}
