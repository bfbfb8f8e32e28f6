import type { Event } from '../contract/event.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Change } from '../core/types.ts';
import type { TraceIds } from './runtime.ts';

/** What a call is made with, besides the change. */
export interface CallContext extends TraceIds {
  /** On the clock's `now()`: when the answer is no longer wanted. */
  readonly deadline: number;
  /** When the call is traced. */
  readonly trace?: CallTrace;
}

/** What ties a call to its span. */
export interface CallTrace {
  /** For the request: they let the system go on with the trace. */
  readonly headers: Readonly<Record<string, string>>;
  /** The system answered. @param status of HTTP. */
  answered(status: number): void;
}

/** One external system that holds subscribers. */
export interface Target {
  /** As in the setting `TARGET`. */
  readonly name: string;
  /**
   * Makes one attempt to bring a subscriber to a state. Never throws and never repeats: what happened comes back as a
   * value, at the deadline at the latest.
   */
  apply(change: Change, context: CallContext): Promise<Outcome>;
  /** Closes connections; calls under way fail. Idempotent. */
  close(): Promise<void>;
}

/** What a target would send, for people to read. Holds no secret. */
export interface TargetRequest {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

/** Says what a target would send for a change; of one that records events, what for an event (`row`). */
export interface Previewer {
  (change: Change): TargetRequest;
  row?(event: Event): TargetRequest;
}

/** One thing that was looked at, and how it is: a line of `doctor`. */
export interface Finding {
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly subject: string;
  readonly message: string;
}
