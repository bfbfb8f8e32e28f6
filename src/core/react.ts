import {
  asInsert,
  asKept,
  covers,
  type Effect,
  type EventNews,
  isAbsent,
  isInsertLacked,
  isStale,
  isUpdate,
  type Limits,
  mergeReleases,
  newest,
  olderThan,
  type Reaction,
  type Release,
  type Subscriber,
  type Wanted,
} from './subscriber.ts';
import { compareVersions, mergeVersions } from './version.ts';

/**
 * Pure: what becomes of a subscriber. A dead letter waits for an operator, or for what it lacked: nothing makes it due that leaves
 * it one, not even doubt, since it would only be refused again.
 */
export function react(subscriber: Subscriber, effect: Effect, now: number, limits: Limits): Reaction {
  const reaction = reactionTo(subscriber, effect, now, limits);
  const { dead, dueAt } = reaction.subscriber;
  return dead === null || dueAt === null
    ? reaction
    : { ...reaction, subscriber: { ...reaction.subscriber, dueAt: null } };
}

function reactionTo(subscriber: Subscriber, effect: Effect, now: number, limits: Limits): Reaction {
  switch (effect.kind) {
    case 'want':
      return want(subscriber, effect.wanted, effect.after, now);
    case 'expect':
      return tellOvertaken(subscriber, quietly(expect(subscriber, effect, now)));
    case 'resync':
      return resync(subscriber, now);
    case 'discard':
      return discard(subscriber, effect);
    case 'applied':
      return applied(subscriber, effect, now, limits);
    case 'failed':
      return tellOvertaken(subscriber, failed(subscriber, effect, now, limits));
    case 'stale':
      return quietly(inDoubt(underDelete(subscriber, effect.wanted ?? null), now, limits));
    case 'untouched':
      return quietly(untouched(subscriber, effect.retryInMs, now));
    case 'abandoned':
      return tellOvertaken(subscriber, quietly(abandoned(subscriber, effect.wanted, now, limits)));
  }
}

function quietly(subscriber: Subscriber): Reaction {
  return { subscriber, accepted: true, news: [] };
}

function expect(
  subscriber: Subscriber,
  { after, wanted }: Extract<Effect, { kind: 'expect' }>,
  now: number,
): Subscriber {
  const told = { ...subscriber, after: mergeReleases(subscriber.after, after) };
  if (!wanted || isStale(subscriber, wanted.version) || isConfirmed(subscriber, wanted)) return told;
  return inPlaceOfDesired(told, wanted, now);
}

function want(subscriber: Subscriber, wanted: Wanted, after: readonly Release[], now: number): Reaction {
  const releases = mergeReleases(subscriber.after, after);
  if (isStale(subscriber, wanted.version)) {
    // A late swap: the number may be with this SIM already, but it is not sent again before the old one lost it.
    const told = releases === subscriber.after ? subscriber : { ...subscriber, after: releases };
    return promiseNewest(told, wanted, now);
  }
  return {
    subscriber: {
      ...subscriber,
      ...(isToBeInserted(subscriber) && maybeThere(subscriber, now)),
      desired: {
        ...inKeptForm(subscriber, wanted),
        version: mergeVersions(newest(subscriber)?.version ?? null, wanted.version),
      },
      after: releases,
      dueAt: now,
      waitingSince: now,
      attempts: 0,
      dead: null,
    },
    accepted: true,
    // The second is for an event heard of earlier, which an operator replays: now it is on its way again.
    news: [...overtaken(subscriber, wanted), { eventId: wanted.eventId, state: 'queued' }],
  };
}

/**
 * For an event that comes late: something newer is known. It is answered 2xx, which is only true if the newer state was
 * confirmed or is on its way (G3). So a newer state that was sent without a known result, and that nobody was promised, becomes
 * a promise. A dead letter is tried once more: what came late may be what it lacked, the release of its number or the insert
 * of its subscriber.
 */
