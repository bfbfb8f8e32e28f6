import type { Failure } from '../core/outcome.ts';
import { type Effect, isStale, newest, releasesBefore, type Subscriber, type Wanted } from '../core/subscriber.ts';
import { compareVersions } from '../core/version.ts';
import type { Clock } from '../ports/runtime.ts';
import type { Attempt, Store } from '../ports/store.ts';
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
import { effectOf, NO_TURN, push } from './push.ts';

export interface InlineLimits {
  /** One event's whole budget, waiting and repeats included, in milliseconds. */
  readonly deadlineMs: number;
  /** Events inside at a time: being called for, or waiting. One more is turned away at once. */
  readonly capacity: number;
}

/** A claim outlives the call it was made for by so much, in milliseconds: the result has to be written, too. */
export const CLAIM_MARGIN_MS = 5_000;
/** How often a subscriber held elsewhere (another instance, the connector's own work) is asked for, in milliseconds. */
const ASK_AGAIN_MS = { first: 5, longest: 200 };

/** One event under way. */
interface Course {
  readonly arrival: Arrival;
  readonly context: CallContext;
  readonly attempts: Attempt[];
  /** SIMs known to have given their number back. */
  readonly released: Set<string>;
  /** Changes that were sent. */
  sent: number;
}

type Step =
  | { readonly kind: 'sent' | 'stale' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly wanted: Wanted }
  | { readonly kind: 'first'; readonly releases: readonly Wanted[] };

/** Delivery while NSPS waits: the core's true answer is the answer, and NSPS owns the retry. */
export class InlineDelivery implements Delivery {
  readonly #store: Store;
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #limits: InlineLimits;
  readonly #lines: SubscriberLines;
  #inside = 0;

  constructor(parts: { store: Store; attempts: Attempts; clock: Clock; limits: InlineLimits }) {
    this.#store = parts.store;
    this.#attempts = parts.attempts;
    this.#clock = parts.clock;
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
    const { requestId, uniqueId } = arrival.draft;
    const context = { requestId, uniqueId, deadline: this.#clock.now() + this.#limits.deadlineMs };
    try {
      return await this.#carryOut({ arrival, context, attempts, released: new Set(), sent: 0 });
    } catch (error) {
      return storeFailure(error);
    } finally {
      this.#inside--;
    }
  }

  async #carryOut(course: Course): Promise<Delivered> {
    const { decision, draft } = course.arrival;
    const { version, changes } = decision;
    const wanted = changes.map((change) => ({ version, change, eventId: draft.eventId, owed: false }));
    const [first, second] = wanted;
    if (second) await this.#announce(first as Wanted, second);
    for (const [index, one] of wanted.entries()) {
      const step = await this.#provision(one, course, index === wanted.length - 1);
      if (step.kind === 'failed') return told(step);
    }
    return { kind: course.sent > 0 ? 'processed' : 'superseded' };
  }

