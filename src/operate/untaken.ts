import type { EventState } from '../contract/event-states.ts';
import { parseEvent } from '../contract/parse.ts';
import { newest, type Subscriber, type Wanted } from '../core/subscriber.ts';
import type { Decision } from '../core/types.ts';
import { compareVersions, type Version, versionOf } from '../core/version.ts';
import type { EventRow, EventSearch } from '../ports/operating.ts';
import type { StoredEvent, Views } from '../ports/store.ts';

/**
 * The newest event of a subscriber, when it was answered an error, and nobody promised what it wants. NSPS sends it again, and
 * gives up one day: until it is taken, the external system is not what billing wants.
 */
export interface Untaken {
  readonly eventId: string;
  readonly state: 'failed' | 'rejected';
  readonly why: string | null;
}

/** Events of a page; whoever has no more of them in all, as nearly everybody, costs one. */
const PAGE = 200;

/**
 * Looked for among all that came of him: what was not taken may have come before any number of events that are old news.
 * Costs a small read for each of them that was answered an error.
 * @param subscriber null when nothing is kept of him.
 * @returns null when there is none.
 */
export async function untakenOf(imsi: string, subscriber: Subscriber | null, views: Views): Promise<Untaken | null> {
  const known = subscriber && newest(subscriber);
  const answered = (await errorsOf(imsi, views)).filter(({ eventId }) => eventId !== known?.eventId);
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

/** His events that were answered an error, the last one first. */
async function errorsOf(imsi: string, views: Views): Promise<readonly EventRow[]> {
  const { events, next } = await views.page({ imsi, limit: PAGE });
  if (next === null) return events.filter(({ state }) => isError(state));
  const errors = await Promise.all(ERRORS.map((state) => allOf({ imsi, state, limit: PAGE }, views)));
  return errors.flat().sort((one, other) => other.seq - one.seq);
}

/** All pages of a search. */
async function allOf(search: EventSearch, views: Views): Promise<EventRow[]> {
  const rows: EventRow[] = [];
  for (let page = search; ; ) {
    const { events, next } = await views.page(page);
    rows.push(...events);
    if (next === null) return rows;
    page = { ...search, beforeSeq: next };
  }
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

const ERRORS = ['failed', 'rejected'] as const satisfies EventState[];

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