function promiseNewest(subscriber: Subscriber, late: Wanted, now: number): Reaction {
  const { applied, desired, dead } = subscriber;
  const lacked = isInsertLacked(subscriber, late);
  const latest = desired ?? (lacked ? applied : null);
  if (latest === null || (olderThan(late.version, applied) && !lacked))
    return { subscriber, accepted: false, news: [] };
  const inserted = late.change.action === 'insert' && isAbsent(applied) ? asInsert(latest) : latest;
  if (desired?.owed && dead === null) {
    const kept = inserted === desired ? subscriber : { ...subscriber, desired: inserted };
    return { subscriber: kept, accepted: false, news: [] };
  }
  return {
    subscriber: {
      ...subscriber,
      ...idle,
      ...(inserted !== desired && maybeThere(subscriber, now)),
      desired: { ...inserted, owed: true },
      dueAt: now,
      waitingSince: now,
    },
    accepted: false,
    news: [{ eventId: latest.eventId, state: 'queued' }],
  };
}

/** Whether the core is still to insert a subscriber: whatever it is to hold of him needs that first. */
function isToBeInserted({ applied, desired }: Subscriber): boolean {
  return desired?.change.action === 'insert' && isAbsent(applied);
}

/**
 * A dead letter may have been refused because the core has the subscriber. Whoever is in doubt, if only until now, is sent an
 * update before an insert (`asSent`).
 */
function maybeThere({ dead, unsettledUntil }: Subscriber, now: number): Pick<Subscriber, 'unsettledUntil'> {
  return { unsettledUntil: dead === null ? unsettledUntil : (unsettledUntil ?? now) };
}

/** A newer state as it is kept: as an insert where the subscriber is still to be inserted, or a delete may come over it. */
function inKeptForm(subscriber: Subscriber, wanted: Wanted): Wanted {
  return isToBeInserted(subscriber) ? asInsert(wanted) : asKept(subscriber, wanted);
}

/**
 * News of the event that a newer one takes the place of: nobody asks for it any more. It was a promise, or a state that the
 * core confirmed once and refused to confirm again.
 */
function overtaken({ applied, desired, dead }: Subscriber, by: Wanted): EventNews[] {
  const promised = desired?.owed ? desired : null;
  const earlier = dead !== null && desired === null ? applied : promised;
  if (!earlier || earlier.eventId === by.eventId) return [];
  return [{ eventId: earlier.eventId, state: 'superseded' }];
}

/** The same where an attempt took the place because its result is not known. */
function tellOvertaken(earlier: Subscriber, reaction: Reaction): Reaction {
  const by = reaction.subscriber.desired;
  return by ? { ...reaction, news: [...overtaken(earlier, by), ...reaction.news] } : reaction;
}

function resync(subscriber: Subscriber, now: number): Reaction {
  const wanted = newest(subscriber);
  if (!wanted) return { subscriber, accepted: false, news: [] };
  // What the core confirmed once, and refused to confirm again, is what it was before; a promise is on its way again.
  const state = subscriber.desired ? 'queued' : 'processed';
  return {
    subscriber: { ...subscriber, dueAt: now, waitingSince: now, attempts: 0, dead: null },
    accepted: true,
    news: subscriber.dead === null ? [] : [{ eventId: wanted.eventId, state }],
  };
}

/**
 * Drops the promise: what the core confirmed last counts again, and what comes next is compared with that (G2). So an event
 * between the two that comes late is sent: nothing newer is wanted any more, and nothing newer was confirmed. The discarded
 * event itself is taken again when it comes again. Where the core may still apply what was dropped, the state that it has
 * confirmed by then is confirmed once more. Numbers still wait for their release.
 *
 * A dead letter may also be a state that was to be confirmed once more. Then that is given up: it would only be refused again.
 */