  /** A swap: whatever becomes of this event, nobody gives the new SIM the number before the old one lost it (G5). */
  async #announce(release: Wanted, grant: Wanted): Promise<void> {
    const effect: Effect = { kind: 'expect', imsi: grant.change.state.imsi, after: [release] };
    await this.#store.write({ entry: null, story: null, effects: [effect] });
  }

  /** @param ends whether this is all that the event wants: then the journal is told with it. */
  async #provision(wanted: Wanted, course: Course, ends: boolean): Promise<Step> {
    const { imsi } = wanted.change.state;
    for (;;) {
      const step = await this.#lines.run(imsi, wanted.version, course.context.deadline, () =>
        this.#turn(wanted, course, ends),
      );
      if (step === null) return this.#noTurn(wanted, course);
      if (step.kind !== 'first') {
        if (step.kind === 'sent' || step.kind === 'stale') course.released.add(keyOf(wanted));
        return step;
      }
      for (const release of step.releases) {
        const done = await this.#provision(release, course, false);
        if (done.kind === 'failed') return done;
      }
    }
  }

  #noTurn(wanted: Wanted, course: Course): Step {
    const step = { kind: 'failed', failure: NO_TURN, wanted } as const;
    noteInPassing(this.#store, entryOf(course.arrival.draft, told(step), course.attempts));
    return step;
  }

  async #turn(wanted: Wanted, course: Course, ends: boolean): Promise<Step> {
    const held = await this.#hold(wanted, course.context.deadline);
    if (!held) return this.#noTurn(wanted, course);
    if (isStale(held, wanted.version)) return await this.#stale(held, wanted, course, ends);
    const first = releasesBefore(held, wanted)
      .map((release) => ({ ...release, eventId: wanted.eventId, owed: false }))
      .filter((release) => !course.released.has(keyOf(release)));
    if (first.length === 0) return await this.#send(wanted, course, ends);
    // Not while holding this one: whoever holds the other may be waiting for this one.
    await this.#settle([{ kind: 'untouched', imsi: held.imsi, retryInMs: null }], course, null);
    return { kind: 'first', releases: first };
  }

  /** Takes hold of the subscriber, waiting for whoever holds him. @returns null when the deadline came first. */
  async #hold(wanted: Wanted, deadline: number): Promise<Subscriber | null> {
    const { imsi } = wanted.change.state;
    for (let pause = ASK_AGAIN_MS.first; ; pause = Math.min(pause * 2, ASK_AGAIN_MS.longest)) {
      const left = deadline - this.#clock.now();
      if (left <= 0) return null;
      const held = await this.#store.claim(imsi, wanted, left + CLAIM_MARGIN_MS);
      if (held) return held;
      await new Promise<void>((resolve) => this.#clock.after(Math.min(pause, left), resolve));
    }
  }

  /**
   * G2: what is older than what the core was given is not sent. While the core may still come to something older, the
   * newest is sent once more instead: NSPS sending again is a sign that the core has had its time.
   */
  async #stale(held: Subscriber, wanted: Wanted, course: Course, ends: boolean): Promise<Step> {
    const { imsi, desired, unsettledUntil } = held;
    const unconfirmed = desired !== null && !desired.owed && compareVersions(wanted.version, desired.version) < 0;
    const latest = newest(held);
    const safe = !unconfirmed && releasesBefore(held, latest ?? wanted).length === 0;
    if (latest && (unconfirmed || (unsettledUntil !== null && safe))) {
      return await this.#confirm(latest, wanted, course, ends, unconfirmed);
    }
    await this.#settle([{ kind: 'stale', imsi, eventId: wanted.eventId }], course, ends ? this.#ending(course) : null);
    return { kind: 'stale' };
  }

  /** @param unconfirmed what is newer was neither confirmed nor promised: it has to be true before this one is dropped. */
  async #confirm(latest: Wanted, wanted: Wanted, course: Course, ends: boolean, unconfirmed: boolean): Promise<Step> {
    const pushed = await push(this.#attempts, latest, course.context);
    course.attempts.push(...pushed.attempts);
    const effect = effectOf(pushed, nobody);
    if (pushed.outcome.kind === 'failed' && unconfirmed) {
      return await this.#fail(effect, pushed.outcome.failure, wanted, course);
    }
    await this.#settle([effect], course, ends ? this.#ending(course) : null);
    return { kind: 'stale' };
  }

  async #send(wanted: Wanted, course: Course, ends: boolean): Promise<Step> {
    const pushed = await push(this.#attempts, wanted, course.context);
    course.attempts.push(...pushed.attempts);
    const effect = effectOf(pushed, nobody);
    if (pushed.outcome.kind === 'failed') return await this.#fail(effect, pushed.outcome.failure, wanted, course);
    course.sent++;
    await this.#settle([effect], course, ends ? this.#ending(course) : null);
    return { kind: 'sent' };
  }

  async #fail(effect: Effect, failure: Failure, wanted: Wanted, course: Course): Promise<Step> {
    const step = { kind: 'failed', failure, wanted } as const;
    await this.#settle([effect], course, told(step));
    return step;
  }

  #ending(course: Course): Delivered {
    return { kind: course.sent > 0 ? 'processed' : 'superseded' };
  }

  /** @param end what the journal is told about the event; null when it goes on. */
  async #settle(effects: readonly Effect[], course: Course, end: Delivered | null): Promise<void> {
    const entry = end && entryOf(course.arrival.draft, end, course.attempts);
    await this.#store.write({ entry, story: null, effects });
  }
}

function told({ failure, wanted }: Extract<Step, { kind: 'failed' }>): Delivered {
  return { kind: 'failed', failure, change: wanted.change };
}

/** NSPS owns the retry. */
const nobody = () => null;

function keyOf({ version, change }: Pick<Wanted, 'version' | 'change'>): string {
  return `${change.state.imsi} ${JSON.stringify(version)}`;
}
