import type { CircuitState } from '../contract/circuit-states.ts';

/** What happened within some time: events answered, and calls to the external system. */
export interface Happened {
  /** Events by outcome; those that did not occur are absent. */
  readonly events: Readonly<Record<string, number>>;
  readonly calls: number;
  /** Those of them that failed. */
  readonly errors: number;
  /** Durations of calls, in milliseconds, to within 5 %; null when there was none. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** How far back charts reach. */
export type Range = 'hour' | 'day';

/** What this process remembers of its work, for charts. */
export interface Charts {
  lastMinute(): Happened;
  /** Calls in the last whole second. */
  lastSecond(): number;
  /** Step by step since the process started, at most so far back; the last step is not over. `at`: ms since 1970. */
  series(range: Range): { readonly stepMs: number; readonly steps: readonly (Happened & { readonly at: number })[] };
}

/** How busy the connector is at this moment. */
export interface Load {
  readonly circuit: CircuitState;
  /** Until the circuit lets a call through, in milliseconds; 0 when it does. */
  readonly retryInMs: number;
  /** What somebody has to mend before it closes; null when it closes by itself. */
  readonly fault: string | null;
  /** Calls under way. */
  readonly inFlight: number;
  /** Calls that wait for their turn. */
  readonly waiting: number;
  /** Events being answered. */
  readonly inside: number;
}