function discard(subscriber: Subscriber, { why, eventId }: Extract<Effect, { kind: 'discard' }>): Reaction {
  const dropped = newest(subscriber);
  const another = eventId !== undefined && dropped?.eventId !== eventId;
  if (subscriber.dead === null || another) return { subscriber, accepted: false, news: [] };
  const unsettledUntil = subscriber.desired ? subscriber.unsettledUntil : null;
  return {
    subscriber: { ...subscriber, ...idle, desired: null, unsettledUntil, dueAt: unsettledUntil },
    accepted: true,
    news: dropped ? [{ eventId: dropped.eventId, state: 'discarded', why }] : [],
  };
}

function applied(
  subscriber: Subscriber,
  effect: Extract<Effect, { kind: 'applied' }>,
  now: number,
  limits: Limits,
): Reaction {
  const { wanted, ageMs, released } = effect;
  const sentAt = now - ageMs;
  // Somebody who held the claim too long: a newer state went out meanwhile, and this one may lie on top of it now.
  if (isBeforeConfirmed(subscriber, effect)) {
    return quietly(inDoubt(underDelete(subscriber, wanted), now, limits));
  }
  // Where this was a delete, the core has nobody to update.
  const left = isLeft(subscriber.desired, wanted) ? underDelete(subscriber, wanted).desired : null;
  const until = watchedUntil(subscriber, now, limits);
  const unsettledUntil = until !== null && sentAt < until ? until : null;
  const next: Subscriber = {
    ...subscriber,
    applied: {
      ...(unsettledUntil === null ? wanted : asKept(subscriber, wanted)),
      version: mergeVersions(subscriber.applied?.version ?? null, wanted.version),
    },
    desired: left,
    // A swap may have been announced since: its release is still to come.
    after: subscriber.after.filter((release) => !released.some((done) => covers(done, release))),
    unsettledUntil,
    dueAt: left ? sooner(subscriber.dueAt, now) : unsettledUntil,
    waitingSince: left ? subscriber.waitingSince : null,
    attempts: 0,
    dead: left ? subscriber.dead : null,
  };
  const news: EventNews[] = [{ eventId: wanted.eventId, state: 'processed' }];
  return { subscriber: next, accepted: true, news: left ? news : [...overtaken(subscriber, wanted), ...news] };
}

/** Whether something was confirmed after it was sent: newer by its stamps, or another one since its claim was over. */
function isBeforeConfirmed({ applied }: Subscriber, { wanted, late }: Extract<Effect, { kind: 'applied' }>): boolean {
  if (applied === null) return false;
  const order = compareVersions(wanted.version, applied.version);
  return order < 0 || (late === true && order === 0 && applied.eventId !== wanted.eventId);
}

/**
 * Until when the core may still apply an earlier call. Never longer than such a watch lasts when it begins now: more was said by
 * a clock that was ahead, or by another setting.
 */
function watchedUntil({ unsettledUntil }: Subscriber, now: number, { settleAfterMs }: Limits): number | null {
  return unsettledUntil === null ? null : Math.min(unsettledUntil, now + settleAfterMs);
}

/**
 * Whether what is desired is still to be done once `sent` is confirmed. Where the stamps do not tell which came first, a
 * promise is kept; an attempt that nobody was promised does not undo what was confirmed after it.
 */
function isLeft(desired: Wanted | null, sent: Wanted): boolean {
  if (desired === null) return false;
  // His insert came in while his release met nobody in the core.
  if (sent.missing && desired.change.action === 'insert') return !olderThan(desired.version, sent);
  if (!isAnother(desired, sent)) return false;
  return desired.owed ? !olderThan(desired.version, sent) : olderThan(sent.version, desired);
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
  const another = marked.desired !== null && (isAnother(marked.desired, wanted) || isInsertSince(subscriber, effect));
  // Something newer came in meanwhile, or the insert that it lacked: the failure is of no more interest.
  if (another) return quietly({ ...marked, dueAt: sooner(marked.dueAt, now) });
  if (result === 'rejected' && marked.desired && !marked.desired.owed) {
    // Nobody was promised anything, and NSPS is told the refusal: what the core confirmed last counts again. An earlier attempt
    // may still be carried out, over whatever is confirmed first.
    return quietly({ ...marked, ...idle, desired: null, dueAt: marked.unsettledUntil });
  }
  if (effect.retryInMs === null) {
    return quietly(result === 'unsure' ? { ...marked, dueAt: sooner(marked.dueAt, marked.unsettledUntil) } : marked);
  }
  return tryAgain(marked, effect, effect.retryInMs, now, limits);
}

