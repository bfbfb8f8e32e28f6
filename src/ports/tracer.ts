import type { TraceIds } from './runtime.ts';
import type { CallTrace } from './target.ts';

/** What is said of a span: never a secret. Masked as the log is. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Headers of a request as Node gives them. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Spans of the work that goes on. What is under way is known without being handed around: a step belongs to whatever it is
 * called within. Nothing here throws or waits, and every `work` is run exactly once, whatever becomes of its span.
 */
export interface Tracer {
  /** A request of NSPS, as part of the trace that its headers name. */
  event<T>(headers: RequestHeaders, ids: TraceIds, work: () => Promise<T>): Promise<T>;
  /** Work of the connector's own for an event that came earlier: a trace of its own, linked to the event's. */
  background<T>(eventId: string | null, ids: TraceIds, work: () => Promise<T>): Promise<T>;
  /** A call to the external system. */
  call<T>(ids: TraceIds, work: (trace: CallTrace) => Promise<T>): Promise<T>;
  /**
   * Work of the connector's own for several events at a time: a trace of its own, linked to theirs. It is kept when one of
   * theirs is.
   */
  together<T>(what: Together, work: () => Promise<T>): Promise<T>;
  /**
   * Events are where they were to go. Said in their own traces: how long they waited, and which attempt brought them in.
   * @param result how that is known.
   */
  arrived(eventIds: readonly string[], result: string): void;
  /** A call to a system that is told nothing of our traces, as part of what is under way; else no span is made. */
  outgoing<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** A step within what is under way; without anything under way no span is made. */
  step<T>(name: string, work: () => T): T;
  /** Says something about the span that is under way. @param failed why it did not work. */
  note(attributes: () => Attributes, failed?: string): void;
  /** Makes the event under way known to its later work. */
  remember(eventId: string): void;
  /** Sends what is left, for `ms` at most. Idempotent. */
  close(ms: number): Promise<void>;
}

/** What is done for several events at a time. */
export interface Together {
  readonly name: string;
  readonly eventIds: readonly string[];
  /** Whether it may bring them to where they are to go: that is an attempt. */
  readonly sends?: boolean;
}

const UNTRACED: CallTrace = { headers: {}, answered: () => {} };

/** Traces nothing, and costs nothing. */
export const NO_TRACER: Tracer = {
  event: (_headers, _ids, work) => work(),
  background: (_eventId, _ids, work) => work(),
  call: (_ids, work) => work(UNTRACED),
  together: (_what, work) => work(),
  arrived: () => {},
  outgoing: (_name, work) => work(),
  step: (_name, work) => work(),
  note: () => {},
  remember: () => {},
  close: () => Promise.resolve(),
};
