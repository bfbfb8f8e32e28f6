import type { FailureCode } from '../core/outcome.ts';

/** One call to the core, for the log. */
export interface AttemptReport {
  readonly imsi: string;
  readonly action: string;
  readonly result: 'done' | FailureCode;
  readonly coreStatus?: number;
  readonly durationMs: number;
}

/** Filled while an event is delivered. */
export interface DeliveryReport {
  readonly attempts: AttemptReport[];
}
