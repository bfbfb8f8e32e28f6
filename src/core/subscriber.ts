import type { Change } from './types.ts';
import { compareVersions, isSameVersion, type Version } from './version.ts';

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
  /**
   * The core answered a release that it has no such subscriber: all that is confirmed is that he has no number there. An insert
   * that comes afterwards is then what the core lacked, even if its event is older. Absent as a rule.
   */
  readonly missing?: true;
}

/** A SIM that has to give its number back before another one is given it (G5). */
export interface Release {
  readonly version: Version;
  readonly change: Change;
}

/** What is known of one subscriber (a SIM). */
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

/**
 * Something that happens to a subscriber. Those marked (claim) come from whoever holds him, and end the claim that `claim`
 * names: whoever comes too late does not end the claim of the next. Without a name, that of this process ends.
 */
export type Effect = { readonly imsi: string } & (
  | {
      /** NSPS is told that this will be done. */
      readonly kind: 'want';
      readonly wanted: Wanted;
      readonly after: readonly Release[];
    }
  /**
   * A swap begins, and NSPS owns its retry. Whatever comes of its event, the new SIM waits for `after`, and the old one is to
   * become `wanted`.
   */
  | { readonly kind: 'expect'; readonly after: readonly Release[]; readonly wanted: Wanted | null }
  /** The newest state is to be sent again: an operator wants it, or what a dead letter lacked has come. */
  | { readonly kind: 'resync' }
  /** An operator gives up on a dead letter: on that of the event he saw, if he saw it, and on no other. */
  | { readonly kind: 'discard'; readonly why: string; readonly eventId?: string }
  /** (claim) The core confirmed a state that was sent `ageMs` ago, after these releases. */
  | {
      readonly kind: 'applied';
      readonly wanted: Wanted;
      readonly ageMs: number;
      readonly released: readonly Release[];
      readonly claim?: string;
      /** The claim is over: others may have sent something since. Absent as a rule. */
      readonly late?: true;
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
      readonly claim?: string;
    }
  /**
   * (claim) An event was older than what is known. NSPS may be sending it again because an earlier call for it, which sent
   * `wanted`, ended without an answer.
   */
  | { readonly kind: 'stale'; readonly eventId: string; readonly wanted?: Wanted; readonly claim?: string }
  /** (claim) Nothing was sent; come back in `retryInMs`, or when somebody else does. */
  | { readonly kind: 'untouched'; readonly retryInMs: number | null; readonly claim?: string }
  /** A claim was found whose holder is gone: it may have sent this. */
  | { readonly kind: 'abandoned'; readonly wanted: Wanted | null }
);

/** What an effect means for an event that was heard of earlier. */
export interface EventNews {
  readonly eventId: string;
  readonly state: 'processed' | 'superseded' | 'queued' | 'dead' | 'discarded';
  readonly why?: string;
}

/** What becomes of a subscriber by an effect. */
export interface Reaction {
  readonly subscriber: Subscriber;
  /** False when something newer is already known, or (resync, discard) there is nothing to do it to. */
  readonly accepted: boolean;
  readonly news: readonly EventNews[];
}

