import { pause } from '../basics/pause.ts';
import { type Failed, type Failure, mayRepeat, pauseBeforeRepeat } from '../core/outcome.ts';
import {
  asInsert,
  asKept,
  bareRelease,
  type Effect,
  isGrant,
  isInsertLacked,
  isStale,
  newest,
  olderThan,
  type Release,
  releasesBefore,
  releasesUpTo,
  type Subscriber,
  type Wanted,
} from '../core/subscriber.ts';
import type { Clock, Random } from '../ports/runtime.ts';
import { type Attempt, effectsOnly, type Held, type Store } from '../ports/store.ts';
import type { CallContext } from '../ports/target.ts';
import {
  type Arrival,
  CROWDED,
  type Delivered,
  type Delivery,
  entryOf,
  noteInPassing,
  storeFailure,
} from './arrival.ts';
import type { Attempts } from './attempts.ts';
import { SubscriberLines } from './lines.ts';
import { asRelease, CLAIM_MARGIN_MS, effectOf, NO_TURN, type Pushed, push, untouched } from './push.ts';
import { RefusedInserts } from './refused-inserts.ts';
import { type Before, NOTHING_BEFORE, Released } from './releases.ts';

interface InlineLimits {
  /** One event's whole budget, waiting and repeats included, in milliseconds. */
  readonly deadlineMs: number;
  /** Repeats after the first attempt. */
  readonly retries: number;
  /** Events inside at a time: being called for, or waiting. One more is turned away at once. */
  readonly capacity: number;
}

/** How often a subscriber held elsewhere (another instance, the connector's own work) is asked for, in milliseconds. */
const ASK_AGAIN_MS = { first: 5, longest: 200 };

/** One event under way. */
interface Course {
  readonly arrival: Arrival;
  readonly context: CallContext;
  readonly attempts: Attempt[];
  readonly released: Released;
  /** Changes of its own that were sent. */
  sent: number;
}

type Step =
  | { readonly kind: 'sent' | 'stale' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly wanted: Wanted }
  /** These come first; then it is looked at again. */
  | { readonly kind: 'first'; readonly releases: readonly Wanted[] }
  /** It failed, and may be sent again. */
  | { readonly kind: 'again'; readonly inMs: number };

/** Where a change of an event stands. */
interface Leg {
  readonly wanted: Wanted;
  readonly course: Course;
  /** Whether this is all that the event wants: then the journal is told with it. */
  readonly ends: boolean;
  /** The SIMs that wait for it, each for the next: none where it is the event's own. */
  readonly chain: readonly string[];
  /** From 1. */
  attempt: number;
  /** When its subscriber was asked for last, on the clock's `now()`. */
  askedAt: number;
}

/** @param before what was known of the subscriber when he was called for. */
type Done = (confirmed: Pushed, before: Subscriber) => Promise<void>;

type Ended = Extract<Step, { kind: 'sent' | 'stale' | 'failed' }>;

/** Delivery while NSPS waits: the core's true answer is the answer, and NSPS owns the retry. */
export class InlineDelivery implements Delivery {
  readonly #store: Store;
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: InlineLimits;
  readonly #lines: SubscriberLines;
  readonly #refused = new RefusedInserts();
  readonly #done: Done;
  #inside = 0;

  /** @param parts.done hears of what is confirmed, once that is written; NSPS does not wait for what comes of it. */
  constructor(parts: {
    store: Store;
    attempts: Attempts;
    clock: Clock;
    random: Random;
    limits: InlineLimits;
    done: Done;
  }) {
    this.#store = parts.store;
    this.#done = parts.done;
    this.#attempts = parts.attempts;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#limits = parts.limits;
    this.#lines = new SubscriberLines(parts.clock);
  }

  /** Events being delivered now. */
  get inside(): number {
    return this.#inside;
  }

