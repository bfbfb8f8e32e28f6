import { toHundredth } from '../basics/milliseconds.ts';
import { clip } from '../core/text.ts';
import type { Logger, TraceIds } from '../ports/runtime.ts';
import type { Attempt } from '../ports/store.ts';

/** A line of every call that was made to the core for an event, at level debug. */
export function logCalls(log: Logger, ids: TraceIds, eventId: string, attempts: readonly Attempt[]): void {
  if (!log.debugEnabled) return;
  for (const [index, attempt] of attempts.entries()) {
    const fields = {
      request_id: ids.requestId,
      unique_id: ids.uniqueId,
      event_id: clip(eventId),
      imsi: attempt.imsi,
      action: attempt.action,
      attempt: index + 1,
      outcome: attempt.result,
      ...(attempt.coreStatus !== undefined && { core_status: attempt.coreStatus }),
      ...(attempt.why !== undefined && { error: attempt.why }),
      duration_ms: toHundredth(attempt.durationMs),
    };
    log.debug(fields, 'Core call');
  }
}

/** What the calls took together, in milliseconds. */
export function msOf(attempts: readonly Attempt[]): number {
  return attempts.reduce((sum, { durationMs }) => sum + durationMs, 0);
}
