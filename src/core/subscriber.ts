import type { Change } from './types.ts';
import { compareVersions, mergeVersions, type Version } from './version.ts';

/**
 * What is kept of one subscriber, and how it changes. Order, duplicates, late retries and bursts all fall out of
 * comparing versions here; the stores only load, lock and save. Times are milliseconds since 1970 on the store's clock.
 */

/** A state that billing wants for a subscriber, and the event that said so. */
export interface Wanted {
  readonly version: Version;
  readonly change: Change;
  readonly eventId: string;
  /** Whether NSPS was told that it is taken care of: then the retry is ours, else it is NSPS's. */
  readonly owed: boolean;
}

/** A SIM that has to give its number back before another one is given it (G5). */
export interface Release {
  readonly version: Version;
  readonly change: Change;
}

export interface Subscriber {
  readonly imsi: string;
  /** The newest state that the core confirmed. */
  readonly applied: Wanted | null;
  /** A newer one that it did not confirm yet: accepted, or sent without a known result. */
  readonly desired: Wanted | null;
  /** Releases that come before this one's next number. */
  readonly after: readonly Release[];
  /** An attempt without a known result may still be applied until then; null when there is none. */
  readonly unsettledUntil: number | null;
  /** When the connector itself goes on with this subscriber; null when there is nothing to do. */
  readonly dueAt: number | null;
  /** Since when it is trying. */
  readonly waitingSince: number | null;
  /** Attempts of its own that failed since then. */
  readonly attempts: number;
  /** Why it gave up (a dead letter); null when it did not. */
  readonly dead: string | null;
}

/** Something that happens to a subscriber. Those marked (claim) come from whoever holds the claim, and end it. */
export type Effect = { readonly imsi: string } & (
  | {
      /** NSPS is told that this will be done. */
      readonly kind: 'want';
      readonly wanted: Wanted;
      readonly after: readonly Release[];
    }
  /** A swap begins: nothing but the releases is known to be wanted yet. */
  | { readonly kind: 'expect'; readonly after: readonly Release[] }
  /** An operator wants the newest state sent again. */
  | { readonly kind: 'resync' }
  /** (claim) The core confirmed a state that was sent `ageMs` ago, after these releases. */
  | {
      readonly kind: 'applied';
      readonly wanted: Wanted;
      readonly ageMs: number;
      readonly released: readonly Release[];
    }
  /** (claim) It did not. */
  | {
      readonly kind: 'failed';
      readonly wanted: Wanted;
      readonly result: 'retry' | 'unsure' | 'rejected';
      readonly why: string;
      /** When we try again by ourselves; null when NSPS does. */
      readonly retryInMs: number | null;
      /** Whether it counts against `maxAttempts`. */
      readonly counts: boolean;
    }
  /** (claim) An event was older than what is known. NSPS may be sending it again because a call ended without a word. */
  | { readonly kind: 'stale'; readonly eventId: string }
  /** (claim) Nothing was sent; come back in `retryInMs`, or when somebody else does. */
  | { readonly kind: 'untouched'; readonly retryInMs: number | null }
  /** A claim was found whose holder is gone: it may have sent this. */
  | { readonly kind: 'abandoned'; readonly wanted: Wanted | null }
);

/** What an effect means for an event that was heard of earlier. */
export interface EventNews {
  readonly eventId: string;
  readonly state: 'processed' | 'superseded' | 'queued' | 'dead';
  readonly why?: string;
}

export interface Reaction {
  readonly subscriber: Subscriber;
  /** False when something newer is already known. */
  readonly accepted: boolean;
  readonly news: readonly EventNews[];
}

export interface Limits {
  /** How long after an attempt without a known result the core may still come to it. */
  readonly settleAfterMs: number;
  /** Attempts of our own before an event is a dead letter; 0 = no limit. */
  readonly maxAttempts: number;
  /** And how long; 0 = no limit. */
  readonly maxAgeMs: number;
}