  async deliver(arrival: Arrival, attempts: Attempt[]): Promise<Delivered> {
    if (this.#inside >= this.#limits.capacity) return CROWDED;
    this.#inside++;
    try {
      const { requestId, uniqueId, eventId } = arrival.draft;
      const context = { requestId, uniqueId, deadline: this.#clock.now() + this.#limits.deadlineMs };
      const course: Course = { arrival, context, attempts, released: new Released(this.#store), sent: 0 };
      const { version, changes } = arrival.decision;
      const wanted = changes.map((change) => ({ version, change, eventId, owed: false }));
      const [first, second] = wanted;
      if (second) await this.#announce(first as Wanted, second);
      for (const one of wanted) {
        const step = await this.#provision(legOf({ wanted: one, course, ends: one === wanted.at(-1), chain: [] }));
        if (step.kind === 'failed') return told(step);
      }
      return { kind: course.sent > 0 ? 'processed' : 'superseded' };
    } catch (error) {
      return storeFailure(error);
    } finally {
      this.#inside--;
    }
  }

  /** A swap: whatever becomes of this event, nobody gives the new SIM the number before the old one lost it (G5). */
  async #announce(release: Wanted, grant: Wanted): Promise<void> {
    await this.#store.write(
      effectsOnly(
        { kind: 'expect', imsi: release.change.state.imsi, after: [], wanted: release },
        { kind: 'expect', imsi: grant.change.state.imsi, after: [release], wanted: null },
      ),
    );
  }

  async #provision(leg: Leg): Promise<Ended> {
    for (;;) {
      const step = await this.#turn(leg);
      if (step.kind === 'again') {
        // Out of the line: whatever came in meanwhile goes first, and may make this one superfluous.
        await pause(this.#clock, step.inMs);
        leg.attempt++;
        this.#attempts.repeating('event');
      } else if (step.kind === 'first') {
        const failure = await this.#releaseFirst(step.releases, leg);
        if (failure) return failure;
      } else {
        if (step.kind !== 'failed') leg.course.released.add(leg.wanted);
        return step;
      }
    }
  }

  /** @returns the failure of one; null when all of them are done. */
  async #releaseFirst(releases: readonly Wanted[], { wanted, course, chain }: Leg): Promise<Ended | null> {
    const waiting = [...chain, wanted.change.state.imsi];
    for (const release of releases) {
      const done = await this.#provision(legOf({ wanted: release, course, ends: false, chain: waiting }));
      if (done.kind === 'failed') return done;
    }
    return null;
  }

  #noTurn({ wanted, course }: Leg): Ended {
    const step = { kind: 'failed', failure: NO_TURN, wanted } as const;
    noteInPassing(this.#store, entryOf(course.arrival.draft, told(step), course.attempts));
    return step;
  }

  /** Its turn in the subscriber's line. */
  async #turn(leg: Leg): Promise<Step> {
    const { wanted, course } = leg;
    const { imsi } = wanted.change.state;
    const { deadline } = course.context;
    if (!this.#lines.tryEnter(imsi) && !(await this.#lines.enter(imsi, wanted.version, deadline))) {
      return this.#noTurn(leg);
    }
    try {
      const held = (await this.#claim(leg)) ?? (await this.#claimLater(leg));
      if (!held) return this.#noTurn(leg);
      const stale = isStale(held, wanted.version);
      if (stale && leg.ends) return await this.#stale(held, leg);
      // A SIM that gives its number on may never have got it: what it had to wait for comes before that, too.
      const releases = isGrant(wanted.change) || !leg.ends ? releasesUpTo(held, wanted.version) : [];
      const nothing = releases.length === 0;
      const { missing, overtaken } = nothing ? NOTHING_BEFORE : await this.#before(held, wanted, releases, course);
      // Those of the chain come last: they wait for this one, and lose the number before they are given it.
      const first = missing.filter((release) => !isOf(leg.chain, release));
      if (first.length > 0) return await this.#releasesFirst(held, first, leg);
      if (stale) return await this.#stale(held, leg);
      if (overtaken) return await this.#notGiven(held, overtaken, leg);
      return await this.#send(held, leg, isGrant(wanted.change) ? releases : []);
    } finally {
      this.#lines.leave(imsi);
    }
  }

  /** What a number has to wait for. Nobody stays held because that could not be looked up. */
  async #before(held: Held, wanted: Wanted, releases: readonly Release[], { released }: Course): Promise<Before> {
    try {
      return await released.before(wanted, releases);
    } catch (error) {
      await this.#store.write(effectsOnly(untouched(held, null))).catch(() => {});
      throw error;
    }
  }

