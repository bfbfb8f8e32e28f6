import { createHash } from 'node:crypto';
import type { Event } from '../contract/event.ts';
import { isImsi } from '../contract/imsi.ts';
import { namesOf } from '../core/names.ts';
import { clip, storable } from '../core/text.ts';
import type { Decision } from '../core/types.ts';
import type { Draft } from '../delivery/arrival.ts';
import type { TraceIds } from '../ports/runtime.ts';

/** NSPS's are UUIDs. A longer one than this is kept in so many characters, so that nobody fills an index with megabytes. */
const LONGEST_ID = 200;

/** An event as it goes into the journal. @param receivedAt milliseconds since 1970. */
export function draftOf(event: Event, decision: Decision, raw: Uint8Array, ids: TraceIds, receivedAt: number): Draft {
  return {
    eventId: keptId(event.event_id),
    type: storable(clip(event.data.event_type)),
    imsi: subscriberNumber(event.pb_data?.sim_info?.imsi),
    previousImsi: subscriberNumber(event.pb_data?.prev_sim_info?.imsi),
    names: namesOf(event),
    body: raw,
    decision: JSON.stringify(withoutVersion(decision)),
    requestId: ids.requestId,
    uniqueId: ids.uniqueId,
    receivedAt,
  };
}

/** The beginning of a long id, and a digest of all of it: two events must stay two. */
function keptId(eventId: string): string {
  if (eventId.length <= LONGEST_ID) return storable(eventId);
  const digest = createHash('sha256').update(eventId).digest('hex');
  return storable(clip(eventId, LONGEST_ID - digest.length - 1) + digest);
}

function subscriberNumber(imsi: string | null | undefined): string | null {
  return imsi && isImsi(imsi) ? imsi : null;
}

/** The version is in the body; said twice, it kept rows of a usual event from sharing a page of the database. */
function withoutVersion(decision: Decision) {
  if (decision.kind !== 'provision') return decision;
  const { kind, action, changes } = decision;
  return { kind, action, changes };
}
