import { type Context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  type IdGenerator,
  RandomIdGenerator,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';

/**
 * Ids of traces and whether they are kept. NSPS names a trace without naming a span of its own: then it cannot be continued
 * as OpenTelemetry continues traces, and the next one to begin is given its id.
 */
export class TraceRoots implements IdGenerator, Sampler {
  readonly #random = new RandomIdGenerator();
  readonly #ratio: TraceIdRatioBasedSampler;
  /** Of the trace that begins next; set right before. */
  next: { readonly traceId: string; readonly sampled: boolean } | null = null;

  /** @param ratio the part that is kept where nobody else decides. */
  constructor(ratio: number) {
    this.#ratio = new TraceIdRatioBasedSampler(ratio);
  }

  /** The same for every span of a trace, and in every process with the same ratio. */
  keeps(traceId: string): boolean {
    return this.#ratio.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
  }

  generateTraceId(): string {
    return this.next?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#random.generateSpanId();
  }

  shouldSample(context: Context): { decision: SamplingDecision } {
    const parent = trace.getSpanContext(context);
    const sampled = parent ? (parent.traceFlags & 1) === 1 : (this.next?.sampled ?? false);
    return { decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
  }

  toString(): string {
    return 'TraceRoots';
  }
}