/** Who was never heard of. */
export function unknownSubscriber(imsi: string): Subscriber {
  return {
    imsi,
    applied: null,
    desired: null,
    after: [],
    unsettledUntil: null,
    dueAt: null,
    waitingSince: null,
    attempts: 0,
    dead: null,
  };
}

/** What the core should hold, as far as we know. */
export function newest(subscriber: Subscriber): Wanted | null {
  return subscriber.desired ?? subscriber.applied;
}

/**
 * What is sent to bring the core to the newest state. A subscriber that the core confirmed is there: inserting him once more
 * would be refused, and an update carries the same full state (contract §4).
 */
export function toSend(subscriber: Subscriber): Wanted | null {
  const wanted = newest(subscriber);
  if (!wanted || subscriber.desired || wanted.change.action !== 'insert') return wanted;
  return { ...wanted, change: { ...wanted.change, action: 'update' } };
}

/** Whether `version` is older than something known of the subscriber. */
export function isStale(subscriber: Subscriber, version: Version): boolean {
  return olderThan(version, subscriber.desired) || olderThan(version, subscriber.applied);
}

function olderThan(version: Version, wanted: Wanted | null): boolean {
  return wanted !== null && compareVersions(version, wanted.version) < 0;
}

/** Pure: what becomes of a subscriber. */
export function react(subscriber: Subscriber, effect: Effect, now: number, limits: Limits): Reaction {
  switch (effect.kind) {
    case 'want':
      return want(subscriber, effect.wanted, effect.after, now);
    case 'expect':
      return quietly({ ...subscriber, after: mergeReleases(subscriber.after, effect.after) });
    case 'resync':
      return resync(subscriber, now);
    case 'applied':
      return applied(subscriber, effect, now, limits);
    case 'failed':
      return tellOvertaken(subscriber, failed(subscriber, effect, now, limits));
    case 'stale':
      return quietly(inDoubt(subscriber, now, limits));
    case 'untouched':
      return quietly(
        effect.retryInMs === null ? subscriber : { ...subscriber, dueAt: now + Math.ceil(effect.retryInMs) },
      );
    case 'abandoned':
      return tellOvertaken(subscriber, quietly(abandoned(subscriber, effect.wanted, now, limits)));
  }
}

function quietly(subscriber: Subscriber): Reaction {
  return { subscriber, accepted: true, news: [] };
}

function want(subscriber: Subscriber, wanted: Wanted, after: readonly Release[], now: number): Reaction {
  const releases = mergeReleases(subscriber.after, after);
  if (isStale(subscriber, wanted.version)) {
    // A late swap: the number may be with this SIM already, but it is not sent again before the old one lost it.
    const told = releases === subscriber.after ? subscriber : { ...subscriber, after: releases };
    return { subscriber: told, accepted: false, news: [] };
  }
  return {
    subscriber: {
      ...subscriber,
      desired: { ...wanted, version: mergeVersions(newest(subscriber)?.version ?? null, wanted.version) },
      after: releases,
      dueAt: now,
      waitingSince: now,
      attempts: 0,
      dead: null,
    },
    accepted: true,
    // The second is for an event heard of earlier, which an operator replays: now it is on its way again.
    news: [...overtaken(subscriber.desired, wanted), { eventId: wanted.eventId, state: 'queued' }],
  };
}

/** Nobody asks for an event any more once a newer one has taken its place. */
function overtaken(earlier: Wanted | null, by: Wanted): EventNews[] {
  if (!earlier?.owed || earlier.eventId === by.eventId) return [];
  return [{ eventId: earlier.eventId, state: 'superseded' }];
}

/** The same for an attempt that took a place because its result is not known. */
function tellOvertaken({ desired: earlier }: Subscriber, reaction: Reaction): Reaction {
  const by = reaction.subscriber.desired;
  return by ? { ...reaction, news: [...overtaken(earlier, by), ...reaction.news] } : reaction;
}