/** How long, and how often, something is tried. */
export interface Limits {
  /** How long after an attempt without a known result the core may still come to it. */
  readonly settleAfterMs: number;
  /** Attempts of our own before an event is a dead letter; 0 = no limit. */
  readonly maxAttempts: number;
  /** And how long; 0 = no limit. */
  readonly maxAgeMs: number;
  /** No pause is longer, whatever asks for it: a time further ahead was written by a clock that was wrong. */
  readonly longestRestMs: number;
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
 * A state as it is sent. An insert of somebody whom the core may have (it confirmed a state of his, or may have applied one of
 * unknown result) goes out as an update: a second insert would be refused, and the update carries the same full state
 * (contract §4).
 */
export function asSent({ applied, unsettledUntil }: Subscriber, wanted: Wanted): Wanted {
  const { change } = wanted;
  if (change.action !== 'insert') return wanted;
  const there = !isAbsent(applied) || unsettledUntil !== null;
  return there ? { ...wanted, change: { ...change, action: 'update' } } : wanted;
}

/**
 * Whether a change, by whichever name, gives somebody who is there his full state (contract §3): sent as an insert, it would do
 * the same for somebody who is not. `unset` and `delete` take something away, which no insert must put there.
 */
export function isUpdate({ action }: Change): boolean {
  return action === 'update' || action === 'set' || action === 'modify';
}

/** An insert carries the same full state as an update (contract §4). */
export function asInsert(wanted: Wanted): Wanted {
  const { change } = wanted;
  return isUpdate(change) ? { ...asThere(wanted), change: { ...change, action: 'insert' } } : wanted;
}

/** The same state without the mark that the core had nobody for it. */
export function asThere(wanted: Wanted): Wanted {
  if (!wanted.missing) return wanted;
  const { missing: _, ...there } = wanted;
  return there;
}

/**
 * Whether a late event is an insert that the core lacks: it had nobody for a release, or has nobody for what overtook the
 * insert. Then the newest state is to be inserted, since an older one is not sent (G2).
 */
export function isInsertLacked({ applied, desired }: Subscriber, late: Wanted): boolean {
  if (late.change.action !== 'insert') return false;
  const overtaken = olderThan(late.version, desired) && !olderThan(late.version, applied);
  return applied?.missing === true || (isAbsent(applied) && overtaken);
}

/**
 * Whether a delete that ended without a known result may still take somebody away. Until that is settled, every newer state is
 * kept as an insert (`asKept`); that he is in doubt and has an insert is all that tells of the delete. Such an insert goes out as
 * an update first (`asSent`), and as an insert only when the core says that he is gone.
 */
function mayBeDeleted({ applied, desired, unsettledUntil }: Subscriber): boolean {
  if (unsettledUntil === null) return false;
  if (desired === null) return applied?.change.action === 'insert';
  return desired.change.action === 'insert' || desired.change.action === 'delete';
}

/** A newer state as it is kept and sent: as an insert where a delete may still come over it. */
export function asKept(subscriber: Subscriber, wanted: Wanted): Wanted {
  return mayBeDeleted(subscriber) ? asInsert(wanted) : wanted;
}

/** Whether the core has nobody, by what it confirmed last. */
export function isAbsent(applied: Wanted | null): boolean {
  return applied === null || applied.change.action === 'delete' || applied.missing === true;
}

/** Whether `version` is older than something known of the subscriber. */
export function isStale(subscriber: Subscriber, version: Version): boolean {
  return olderThan(version, subscriber.desired) || olderThan(version, subscriber.applied);
}

/** Whether `version` is older than that of a state; never when there is no state. */
export function olderThan(version: Version, wanted: Wanted | null): boolean {
  return wanted !== null && compareVersions(version, wanted.version) < 0;
}

/** Whether a SIM has this number by a state. */
export function gives(wanted: Wanted | null, number: string): boolean {
  return wanted !== null && isGrant(wanted.change) && wanted.change.state.msisdn === number;
}

/** The newest state of a SIM, of those newer than `version`, by which a number is its own; null when there is none. */
export function newestWith({ applied, desired }: Subscriber, number: string, version: Version): Wanted | null {
  return [desired, applied].find((one) => gives(one, number) && olderThan(version, one)) ?? null;
}

/**
 * A grant of a number is what has to wait for releases; anything else takes nothing from anybody. So does a delete, though billing
 * may still name the number that its SIM had.
 */
export function isGrant({ action, state }: Change): boolean {
  return action !== 'delete' && state.msisdn !== null;
}

/** The releases that a grant of this version has to wait for. */
export function releasesBefore(subscriber: Subscriber, wanted: Wanted): readonly Release[] {
  return isGrant(wanted.change) ? releasesUpTo(subscriber, wanted.version) : [];
}

/**
 * The releases that had to come before a SIM's number of this version. A SIM that takes the number over has to wait for the
 * same ones, since this one may never have got it.
 */
export function releasesUpTo(subscriber: Subscriber, version: Version): readonly Release[] {
  return subscriber.after.filter((release) => compareVersions(release.version, version) <= 0);
}

/** Whether two releases are one: of the same SIM, for the same swap by all that tells. */
export function isSameRelease(a: Release, b: Release): boolean {
  return a.change.state.imsi === b.change.state.imsi && isSameVersion(a.version, b.version);
}

/** Whether a release that was done is this one, or a later one of the same SIM. */
export function covers(done: Release, release: Release): boolean {
  const sameSim = done.change.state.imsi === release.change.state.imsi;
  return sameSim && compareVersions(done.version, release.version) >= 0;
}

/**
 * All releases, each once. Of two of the same SIM both are kept: a number may be older than the later one, and wait for the
 * earlier one only. They are forgotten with the first number that waited for them.
 */
export function mergeReleases(known: readonly Release[], more: readonly Release[]): readonly Release[] {
  const fresh = more.filter((release) => !known.some((one) => isSameRelease(one, release)));
  return fresh.length === 0 ? known : [...known, ...fresh];
}

/**
 * Whether a SIM gave its number back, by what is known of it. Where the versions do not tell which of the two came first, the
 * number does: a SIM that holds it has not released it. Nor has one that still waits for something which may be the release.
 * @param number the one that is to be given to another SIM.
 */
export function isReleased({ applied, desired }: Subscriber, release: Release, number: string | null): boolean {
  const order = applied ? compareVersions(applied.version, release.version) : -1;
  if (order !== 0) return order > 0;
  const pending = desired !== null && compareVersions(desired.version, release.version) <= 0;
  return !pending && applied?.change.state.msisdn !== number;
}

/**
 * The release alone, in place of a newer state that has to wait. Where the core may have got the newer state already, the
 * release is sent under that one's version, so that it is no older (G2).
 */
export function bareRelease({ desired, unsettledUntil }: Subscriber, release: Wanted): Wanted {
  const sent = unsettledUntil !== null && olderThan(release.version, desired);
  return sent && desired ? { ...release, version: desired.version } : release;
}
