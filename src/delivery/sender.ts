import { FAILURES, type Failed, type Failure, failed } from '../core/outcome.ts';
import {
  bareRelease,
  isGrant,
  isReleased,
  isStale,
  newest,
  olderThan,
  type Release,
  releasesBefore,
  type Subscriber,
  type Wanted,
} from '../core/subscriber.ts';
import type { Clock, TraceIds } from '../ports/runtime.ts';
import type { Held, Store } from '../ports/store.ts';
import type { CallContext } from '../ports/target.ts';
import type { Attempts } from './attempts.ts';
import { wereCalledBy } from './freed.ts';
import { asRelease, type Pushed, push } from './push.ts';
import { type Before, isFree, Released } from './releases.ts';

/** What keeps a number from being given: its SIM is held by somebody (`held`), or what came of its release. */
type Obstacle = 'held' | Failed;

/** The number cannot be given yet. */
interface Blocked {
  readonly wanted: Wanted;
  readonly obstacle: Obstacle;
}

/** Somebody who was taken hold of. */
interface Claimed {
  readonly held: Held;
  /** What is found, should this process die with him held: it may have been sent. */
  readonly noted: Wanted | null;
  /** When he was asked for, on the clock's `now()`. */
  readonly askedAt: number;
}

interface SenderParts {
  readonly store: Store;
  readonly attempts: Attempts;
  readonly clock: Clock;
  /** How long a SIM is held that releases its number, in milliseconds. */
  readonly holdMs: number;
  /**
   * Keeps what came of a SIM that was called for on behalf of another one.
   * @param comesBack whether it is tried again for its own sake, too, when that failed.
   */
  settle(pushed: Pushed, held: Held, ids: TraceIds, comesBack: boolean): Promise<void>;
  letGo(held: Held): Promise<void>;
}

/**
 * Sends what the connector itself has to send, once the number it gives is free (G5). It holds a subscriber while it calls
 * for those who have his number; it never waits for them, so that two who hold each other's both give up and come back.
 */
export class Sender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /**
   * Sends what is to be sent of somebody. Swaps are announced while others are called for that: only when a look
   * finds no release that is not done is it sent.
   * @param choose what is to be sent, of what is known; null when nothing is. Asked for something that waits for nobody when
   *   what it chose would keep the chain waiting.
   * @param chain the SIMs that wait for this one, each for the next: empty when it is sent for its own sake.
   * @returns null when nothing was.
   */
  async send(
    { held, noted, askedAt }: Claimed,
    choose: (known: Subscriber, isStuck: boolean) => Wanted | null,
    context: CallContext,
    chain: readonly string[] = [],
  ): Promise<Pushed | Blocked | null> {
    const { store, attempts, clock } = this.#parts;
    const released = new Released(store);
    let isStuck = false;
    let [known, knownAt]: [Subscriber, number] = [held, askedAt];
    for (; ; [knownAt, known] = [clock.now(), await store.look(held.imsi)]) {
      const wanted = choose(known, isStuck);
      if (!wanted) return null;
      if (isUnnotedDelete(wanted, noted)) return { wanted, obstacle: 'held' };
      const releases = releasesBefore(known, wanted);
      const before = await released.before(wanted, releases);
      isStuck = keepsWaiting(before, chain);
      if (isStuck) continue;
      if (isFree(before)) {
        const still = released.still(wanted, knownAt);
        const pushed = await push(attempts, known, wanted, releases, context, still);
        if (pushed) return await this.#unlessStillHeld(pushed, chain);
      }
      const obstacle =
        before.overtaken ?? (await this.#releaseAll(before.missing, wanted, context, [...chain, held.imsi]));
      if (obstacle) return { wanted, obstacle };
      released.add(...before.missing);
    }
  }

  /**
   * A core that refuses a number in use may refuse it because a SIM that gave it back has it again, or has it still, by a call
   * of unknown result. That passes: what such a SIM is to be is confirmed when its time is over.
   */
  async #unlessStillHeld(pushed: Pushed, chain: readonly string[]): Promise<Pushed> {
    const { wanted, outcome, released } = pushed;
    if (outcome.kind === 'done' || FAILURES[outcome.failure.code].kind !== 'rejected') return pushed;
    const { why } = outcome.failure;
    const { imsi: own, msisdn } = wanted.change.state;
    if (msisdn === null) return pushed;
    const { store } = this.#parts;
    for (const imsi of await wereCalledBy(msisdn, own, released, store)) {
      // One of the chain waits for this very SIM: it would wait for ever.
      // Where the store fails nobody can tell; what came of the call is kept all the same, and the next one tells.
      const code = chain.includes(imsi) ? null : await this.#mayHold(imsi).catch(() => 'number_held' as const);
      if (code) return { ...pushed, outcome: failed(code, `${why} (${imsi} may hold it: a call has no known result)`) };
    }
    return pushed;
  }

  /**
   * Whether a SIM may have a number by a call of unknown result: what it is to whoever wants that number. Until the core had its
   * time that is no attempt of his, nor after it where the other one has nothing to wait for and comes to an end by its own limits.
   * Two who want each other's number must not wait for ever.
   */
  async #mayHold(imsi: string): Promise<'number_held' | 'not_released' | null> {
    const { store, holdMs, letGo } = this.#parts;
    const other = await store.claim(imsi, null, holdMs);
    // Somebody calls for it now, or died over that, and his lease is not over.
    if (!other) return 'not_released';
    await letGo(other);
    const { unsettledUntil, dead } = other;
    if (unsettledUntil === null) return null;
    if (unsettledUntil > (await store.now())) return 'number_held';
    // Of a dead letter nothing is confirmed: once the core has had its time, it has what it has.
    if (dead !== null) return null;
    const wanted = newest(other);
    return wanted !== null && isGrant(wanted.change) ? 'not_released' : 'number_held';
  }

  /** @returns null when all of them have; else what the first that has not answered. */
  async #releaseAll(
    releases: readonly Release[],
    grant: Wanted,
    context: CallContext,
    chain: readonly string[],
  ): Promise<Obstacle | null> {
    for (const release of releases) {
      const obstacle = await this.#release(release, grant, context, chain);
      if (obstacle) return obstacle;
    }
    return null;
  }

  /** @returns null when the SIM has given its number back, or something newer came of it. */
  async #release(
    release: Release,
    grant: Wanted,
    context: CallContext,
    chain: readonly string[],
  ): Promise<Obstacle | null> {
    const { store, clock, holdMs, settle, letGo } = this.#parts;
    const { imsi } = release.change.state;
    // Whoever holds it need not be waited for: he may be waiting for the very one whose number this is.
    const seen = await store.look(imsi);
    if (olderThan(release.version, seen.applied)) return null;
    const wanted: Wanted = { ...release, eventId: grant.eventId, owed: false };
    const number = grant.change.state.msisdn;
    const askedAt = clock.now();
    const noted = releaseOf(seen, wanted, number, false) ?? wanted;
    const holder = await store.claim(imsi, noted, holdMs, { durable: true });
    if (!holder) return 'held';
    const choose = (known: Subscriber, isStuck: boolean) => releaseOf(known, wanted, number, isStuck);
    const sent = await this.send({ held: holder, noted, askedAt }, choose, context, chain).catch(
      async (error: unknown) => {
        await letGo(holder).catch(() => {});
        throw error;
      },
    );
    if (sent === null || 'obstacle' in sent) {
      await letGo(holder);
      return sent?.obstacle ?? null;
    }
    const pushed = releasedBy(sent, wanted);
    // Of a SIM of which nothing was promised itself, only the other one's event fails: that comes back, or is a dead letter.
    await settle(pushed, holder, context, holder.desired?.owed === true);
    return pushed.outcome.kind === 'done' ? null : notReleased(imsi, pushed.outcome.failure);
  }
}

