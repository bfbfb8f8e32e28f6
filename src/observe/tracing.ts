import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger, TraceIds } from '../ports/runtime.ts';
import type { CallTrace } from '../ports/target.ts';
import type { Attributes, Tracer } from '../ports/tracer.ts';
import { maskFields, maskText } from './mask.ts';
import { headersFor, originOf, traceIdOf } from './trace-context.ts';
import { TraceRoots } from './trace-roots.ts';
import { WatchedExporter } from './watched-exporter.ts';

export interface TracingOptions {
  /** Where a collector takes OTLP over HTTP, as a whole URL. */
  readonly url: string;
  /** Part of the traces that is kept, where whoever asks leaves it to us. */
  readonly ratio: number;
  readonly serviceName: string;
  readonly version: string;
  /** Whether IMSIs and numbers are masked. */
  readonly masked: boolean;
}

/** Spans go out together: so many, or after so long (milliseconds); while they cannot, so many are kept, and no more. */
const TOGETHER = { maxExportBatchSize: 512, scheduledDelayMillis: 1_000, maxQueueSize: 4_096 };
/** Longest time to hand them over, repeats included, in milliseconds. */
const EXPORT_MS = 3_000;
/** Characters of one value: the core's words may be long. */
const LONGEST_VALUE = 1_000;
/** Events whose span later work can be linked to. */
const REMEMBERED = 10_000;

/** Spans by OpenTelemetry, to a collector. Loaded only when one is named. */
export class OtelTracer implements Tracer {
  readonly #underWay = new AsyncLocalStorage<Span>();
  readonly #roots: TraceRoots;
  readonly #provider: TracerProvider;
  readonly #tracer: ReturnType<TracerProvider['getTracer']>;
  readonly #events = new Map<string, SpanContext>();
  readonly #masked: boolean;
  #closed: Promise<void> | null = null;

  constructor(options: TracingOptions, log: Logger) {
    this.#masked = options.masked;
    this.#roots = new TraceRoots(options.ratio);
    const exporter = new OTLPTraceExporter({ url: options.url, timeoutMillis: EXPORT_MS });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': options.serviceName, 'service.version': options.version }),
      sampler: this.#roots,
      idGenerator: this.#roots,
      spanLimits: { attributeValueLengthLimit: LONGEST_VALUE },
      spanProcessors: [
        new BatchSpanProcessor({ exporter: new WatchedExporter(exporter, options.url, log), ...TOGETHER }),
      ],
    });
    this.#tracer = this.#provider.getTracer('nsps-connector', options.version);
  }

  event<T>(headers: Parameters<Tracer['event']>[0], ids: TraceIds, work: () => Promise<T>): Promise<T> {
    const origin = originOf(headers, ids);
    const { traceId, parentId } = origin;
    const sampled = origin.sampled ?? this.#roots.keeps(traceId);
    const options = { kind: SpanKind.SERVER, attributes: { request_id: ids.requestId, unique_id: ids.uniqueId } };
    if (parentId === null) return this.#run(this.#root('event', { ...options, traceId, sampled }), work);
    const parent = { traceId, spanId: parentId, traceFlags: sampled ? 1 : 0, isRemote: true };
    return this.#run(this.#tracer.startSpan('event', options, trace.setSpanContext(ROOT_CONTEXT, parent)), work);
  }

  background<T>(eventId: string | null, ids: TraceIds, work: () => Promise<T>): Promise<T> {
    const context = eventId === null ? undefined : this.#events.get(eventId);
    const traceId = traceIdOf(ids.requestId);
    // Both or neither: half a story helps nobody.
    const sampled = context ? isSampled(context) : this.#roots.keeps(traceId);
    const attributes = { request_id: ids.requestId, ...(eventId !== null && { event_id: eventId }) };
    const links = context ? [{ context }] : [];
    return this.#run(
      this.#root('bring up to date', { kind: SpanKind.CONSUMER, attributes, links, traceId, sampled }),
      work,
    );
  }

  #root(name: string, options: Root): Span {
    const { traceId, sampled, ...rest } = options;
    this.#roots.next = { traceId, sampled };
    return this.#tracer.startSpan(name, { ...rest, root: true }, ROOT_CONTEXT);
  }

  call<T>(ids: TraceIds, work: (trace: CallTrace) => Promise<T>): Promise<T> {
    const parent = this.#underWay.getStore();
    const traceId = traceIdOf(ids.requestId);
    const span = parent
      ? this.#child('core call', parent, SpanKind.CLIENT)
      : this.#root('core call', { kind: SpanKind.CLIENT, traceId, sampled: this.#roots.keeps(traceId) });
    const context = span.spanContext();
    const headers = headersFor({ ...context, sampled: isSampled(context) }, ids);
    const answered = (status: number) => void span.setAttribute('http.response.status_code', status);
    return this.#run(span, () => work({ headers, answered }));
  }

  #child(name: string, parent: Span, kind: SpanKind = SpanKind.INTERNAL): Span {
    return this.#tracer.startSpan(name, { kind }, trace.setSpan(ROOT_CONTEXT, parent));
  }

  step<T>(name: string, work: () => T): T {
    const parent = this.#underWay.getStore();
    return parent ? this.#run(this.#child(name, parent), work) : work();
  }

  /** Runs the work within a span, which ends with it. */
  #run<T>(span: Span, work: () => T): T {
    try {
      const result = this.#underWay.run(span, work);
      if (!(result instanceof Promise)) {
        span.end();
        return result;
      }
      return result.then(
        (value: unknown) => {
          span.end();
          return value;
        },
        (error: unknown) => this.#broken(span, error),
      ) as T;
    } catch (error) {
      return this.#broken(span, error);
    }
  }

  #broken(span: Span, error: unknown): never {
    span.setStatus({ code: SpanStatusCode.ERROR, message: this.#words(error instanceof Error ? error.message : '') });
    span.end();
    throw error;
  }

  #words(text: string): string {
    return this.#masked ? maskText(text) : text;
  }

  note(attributes: () => Attributes, failed?: string): void {
    const span = this.#underWay.getStore();
    if (!span?.isRecording()) return;
    span.setAttributes(this.#masked ? maskFields(attributes(), maskText) : attributes());
    if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: this.#words(failed) });
  }

  remember(eventId: string): void {
    const span = this.#underWay.getStore();
    if (!span) return;
    this.#events.delete(eventId);
    this.#events.set(eventId, span.spanContext());
    if (this.#events.size <= REMEMBERED) return;
    for (const oldest of this.#events.keys()) {
      this.#events.delete(oldest);
      break;
    }
  }

  close(ms: number): Promise<void> {
    this.#closed ??= this.#close(ms);
    return this.#closed;
  }

  async #close(ms: number): Promise<void> {
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([this.#provider.shutdown().catch(() => {}), tooLong]);
    clearTimeout(timer);
  }
}

/** How a trace begins here. */
interface Root {
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly sampled: boolean;
  readonly attributes?: Attributes;
  readonly links?: Link[];
}

function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & 1) === 1;
}
