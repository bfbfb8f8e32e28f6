import { faultsText } from '../../contract/fault.ts';
import { parseEvent } from '../../contract/parse.ts';
import type { Conclusion } from '../../ports/outbox.ts';
import type { RecordingTarget, Row, Told } from '../../ports/recording.ts';
import type { StoredEvent } from '../../ports/store.ts';

/** Size of one write at most, in bytes; Google recommends to stay below two million. */
const MOST_BYTES = 1_000_000;

/** What is written together. */
export interface Batch {
  readonly events: readonly StoredEvent[];
  /** In the order of the events. */
  readonly rows: readonly Row[];
  /** Events whose body today's program cannot read: nothing will come of them. */
  readonly unreadable: readonly Conclusion[];
}

/** As many of the events as fit, in their order; one at least. */
export function batchOf(waiting: readonly StoredEvent[], target: RecordingTarget): Batch {
  const [events, rows, unreadable]: [StoredEvent[], Row[], Conclusion[]] = [[], [], []];
  let bytes = 0;
  for (const event of waiting) {
    const parsed = parseEvent(event.body);
    if (parsed.kind === 'invalid') {
      const why = faultsText(parsed.faults);
      unreadable.push({ eventId: event.eventId, state: 'dead', why });
      continue;
    }
    const row = target.rowOf(parsed.event, event.eventId);
    bytes += Buffer.byteLength(JSON.stringify(row));
    if (bytes > MOST_BYTES && rows.length > 0) break;
    events.push(event);
    rows.push(row);
  }
  return { events, rows, unreadable };
}

/** What a call came to, for whoever counts. */
export function resultOf(told: Told<unknown>): { result: string; coreStatus?: number } {
  if (told.kind === 'done') return { result: 'done' };
  const { code, coreStatus } = told.failure;
  return { result: code, ...(coreStatus !== undefined && { coreStatus }) };
}