/**
 * What a release that failed is to whoever waits for it. He must not be tried without end either, so it is an attempt of his
 * where it is one of the SIM `imsi`.
 */
function notReleased(imsi: string, { code, why, retryAfterMs }: Failure): Failed {
  return failed(FAILURES[code].counts ? 'not_released' : 'number_held', `${imsi} still holds the number: ${why}`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** Whether those who wait for a SIM would wait for one of themselves, or for a number that is another SIM's. */
function keepsWaiting({ missing, overtaken }: Before, chain: readonly string[]): boolean {
  return chain.length > 0 && (overtaken !== null || missing.some(({ change }) => chain.includes(change.state.imsi)));
}

/**
 * A delete that came in after its subscriber was taken hold of has to wait for the next time: the claim does not name it. Should
 * this process die during the call, nothing would tell that the core may have nobody any more, and newer states would be sent as
 * updates.
 */
function isUnnotedDelete({ change, eventId }: Wanted, noted: Wanted | null): boolean {
  return change.action === 'delete' && (noted?.change.action !== 'delete' || noted.eventId !== eventId);
}

/** When the core has nobody, the release is done; something newer that is to have a number itself is not. */
function releasedBy(sent: Pushed, release: Wanted): Pushed {
  const pushed = asRelease(sent);
  const isReleaseOnly = pushed !== sent && isGrant(sent.wanted.change);
  return isReleaseOnly ? { ...pushed, wanted: { ...release, missing: true } } : pushed;
}

/**
 * What is to be sent so that a SIM gives its number back: the release, or something newer that is wanted of it, which may itself
 * be a number that has to be free first. Where that waits for one who waits for this SIM, or for a number that is another SIM's by
 * now, somebody has to begin: the release alone is sent, and the SIM is without a number until the others have theirs. The same
 * where the newer state is a dead letter.
 * @returns null when the number was given back before.
 */
function releaseOf(known: Subscriber, release: Wanted, number: string | null, isStuck: boolean): Wanted | null {
  if (isReleased(known, release, number)) return null;
  if (isStuck || known.dead !== null) return bareRelease(known, release);
  return known.desired !== null && isStale(known, release.version) ? known.desired : release;
}