function resync(subscriber: Subscriber, now: number): Reaction {
  const wanted = newest(subscriber);
  if (!wanted) return { subscriber, accepted: false, news: [] };
  const news: EventNews[] =
    subscriber.dead !== null && subscriber.desired ? [{ eventId: subscriber.desired.eventId, state: 'queued' }] : [];
  return {
    subscriber: { ...subscriber, dueAt: now, waitingSince: now, attempts: 0, dead: null },
    accepted: true,
    news,
  };
}

function applied(
  subscriber: Subscriber,
  { wanted, ageMs, released }: Extract<Effect, { kind: 'applied' }>,
  now: number,
  limits: Limits,
): Reaction {
  const sentAt = now - ageMs;
  // Somebody who held the claim too long: a newer state went out meanwhile, and this one may lie on top of it now.
  if (olderThan(wanted.version, subscriber.applied)) return quietly(inDoubt(subscriber, now, limits));
  const { desired } = subscriber;
  const left = desired !== null && isAnother(desired, wanted) && !olderThan(desired.version, wanted) ? desired : null;
  const unsettledUntil =
    subscriber.unsettledUntil !== null && sentAt < subscriber.unsettledUntil ? subscriber.unsettledUntil : null;
  const next: Subscriber = {
    ...subscriber,
    applied: { ...wanted, version: mergeVersions(subscriber.applied?.version ?? null, wanted.version) },
    desired: left,
    // A swap may have been announced since: its release is still to come.
    after: subscriber.after.filter((release) => !released.some((done) => covers(done, release))),
    unsettledUntil,
    dueAt: left && subscriber.dead === null ? sooner(subscriber.dueAt, now) : unsettledUntil,
    waitingSince: left ? subscriber.waitingSince : null,
    attempts: 0,
    dead: left ? subscriber.dead : null,
  };
  const news: EventNews[] = [{ eventId: wanted.eventId, state: 'processed' }];
  return { subscriber: next, accepted: true, news: left ? news : [...overtaken(desired, wanted), ...news] };
}

/** Whether two are the same wish of the same event. */
export function isSame(a: Wanted, b: Wanted): boolean {
  return !isAnother(a, b);
}

/** Whether what is desired came in (or changed) while the other one was being sent. */
function isAnother(desired: Wanted, sent: Wanted): boolean {
  return desired.eventId !== sent.eventId || compareVersions(desired.version, sent.version) !== 0;
}

function failed(
  subscriber: Subscriber,
  effect: Extract<Effect, { kind: 'failed' }>,
  now: number,
  limits: Limits,
): Reaction {
  const { wanted, result } = effect;
  const marked = result === 'unsure' ? unsure(subscriber, wanted, now, limits) : subscriber;
  const another = marked.desired !== null && isAnother(marked.desired, wanted);
  // Something newer came in meanwhile: the failure is of no more interest.
  if (another) return quietly({ ...marked, dueAt: marked.dead === null ? sooner(marked.dueAt, now) : marked.dueAt });
  if (result === 'rejected' && marked.desired && !marked.desired.owed) {
    // Nobody was promised anything, and NSPS is told the refusal: what the core confirmed last counts again.
    const unsettledUntil = marked.applied ? marked.unsettledUntil : null;
    return quietly({ ...marked, ...idle, desired: null, unsettledUntil, dueAt: unsettledUntil });
  }
  if (effect.retryInMs === null) {
    return quietly(result === 'unsure' ? { ...marked, dueAt: sooner(marked.dueAt, marked.unsettledUntil) } : marked);
  }
  return tryAgain(marked, effect, effect.retryInMs, now, limits);
}

const idle = { waitingSince: null, attempts: 0, dead: null } as const;

