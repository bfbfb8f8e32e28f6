import { parseEvent } from '../contract/parse.ts';
import { newest, type Subscriber } from '../core/subscriber.ts';
import type { Decision } from '../core/types.ts';
import { compareVersions, type Version, versionOf } from '../core/version.ts';
import type { EventRow } from '../ports/operating.ts';
import type { EventState, StoredEvent, Views } from '../ports/store.ts';

/**
 * An event that wants something newer than all that is kept of its subscriber, and was answered an error. NSPS sends it again,
 * and gives up one day: until it is taken, the external system is not what billing wants.
 */
export interface Untaken {
  readonly eventId: string;
  readonly state: 'failed' | 'rejected';
  readonly why: string | null;
}

/** His last events that are looked through. */
const LOOKED_AT = 20;

/** @param subscriber null when nothing is kept of him. @returns the newest such event among his last ones; null when there is none. */
export async function untakenOf(imsi: string, subscriber: Subscriber | null, views: Views): Promise<Untaken | null> {
  const { events } = await views.page({ imsi, limit: LOOKED_AT });
  return await untakenAmong(events, imsi, subscriber, views);
}

/** The same with his last events at hand. @param rows newest first. */
export async function untakenAmong(
  rows: readonly EventRow[],
  imsi: string,
  subscriber: Subscriber | null,
  views: Pick<Views, 'event'>,
): Promise<Untaken | null> {
  const known = subscriber && newest(subscriber);
  const answered = rows.filter(({ eventId, state }) => isError(state) && eventId !== known?.eventId);
  if (answered.length === 0) return null;
  let last: Place | null = known && { version: known.version, seq: (await views.event(known.eventId))?.seq ?? 0 };
  let untaken: Untaken | null = null;
  for (const { eventId, state, why } of answered.toReversed()) {
    const event = await views.event(eventId);
    const place = event && isAbout(event, imsi) ? { version: versionIn(event), seq: event.seq } : null;
    if (!place || !isError(state) || (last && !isNewer(place, last))) continue;
    last = place;
    untaken = { eventId, state, why };
  }
  return untaken;
}

/** What tells which of two events is newer. */
interface Place {
  readonly version: Version;
  readonly seq: number;
}

/** Where versions do not tell, the last one that came wins. */
function isNewer(one: Place, other: Place): boolean {
  return (compareVersions(one.version, other.version) || one.seq - other.seq) > 0;
}

function isError(state: EventState): state is Untaken['state'] {
  return state === 'failed' || state === 'rejected';
}

/** What to do about it, in words. */
export function untakenText({ eventId, state, why }: Untaken): string {
  const reason = why === null ? '' : `: ${why}`;
  return `event ${eventId} is newer and was not taken (${state}${reason}); once that is put right: replay ${eventId}`;
}

/** An event that is recorded asks for no state. */
function isAbout({ decision }: StoredEvent, imsi: string): boolean {
  const decided = JSON.parse(decision) as Decision;
  if (decided.kind === 'provision') return decided.changes.some(({ state }) => state.imsi === imsi);
  return decided.kind === 'reject';
}

function versionIn({ body }: StoredEvent): Version {
  const parsed = parseEvent(body);
  return parsed.kind === 'event' ? versionOf(parsed.event) : {};
}
