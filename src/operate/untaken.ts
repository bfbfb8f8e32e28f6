import { parseEvent } from '../contract/parse.ts';
import { newest, type Subscriber, type Wanted } from '../core/subscriber.ts';
import type { Decision } from '../core/types.ts';
import { compareVersions, type Version, versionOf } from '../core/version.ts';
import type { EventRow } from '../ports/operating.ts';
import type { EventState, StoredEvent, Views } from '../ports/store.ts';

/**
 * The newest event of a subscriber, when it was answered an error, and nobody promised what it wants. NSPS sends it again, and
 * gives up one day: until it is taken, the external system is not what billing wants.
 */
export interface Untaken {
  readonly eventId: string;
  readonly state: 'failed' | 'rejected';
  readonly why: string | null;
}

/** His last events that are looked through. */
const LOOKED_AT = 20;

/** @param subscriber null when nothing is kept of him. @returns that event, looked for among his last ones; null when there is none. */
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
  if (answered.length === 0 && isSettled(subscriber)) return null;
  const own = known && (await views.event(known.eventId));
  let last = known && { version: known.version, seq: own?.seq ?? 0 };
  let untaken = isSettled(subscriber) ? null : asUntaken(own);
  for (const { eventId, state, why } of answered.toReversed()) {
    const place = placeOf(await views.event(eventId), imsi);
    if (!place || (last && !isNewer(place, last))) continue;
    last = place;
    untaken = asUntaken({ eventId, state, why });
  }
  return untaken;
}

/** Whether what is kept was confirmed or promised: a state that a failed event left behind is neither, and still NSPS's. */
function isSettled(subscriber: Subscriber | null): boolean {
  return !subscriber?.desired || subscriber.desired.owed;
}

function asUntaken(event: Pick<StoredEvent, 'eventId' | 'state' | 'why'> | null): Untaken | null {
  if (!event || !isError(event.state)) return null;
  const { eventId, state, why } = event;
  return { eventId, state, why };
}

/** What tells which of two events is newer. */
interface Place {
  readonly version: Version;
  readonly seq: number;
}

/** @returns null for an event that asks nothing for this subscriber. */
function placeOf(event: StoredEvent | null, imsi: string): Place | null {
  return event && isAbout(event, imsi) ? { version: versionIn(event), seq: event.seq } : null;
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
  return `event ${eventId} is the newest and was not taken (${state}${reason}); once that is put right: replay ${eventId}`;
}

/** Of what was not taken, what is not sent with `wanted` either. */
export function leftOutBy(wanted: Wanted | null, untaken: Untaken | null): Untaken | null {
  return untaken?.eventId === wanted?.eventId ? null : untaken;
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