  async #notGiven(held: Held, { failure }: Failed, { wanted, course }: Leg): Promise<Step> {
    return await this.#fail(untouched(held, null), failure, wanted, course);
  }

  /** Lets go of this one while the releases are done: whoever holds one of those SIMs may be waiting for this one. */
  async #releasesFirst(held: Held, releases: readonly Release[], { wanted, course }: Leg): Promise<Step> {
    await this.#settle([untouched(held, null)], course, null);
    const { eventId } = wanted;
    return { kind: 'first', releases: releases.map((release) => ({ ...release, eventId, owed: false })) };
  }

  /**
   * Sends a state of somebody who is held.
   * @returns null when a release came to be required since he was asked for: then nothing was sent.
   */
  #push(held: Held, wanted: Wanted, releases: readonly Release[], { course, askedAt }: Leg): Promise<Pushed | null> {
    const { released, context } = course;
    return push(this.#attempts, held, wanted, releases, context, released.still(wanted, askedAt));
  }

  /** @returns null when somebody else holds the subscriber, or when it is too late. */
  #claim(leg: Leg): Promise<Held | null> {
    const { wanted, course } = leg;
    leg.askedAt = this.#clock.now();
    const left = course.context.deadline - leg.askedAt;
    if (left <= 0) return Promise.resolve(null);
    return this.#store.claim(wanted.change.state.imsi, wanted, left + CLAIM_MARGIN_MS);
  }

  /** Waits for whoever holds the subscriber. @returns null when the deadline came first. */
  async #claimLater(leg: Leg): Promise<Held | null> {
    const { deadline } = leg.course.context;
    for (let restMs = ASK_AGAIN_MS.first; ; restMs = Math.min(restMs * 2, ASK_AGAIN_MS.longest)) {
      const left = deadline - this.#clock.now();
      if (left <= 0) return null;
      await pause(this.#clock, Math.min(restMs, left));
      const held = await this.#claim(leg);
      if (held) return held;
    }
  }

  /**
   * G2: what is older than what the core was given is not sent. While the core may still come to something older, the
   * newest is sent once more instead: NSPS sending again is a sign that the core has had its time.
   */
  async #stale(held: Held, leg: Leg): Promise<Step> {
    const { imsi, claim, applied, desired, unsettledUntil } = held;
    const { wanted, course } = leg;
    const newer = olderThan(wanted.version, desired) ? desired : null;
    // A number is not free because it is promised that its SIM will be something else; it is once it was something else.
    const unconfirmed =
      newer !== null && (leg.ends ? !isOnItsWay(held, newer, wanted) : !olderThan(wanted.version, applied));
    // What the core lacked, having nobody, comes as what overtook it.
    const lacked = isInsertLacked(held, wanted);
    const known = newest(held);
    const latest = known && lacked ? asInsert(known) : known;
    const safe = latest !== null && releasesBefore(held, latest).length === 0;
    if (latest && (unconfirmed || lacked || (unsettledUntil !== null && safe))) {
      return await this.#confirm(held, latest, leg, unconfirmed || lacked);
    }
    const { eventId } = wanted;
    await this.#settle([{ kind: 'stale', imsi, eventId, wanted, claim }], course, this.#endingOf(leg));
    return { kind: 'stale' };
  }

  /**
   * Sends the newest state in place of one that is older.
   * @param unconfirmed whether that has to succeed before the older one is dropped: the newest was neither confirmed nor
   *   promised, or a number is to be free by it.
   */
  async #confirm(held: Held, latest: Wanted, leg: Leg, unconfirmed: boolean): Promise<Step> {
    const { wanted, course } = leg;
    const releases = releasesBefore(held, latest);
    const { missing: first, overtaken } = await this.#before(held, latest, releases, course);
    // Each waits for the other: somebody has to begin, and is without a number until the others have theirs.
    if (first.some((release) => isOf(leg.chain, release)) || (overtaken && !leg.ends)) {
      return await this.#send(held, { ...leg, wanted: bareRelease(held, wanted) }, []);
    }
    if (overtaken) return await this.#notGiven(held, overtaken, leg);
    if (first.length > 0) return await this.#releasesFirst(held, first, leg);
    const pushed = await this.#push(held, latest, releases, leg);
    if (!pushed) return await this.#releasesFirst(held, [], leg);
    course.attempts.push(...pushed.attempts);
    const effect = effectOf(pushed, held, nobody);
    if (pushed.outcome.kind === 'failed' && unconfirmed) {
      return await this.#fail(effect, pushed.outcome.failure, wanted, course);
    }
    await this.#settle([effect], course, this.#endingOf(leg));
    void this.#done(pushed, held);
    return { kind: 'stale' };
  }

  async #send(held: Held, leg: Leg, releases: readonly Release[]): Promise<Step> {
    const { wanted, course } = leg;
    const own = leg.ends ? this.#refused.inItsPlace(held, asKept(held, wanted)) : { known: held, wanted };
    const sent = await this.#push(own.known, own.wanted, releases, leg);
    if (!sent) return await this.#releasesFirst(held, [], leg);
    this.#refused.learn(sent);
    // A leg that something else waits for is a release, which is as good as done where the core has nobody.
    const pushed = leg.ends ? sent : asRelease(sent);
    course.attempts.push(...pushed.attempts);
    const effect = effectOf(pushed, held, nobody);
    if (pushed.outcome.kind === 'failed') {
      const inMs = this.#repeatIn(pushed.outcome.failure, leg);
      if (inMs === null) return await this.#fail(effect, pushed.outcome.failure, wanted, course);
      await this.#settle([effect], course, null);
      return { kind: 'again', inMs };
    }
    if (leg.chain.length === 0) course.sent++;
    await this.#settle([effect], course, this.#endingOf(leg));
    void this.#done(pushed, held);
    return { kind: 'sent' };
  }

  /** Only what is safe to repeat is, and only while the deadline leaves room. @returns null when it is not repeated. */
  #repeatIn(failure: Failure, { wanted, course, attempt }: Leg): number | null {
    if (attempt > this.#limits.retries || !mayRepeat(failure.code, wanted.change.action)) return null;
    const inMs = pauseBeforeRepeat(attempt, failure, this.#random());
    const late = this.#clock.now() + inMs >= course.context.deadline;
    return late || this.#attempts.rest > 0 ? null : inMs;
  }

  async #fail(effect: Effect, failure: Failure, wanted: Wanted, course: Course): Promise<Step> {
    const step = { kind: 'failed', failure, wanted } as const;
    await this.#settle([effect], course, told(step));
    return step;
  }

  /** What the journal is told once this leg is done; null while the event goes on. */
  #endingOf({ course, ends }: Leg): Delivered | null {
    return ends ? { kind: course.sent > 0 ? 'processed' : 'superseded' } : null;
  }

  /** @param end what the journal is told about the event; null when it goes on. */
  #settle(effects: readonly Effect[], course: Course, end: Delivered | null): Promise<unknown> {
    const entry = end && entryOf(course.arrival.draft, end, course.attempts);
    return this.#store.write({ entry, story: null, effects });
  }
}

/** Where it begins. */
function legOf(leg: Omit<Leg, 'attempt' | 'askedAt'>): Leg {
  return { ...leg, attempt: 1, askedAt: 0 };
}

/**
 * Whether a newer state is promised and on its way. A dead letter is not: a late event may be what it lacked, and must not be
 * dropped because of it (G3).
 */
function isOnItsWay({ applied, dead }: Subscriber, newer: Wanted, late: Wanted): boolean {
  return newer.owed && (dead === null || olderThan(late.version, applied));
}

function told({ failure, wanted }: Extract<Step, { kind: 'failed' }>): Delivered {
  return { kind: 'failed', failure, change: wanted.change };
}

function isOf(chain: readonly string[], { change }: Release): boolean {
  return chain.includes(change.state.imsi);
}

/** NSPS owns the retry. */
const nobody = () => null;
