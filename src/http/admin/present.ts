import type { EventStory, EventSummary, SubscriberView, WantedView } from '../../contract/admin.ts';
import { NAMELESS, type Names } from '../../core/names.ts';
import { newest, type Release, type Subscriber, type Wanted } from '../../core/subscriber.ts';
import { explanationOf } from '../../operate/explain.ts';
import type { Story } from '../../operate/story.ts';
import type { Untaken } from '../../operate/untaken.ts';
import { verdictOf } from '../../operate/verdict.ts';
import type { EventRow } from '../../ports/operating.ts';
import type { Attempt, StoredEvent } from '../../ports/store.ts';

/** What the store knows, as the admin API tells it: times as ISO 8601, absent values as null. */

/** @param time milliseconds since 1970. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** @param time milliseconds since 1970. */
export function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time);
}

/** A line of a list of events. */
export function summaryOf(event: EventRow): EventSummary {
  const { seq, eventId, type, imsi, previousImsi, state, why, status, deliveries, attempts } = event;
  const [receivedAt, updatedAt] = [iso(event.receivedAt), iso(event.updatedAt)];
  return { seq, eventId, type, imsi, previousImsi, state, why, status, deliveries, attempts, receivedAt, updatedAt };
}

/** The stamps of a version by the names that NSPS gives them, in the order they are compared. */
const STAMPS = [
  ['updatedAt', 'updated_at'],
  ['eventTime', 'event_time'],
  ['iEvent', 'i_event'],
  ['createdAt', 'created_at'],
] as const;

function wantedView({ change, eventId, version, owed, missing }: Wanted): WantedView {
  const stamps = STAMPS.flatMap(([field, name]) => {
    const stamp = version[field];
    return stamp === undefined ? [] : [[name, stamp] as const];
  });
  return {
    action: change.action,
    state: { ...change.state },
    eventId,
    version: Object.fromEntries(stamps),
    owed,
    missing: missing === true,
  };
}

/** A state that is wanted or applied, with the stamps of its version by NSPS's names. */
export function wantedOrNull(wanted: Wanted | null): WantedView | null {
  return wanted && wantedView(wanted);
}

/** A release is what an event wants of another SIM, too; which event is kept with the one that waits for it. */
function releaseView(release: Release, subscriber: Subscriber): WantedView {
  return wantedView({ ...release, eventId: newest(subscriber)?.eventId ?? '', owed: false });
}

/** A subscriber as the store knows him. */
interface Shown {
  readonly imsi: string;
  /** Null when events only mentioned him. */
  readonly subscriber: Subscriber | null;
  readonly untaken: Untaken | null;
  readonly names: Names | null;
  /** His last ones, newest first. */
  readonly events: readonly EventRow[];
  /** The event that asked for what is not confirmed yet; null when there is none. */
  readonly asking: StoredEvent | null;
}

/** All that is told of a subscriber. */
export function subscriberView({ imsi, subscriber, untaken, names, events, asking }: Shown): SubscriberView {
  return {
    imsi,
    names: { ...(names ?? NAMELESS) },
    verdict: verdictOf(subscriber, untaken),
    untaken,
    desired: wantedOrNull(subscriber?.desired ?? null),
    applied: wantedOrNull(subscriber?.applied ?? null),
    after: subscriber ? subscriber.after.map((release) => releaseView(release, subscriber)) : [],
    unsettledUntil: isoOrNull(subscriber?.unsettledUntil ?? null),
    dueAt: isoOrNull(subscriber?.dueAt ?? null),
    waitingSince: isoOrNull(subscriber?.waitingSince ?? null),
    attempts: subscriber?.attempts ?? 0,
    dead: subscriber?.dead ?? null,
    lastFailure: lastFailure(imsi, asking),
    events: events.map(summaryOf),
  };
}

/** Of an event of two subscribers, that of this one. */
function lastFailure(imsi: string, asking: StoredEvent | null): SubscriberView['lastFailure'] {
  const last = asking?.attempts.findLast((attempt) => attempt.imsi === imsi);
  return last && last.result !== 'done' ? attemptView(last) : null;
}

function attemptView({
  at,
  imsi,
  action,
  result,
  coreStatus,
  why,
  durationMs,
}: Attempt): EventStory['attempts'][number] {
  return { at: iso(at), imsi, action, result, coreStatus: coreStatus ?? null, why: why ?? null, durationMs };
}

/**
 * The story of an event.
 * @param curl a command that sends it again. @param mask null when numbers may be shown.
 */
export function storyView(
  { event, today, subscribers }: Story,
  curl: (body: string, event: StoredEvent) => string,
  mask: ((text: string) => string) | null,
): EventStory {
  const body = Buffer.from(event.body).toString();
  const text = mask ? mask(body) : body;
  return {
    summary: summaryOf({ ...event, attempts: event.attempts.length }),
    requestId: event.requestId,
    uniqueId: event.uniqueId,
    today: explanationOf(today),
    decided: JSON.parse(event.decision) as unknown,
    attempts: event.attempts.map(attemptView),
    answer: { status: event.status, why: event.why },
    raw: { text, masked: mask !== null },
    curl: curl(text, event),
    subscribers: subscribers.map((subscriber) => ({
      imsi: subscriber.imsi,
      verdict: verdictOf(subscriber, subscriber.untaken),
    })),
  };
}
