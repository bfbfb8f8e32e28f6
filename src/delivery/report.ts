import { FAILURES } from '../core/outcome.ts';
import type { Attempt } from '../ports/store.ts';

/** Filled while an event is delivered: every call to the core. */
export interface DeliveryReport {
  readonly attempts: Attempt[];
}

/** Whether a call may have been, or may still be applied without our knowing. */
export function isDoubtful({ result }: Attempt): boolean {
  return result !== 'done' && FAILURES[result].kind === 'unsure';
}