/** A promise was sent as an update and refused, and came to be an insert meanwhile. */
function isInsertSince({ desired }: Subscriber, { wanted, result }: Extract<Effect, { kind: 'failed' }>): boolean {
  const became = desired?.change.action === 'insert' && isUpdate(wanted.change);
  return result === 'rejected' && became && desired.owed;
}

const idle = { waitingSince: null, attempts: 0, dead: null } as const;

function tryAgain(
  subscriber: Subscriber,
  { wanted, result, why, counts }: Extract<Effect, { kind: 'failed' }>,
  retryInMs: number,
  now: number,
  { maxAttempts, maxAgeMs }: Limits,
): Reaction {
  // Later than now it began by a clock that was ahead.
  const waitingSince = Math.min(subscriber.waitingSince ?? now, now);
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
  // A promise is in its place. One that is not was discarded while it was sent once more: that stays so.
  const known =
    wanted.owed ||
    isStale(subscriber, wanted.version) ||
    isConfirmed(subscriber, wanted) ||
    isPromisedSince(subscriber, wanted);
  const kept = underDelete(subscriber, wanted);
  return {
    ...(known ? kept : inPlaceOfDesired(kept, wanted, now)),
    unsettledUntil: now + limits.settleAfterMs,
  };
}

/**
 * A delete whose result is not known, or comes too late, may take away whoever is there: all that is known of him is kept as an
 * insert, also what is older, which counts again should the delete be dropped.
 */
function underDelete(subscriber: Subscriber, sent: Wanted | null): Subscriber {
  if (sent?.change.action !== 'delete') return subscriber;
  const kept = (one: Wanted | null) => one && asInsert(one);
  return { ...subscriber, applied: kept(subscriber.applied), desired: kept(subscriber.desired) };
}

/**
 * A state takes the place of what is desired. Where that was a promise, this is one too: if the core refused it later, the
 * promise would be lost with it. Where it was a dead letter, this is none.
 */
function inPlaceOfDesired(subscriber: Subscriber, wanted: Wanted, now: number): Subscriber {
  const { desired, dead, unsettledUntil } = subscriber;
  const known = newest(subscriber);
  const owed = wanted.owed || (desired?.owed ?? false);
  const version = mergeVersions(known?.version ?? null, wanted.version);
  const revived = dead !== null && known?.eventId !== wanted.eventId;
  return {
    ...subscriber,
    ...(revived && { ...idle, dueAt: owed ? now : unsettledUntil, waitingSince: owed ? now : null }),
    desired: { ...inKeptForm(subscriber, wanted), version, owed },
  };
}

/** Whether another promise, no older by its stamps, was made while the attempt was under way: it stays. */
function isPromisedSince({ desired }: Subscriber, wanted: Wanted): boolean {
  return desired?.owed === true && isAnother(desired, wanted) && !olderThan(desired.version, wanted);
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
  return { ...marked, dueAt: sooner(marked.dueAt, marked.unsettledUntil) };
}

/** @param retryInMs null when somebody else comes back. */
function untouched(subscriber: Subscriber, retryInMs: number | null, now: number): Subscriber {
  const { unsettledUntil } = subscriber;
  // There is nothing to confirm, and nothing to come any more that would have to be put right.
  if (newest(subscriber) === null && unsettledUntil !== null && unsettledUntil <= now) {
    return { ...subscriber, unsettledUntil: null, dueAt: null };
  }
  return retryInMs === null ? subscriber : { ...subscriber, dueAt: now + Math.ceil(retryInMs) };
}

function sooner(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
