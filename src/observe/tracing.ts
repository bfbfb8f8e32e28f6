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
import type { Attributes, RequestHeaders, Together, Tracer } from '../ports/tracer.ts';
import { maskFields, maskText } from './mask.ts';
import { type RememberedEvent, RememberedEvents } from './remembered-events.ts';
import { headersFor, originOf, traceIdOf } from './trace-context.ts';
import { TraceRoots } from './trace-roots.ts';
import { WatchedExporter } from './watched-exporter.ts';

interface TracingOptions {
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
/** Events that one piece of work is linked to: as many as a write has rows. */
const MOST_LINKS = 500;

/** Spans by OpenTelemetry, to a collector. Loaded only when one is named. */
export class OtelTracer implements Tracer {
  readonly #underWay = new AsyncLocalStorage<Span>();
  readonly #roots: TraceRoots;
  readonly #provider: TracerProvider;
  readonly #tracer: ReturnType<TracerProvider['getTracer']>;
  readonly #events = new RememberedEvents();
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
      spanLimits: { attributeValueLengthLimit: LONGEST_VALUE, linkCountLimit: MOST_LINKS },
      spanProcessors: [
        new BatchSpanProcessor({ exporter: new WatchedExporter(exporter, options.url, log), ...TOGETHER }),
      ],
    });
    this.#tracer = this.#provider.getTracer('nsps-connector', options.version);
  }

  event<T>(headers: RequestHeaders, ids: TraceIds, work: () => Promise<T>): Promise<T> {
    const origin = originOf(headers, ids);
    const { traceId, parentId } = origin;
    const sampled = origin.sampled ?? this.#roots.keeps(traceId);
    const options = { kind: SpanKind.SERVER, attributes: { request_id: ids.requestId, unique_id: ids.uniqueId } };
    if (parentId === null) return this.#run(this.#root('event', { ...options, traceId, sampled }), work);
    const parent = { traceId, spanId: parentId, traceFlags: sampled ? 1 : 0, isRemote: true };
    return this.#run(this.#tracer.startSpan('event', options, trace.setSpanContext(ROOT_CONTEXT, parent)), work);
  }

  background<T>(eventId: string | null, ids: TraceIds, work: () => Promise<T>): Promise<T> {
    const context = eventId === null ? undefined : this.#events.get(eventId)?.context;
    // The ids may be the event's, whose trace it is to lead back to, and not to be.
    const traceId = traceIdOf(context ? '' : ids.requestId);
    // Both or neither: half a story helps nobody.
    const sampled = context ? isSampled(context) : this.#roots.keeps(traceId);
    const attributes = { request_id: ids.requestId, ...(eventId !== null && { event_id: eventId }) };
    const links = context ? [{ context }] : [];
    return this.#run(
      this.#root('bring up to date', { kind: SpanKind.CONSUMER, attributes, links, traceId, sampled }),
      work,
    );
  }

  together<T>({ name, eventIds, sends = false }: Together, work: () => Promise<T>): Promise<T> {
    const contexts = this.#events.contextsOf(eventIds);
    const links = contexts.filter(isSampled).map((context) => ({ context }));
    const traceId = traceIdOf('');
    const sampled = links.length > 0 || (contexts.length === 0 && this.#roots.keeps(traceId));
    const [first, last] = [eventIds[0], eventIds.at(-1)];
    const attributes = {
      events: eventIds.length,
      ...(first !== undefined && last !== undefined && { first_event_id: first, last_event_id: last }),
    };
    const span = this.#root(name, { kind: SpanKind.CONSUMER, attributes, links, traceId, sampled });
    if (sends) {
      this.#events.attempted(eventIds, { context: span.spanContext(), at: Date.now(), events: eventIds.length });
    }
    return this.#run(span, work);
  }

  arrived(eventIds: readonly string[], result: string): void {
    const now = Date.now();
    for (const eventId of eventIds) {
      const event = this.#events.get(eventId);
      if (event && isSampled(event.context)) this.#tellArrival(event, result, now);
      this.#events.arrived(eventId);
    }
  }

  /** In the event's own trace, afterwards: nothing is held open for an event that waits for days. */
  #tellArrival({ context, since, attempts, last }: RememberedEvent, result: string, now: number): void {
    const parent = trace.setSpanContext(ROOT_CONTEXT, context);
    const links = last ? [{ context: last.context }] : [];
    // It may have been taken again while the attempt was under way.
    const began = Math.max(since, last?.at ?? now);
    const waited = { waited_ms: began - since, ...(last && { attempt: attempts }) };
    this.#tracer.startSpan('wait for its batch', { startTime: since, attributes: waited, links }, parent).end(began);
    if (!last) return;
    const attributes = { attempt: attempts, events: last.events, result };
    this.#tracer.startSpan('in its batch', { startTime: began, attributes, links }, parent).end(now);
  }

  outgoing<T>(name: string, work: () => Promise<T>): Promise<T> {
    const parent = this.#underWay.getStore();
    return parent ? this.#run(this.#child(name, parent, SpanKind.CLIENT), work) : work();
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
    this.#events.remember(eventId, span.spanContext(), Date.now());
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