function tryAgain(
  subscriber: Subscriber,
  { wanted, result, why, counts }: Extract<Effect, { kind: 'failed' }>,
  retryInMs: number,
  now: number,
  { maxAttempts, maxAgeMs }: Limits,
): Reaction {
  const waitingSince = subscriber.waitingSince ?? now;
  const attempts = subscriber.attempts + (counts ? 1 : 0);
  const tooMany = maxAttempts > 0 && attempts >= maxAttempts;
  const tooLong = maxAgeMs > 0 && now - waitingSince >= maxAgeMs;
  if (result !== 'rejected' && !tooMany && !tooLong) {
    return quietly({ ...subscriber, attempts, waitingSince, dueAt: now + Math.ceil(retryInMs) });
  }
  const limit = result === 'rejected' ? '' : tooMany ? ` (after ${attempts} attempts)` : ' (too old)';
  const dead = `${why}${limit}`;
  return {
    subscriber: { ...subscriber, attempts, waitingSince, dueAt: null, dead },
    accepted: true,
    news: [{ eventId: wanted.eventId, state: 'dead', why: dead }],
  };
}

/** An attempt ended without a known result: the newest state has to be confirmed once the core has had its time. */
function unsure(subscriber: Subscriber, wanted: Wanted, now: number, limits: Limits): Subscriber {
  const known = isStale(subscriber, wanted.version) || isConfirmed(subscriber, wanted);
  const version = mergeVersions(newest(subscriber)?.version ?? null, wanted.version);
  // What takes the place of a promise is one: if the core refused it later, the promise would be lost with it.
  const owed = wanted.owed || (subscriber.desired?.owed ?? false);
  return {
    ...subscriber,
    desired: known ? subscriber.desired : { ...wanted, version, owed },
    unsettledUntil: now + limits.settleAfterMs,
  };
}

function isConfirmed({ applied, desired }: Subscriber, wanted: Wanted): boolean {
  return desired === null && applied !== null && !isAnother(applied, wanted);
}

function inDoubt(subscriber: Subscriber, now: number, limits: Limits): Subscriber {
  const unsettledUntil = now + limits.settleAfterMs;
  return { ...subscriber, unsettledUntil, dueAt: sooner(subscriber.dueAt, unsettledUntil) };
}

function abandoned(subscriber: Subscriber, wanted: Wanted | null, now: number, limits: Limits): Subscriber {
  if (!wanted) return inDoubt(subscriber, now, limits);
  const marked = unsure(subscriber, wanted, now, limits);
  return marked.dead === null ? { ...marked, dueAt: sooner(marked.dueAt, marked.unsettledUntil) } : marked;
}

function sooner(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** A grant of a number is what has to wait for releases; anything else takes nothing from anybody. */
export function isGrant(change: Change): boolean {
  return change.state.msisdn !== null;
}

/** The releases that a grant of this version has to wait for. */
export function releasesBefore(subscriber: Subscriber, wanted: Wanted): readonly Release[] {
  return isGrant(wanted.change) ? releasesUpTo(subscriber, wanted.version) : [];
}

/**
 * What had to be released before a SIM got its number: a SIM that takes the number from it has to wait for the same, since
 * it may never have got it.
 */
export function releasesUpTo(subscriber: Subscriber, version: Version): readonly Release[] {
  return subscriber.after.filter((release) => compareVersions(release.version, version) <= 0);
}

function covers(done: Release, release: Release): boolean {
  const sameSim = done.change.state.imsi === release.change.state.imsi;
  return sameSim && compareVersions(done.version, release.version) >= 0;
}

/** The newest release of each SIM. */
function mergeReleases(known: readonly Release[], more: readonly Release[]): readonly Release[] {
  if (more.length === 0) return known;
  const merged = new Map(known.map((release) => [release.change.state.imsi, release]));
  for (const release of more) {
    const { imsi } = release.change.state;
    const earlier = merged.get(imsi);
    if (!earlier || compareVersions(release.version, earlier.version) >= 0) merged.set(imsi, release);
  }
  return [...merged.values()];
}
