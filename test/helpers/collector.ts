import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { until } from './polling.ts';

/** A span as a collector hears of it. */
export interface HeardSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: number;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of the program that sent it. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly durationNs: bigint;
}

interface Pair {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface WireSpan extends Omit<HeardSpan, 'attributes' | 'resource' | 'durationNs'> {
  readonly attributes: readonly Pair[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface WireTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Pair[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

/** An OpenTelemetry collector on loopback: takes OTLP over HTTP, as JSON. */
export class Collector {
  readonly spans: HeardSpan[] = [];
  /** Requests so far: where to, with which headers. */
  readonly asked: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  answer: (response: ServerResponse) => void = (response) => void response.end('{}');
  readonly #server = createServer((request, response) => {
    this.asked.push({ path: request.url ?? '', headers: request.headers });
    void json(request).then((body) => {
      this.#take(body as WireTraces);
      this.answer(response);
    });
  });
  readonly #sockets = new Set<Socket>();

  static async start(port = 0): Promise<Collector> {
    const collector = new Collector();
    collector.#server.on('connection', (socket) => collector.#sockets.add(socket)).listen(port, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  #take({ resourceSpans }: WireTraces): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const from = valuesOf(resource.attributes);
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        const { attributes, startTimeUnixNano, endTimeUnixNano, ...rest } = span;
        const durationNs = BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano);
        this.spans.push({ ...rest, attributes: valuesOf(attributes), resource: from, durationNs });
      }
    }
  }

  /** The first span of this name, once it has come. */
  heard(name: string, of: (span: HeardSpan) => boolean = () => true): Promise<HeardSpan> {
    return until(`a span "${name}"`, () => this.spans.find((span) => span.name === name && of(span)) as HeardSpan);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stop();
  }
}

function valuesOf(pairs: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}
