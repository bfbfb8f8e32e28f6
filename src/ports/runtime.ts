/** What the core and the delivery need of the world; tests bring their own. */

/** Time; both clocks of a machine, and a timer. */
export interface Clock {
  /** Milliseconds on a clock that never jumps; its zero means nothing. */
  now(): number;
  /** Wall-clock time in milliseconds since 1970, for dates that others wrote. */
  wall(): number;
  /** Calls back once after `ms`; returns how to cancel. */
  after(ms: number, callback: () => void): () => void;
}

/** A number from 0 (inclusive) to 1. */
export type Random = () => number;

/** What a line of the log says beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A structured logger; every call is one line. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Whether debug lines are written: spares building them when not. */
  readonly debugEnabled: boolean;
}

/** The two ids that follow an event through every line and out to the core. */
export interface TraceIds {
  /** `x-b3-traceid`. */
  readonly requestId: string;
  /** `x-request-id`. */
  readonly uniqueId: string;
}
