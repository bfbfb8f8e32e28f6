import { toHundredth } from '../basics/milliseconds.ts';
import { type Failure, pauseBeforeAttempt } from '../core/outcome.ts';
import { newest, type Subscriber } from '../core/subscriber.ts';
import { wordsOf } from '../core/text.ts';
import type { Clock, Logger, Random, TraceIds } from '../ports/runtime.ts';
import { effectsOnly, type Held, type Store, StoreError } from '../ports/store.ts';
import { NO_TRACER, type Tracer } from '../ports/tracer.ts';
import type { Attempts } from './attempts.ts';
import { logCalls, msOf } from './call-log.ts';
import { EventIds } from './event-ids.ts';
import { FreedNumbers } from './freed.ts';
import { CLAIM_MARGIN_MS, effectOf, type Pushed, untouched } from './push.ts';
import { Rest } from './rest.ts';
import { Sender } from './sender.ts';

interface ReconcilerLimits {
  /** Time for one subscriber, repeats included, in milliseconds. */
  readonly deadlineMs: number;
  /** Subscribers under way at a time. */
  readonly concurrency: number;
  /** How long a subscriber rests after failures, in milliseconds. */
  readonly rest: { readonly firstMs: number; readonly longestMs: number };
}

/** Nothing was sent; when to come back, in milliseconds. */
interface Later {
  readonly retryInMs: number;
}

/** How often it looks for work that came in elsewhere, or whose time has come, in milliseconds. */
const LOOK_AGAIN_MS = 250;
/** After the store failed, in milliseconds. */
const STORE_REST_MS = 1_000;
/**
 * A SIM whose number is still held by another one looks again after so long, in milliseconds: spread over several looks for
 * work, since two who need each other must not always be taken together.
 */
const RELEASE_REST_MS = { shortest: 100, longest: 600 };
/** As long as some of them wait for their turn at the core, this part of all is taken at a time: each look costs a sync. */
const SHARE_TAKEN = 1 / 8;

const GIVEN_UP =
  'Given up: dead letter. Put right what the error names, then replay the event; or discard it ("nsps-connector replay --help")';

/**
 * The connector's own work: brings the core to the newest state of every subscriber that is due. Delivery of what was
 * queued, confirmation of what is unsettled, and what operators ask for are all the same to it.
 */
export class Reconciler {
  readonly #store: Store;
  readonly #attempts: Attempts;
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #limits: ReconcilerLimits;
  readonly #newIds: () => TraceIds;
  readonly #eventIds: EventIds;
  readonly #tracer: Tracer;
  readonly #underWay = new Set<Promise<void>>();
  readonly #rest: Rest;
  readonly #freed: FreedNumbers;
  #oneEnded: (() => void) | null = null;
  #running: Promise<void> | null = null;

  constructor(parts: {
    store: Store;
    attempts: Attempts;
    clock: Clock;
    random: Random;
    log: Logger;
    limits: ReconcilerLimits;
    /** For what no event of this process asked for. */
    newIds: () => TraceIds;
    eventIds?: EventIds;
    tracer?: Tracer;
  }) {
    this.#store = parts.store;
    this.#attempts = parts.attempts;
    this.#clock = parts.clock;
    this.#rest = new Rest(parts.clock);
    this.#random = parts.random;
    this.#log = parts.log;
    this.#limits = parts.limits;
    this.#newIds = parts.newIds;
    this.#eventIds = parts.eventIds ?? new EventIds();
    this.#sender = new Sender({
      store: parts.store,
      attempts: parts.attempts,
      clock: parts.clock,
      holdMs: parts.limits.deadlineMs + CLAIM_MARGIN_MS,
      settle: (pushed, held, ids, comesBack) => this.#settle(pushed, held, ids, comesBack),
      letGo: (held) => this.#letGo(held, null),
    });
    this.#freed = new FreedNumbers(parts.store, (imsi, from) => {
      this.#log.info({ imsi, from }, 'Dead letter is tried again: its number has become free');
      this.nudge();
    });
    this.#tracer = parts.tracer ?? NO_TRACER;
  }

  /** Subscribers under way. */
  get underWay(): number {
    return this.#underWay.size;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * The core confirmed something of somebody while NSPS waited: whoever wanted the number that he had before is tried again.
   * @param before what was known of him when he was called for.
   */
  async passOn(confirmed: Pushed, before: Subscriber): Promise<void> {
    await this.#freed.after(confirmed, before, false);
  }

  /** Something came in. */
  nudge(): void {
    this.#rest.nudge();
  }

  /** Begins nothing new, and lets what is under way end. Idempotent. */
  async stop(): Promise<void> {
    this.#rest.stop();
    await this.#running;
    await Promise.all(this.#underWay);
  }

  async #run(): Promise<void> {
    while (!this.#rest.stopping) {
      const room = this.#room();
      const rest = this.#attempts.rest;
      if (this.#underWay.size > 0 && room < this.#worthTaking()) await this.#nextEnd();
      else if (rest > 0) await this.#rest.pause(rest);
      else await this.#take(room);
    }
  }

  /** While the circuit is not closed one at a time will do: it is the probe. */
  #room(): number {
    const most = this.#attempts.circuitClosed ? this.#limits.concurrency : 1;
    return Math.max(0, most - this.#underWay.size);
  }

  #worthTaking(): number {
    return this.#attempts.waiting > 0 ? Math.ceil(this.#limits.concurrency * SHARE_TAKEN) : 1;
  }

  /** Until one of those under way is done with. */
  async #nextEnd(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#oneEnded = resolve;
    });
    this.#oneEnded = null;
  }

  async #take(room: number): Promise<void> {
    const nudges = this.#rest.nudges;
    const { deadlineMs } = this.#limits;
    const askedAt = this.#clock.now();
    try {
      const due = await this.#store.claimDue(room, deadlineMs + CLAIM_MARGIN_MS);
      for (const subscriber of due) this.#begin(subscriber, askedAt);
      if (due.length < room && this.#rest.nudges === nudges) await this.#rest.pause(LOOK_AGAIN_MS, nudges);
    } catch (error) {
      // That the store fails is said once, by whoever watches it.
      if (!(error instanceof StoreError)) this.#log.warn({ error: wordsOf(error) }, 'Work could not be looked for');
      await this.#rest.pause(STORE_REST_MS);
    }
  }

  /** @param askedAt when he was asked for: his time runs from then. */
  #begin(subscriber: Held, askedAt: number): void {
    const nudges = this.#rest.nudges;
    const eventId = newest(subscriber)?.eventId ?? null;
    const known = eventId === null ? null : this.#eventIds.of(subscriber.imsi, eventId);
    const ids = known ?? this.#newIds();
    const work = this.#tracer
      .background(eventId, ids, () => this.#bring(subscriber, ids, askedAt))
      .catch((error: unknown) => {
        this.#log.warn({ imsi: subscriber.imsi, error: wordsOf(error) }, 'What came of a subscriber could not be kept');
      })
      .finally(() => {
        this.#underWay.delete(work);
        this.#oneEnded?.();
        // What came in meanwhile may be for this very subscriber, and could not be taken while he was held.
        if (this.#rest.nudges !== nudges) this.nudge();
      });
    this.#underWay.add(work);
  }

  async #bring(subscriber: Held, ids: TraceIds, askedAt: number): Promise<void> {
    let result: Pushed | Later;
    try {
      result = await this.#send(subscriber, ids, askedAt);
    } catch (error) {
      this.#log.warn({ imsi: subscriber.imsi, error: wordsOf(error) }, 'A subscriber could not be brought up to date');
      result = { retryInMs: STORE_REST_MS };
    }
    // Whatever went wrong, he must not stay held; when this cannot be written, the store itself lets go of him.
    if ('retryInMs' in result) await this.#letGo(subscriber, result.retryInMs);
    else await this.#settle(result, subscriber, ids);
  }

  async #send(held: Held, ids: TraceIds, askedAt: number): Promise<Pushed | Later> {
    const deadline = askedAt + this.#limits.deadlineMs;
    const sent = await this.#sender.send({ held, noted: newest(held), askedAt }, newest, { ...ids, deadline });
    if (sent === null) return { retryInMs: this.#limits.rest.longestMs };
    if (!('obstacle' in sent)) {
      if (held.attempts > 0 && sent.attempts.length > 0) this.#attempts.repeating('connector');
      return sent;
    }
    const { wanted, obstacle } = sent;
    const { shortest, longest } = RELEASE_REST_MS;
    if (obstacle === 'held') return { retryInMs: shortest + (longest - shortest) * this.#random() };
    return { wanted, outcome: obstacle, attempts: [], ageMs: 0, released: [] };
  }

  async #letGo(held: Held, retryInMs: number | null): Promise<void> {
    await this.#store.write(effectsOnly(untouched(held, retryInMs)));
  }

  /** @param comesBack whether he is tried again for his own sake when it failed. */
  async #settle(pushed: Pushed, subscriber: Held, ids: TraceIds, comesBack = true): Promise<void> {
    const { attempts, wanted } = pushed;
    const effect = effectOf(pushed, subscriber, (failure) => (comesBack ? this.#restAfter(failure, subscriber) : null));
    const story = attempts.length > 0 ? { eventId: wanted.eventId, attempts } : null;
    await this.#store.write({ entry: null, story, effects: [effect] });
    if (pushed.outcome.kind === 'done') this.#eventIds.forget(subscriber.imsi, wanted.eventId);
    const gaveUp = pushed.outcome.kind === 'failed' ? await this.#whyDead(subscriber) : null;
    logCalls(this.#log, ids, wanted.eventId, attempts);
    this.#logOutcome(pushed, subscriber, ids, gaveUp);
    await this.#freed.after(pushed, subscriber, gaveUp !== null);
  }

  /** Only the store knows the limits. @returns why somebody is a dead letter who was none; null when he is none, or nobody can tell. */
  async #whyDead({ imsi, dead }: Subscriber): Promise<string | null> {
    if (dead !== null) return null;
    const known = await this.#store.look(imsi).catch(() => null);
    return known?.dead ?? null;
  }

  #restAfter(failure: Failure, { attempts }: Subscriber): number {
    return pauseBeforeAttempt(attempts, failure, this.#random(), this.#limits.rest);
  }

  /** @param gaveUp why he is a dead letter; null when he is none. */
  #logOutcome(
    { wanted, outcome, attempts }: Pushed,
    subscriber: Subscriber,
    ids: TraceIds,
    gaveUp: string | null,
  ): void {
    const fields = {
      request_id: ids.requestId,
      unique_id: ids.uniqueId,
      event_id: wanted.eventId,
      imsi: subscriber.imsi,
      action: wanted.change.action,
      outcome: outcome.kind === 'done' ? 'processed' : gaveUp === null ? 'failed' : 'dead',
      ...(outcome.kind === 'failed' && { error: gaveUp ?? outcome.failure.why }),
      attempts: attempts.length,
      core_ms: toHundredth(msOf(attempts)),
    };
    this.#tracer.note(
      () => ({ event_id: wanted.eventId, imsi: subscriber.imsi, action: fields.action, outcome: fields.outcome }),
      fields.error,
    );
    if (outcome.kind === 'done') this.#log.info(fields, 'Subscriber brought up to date');
    else if (gaveUp !== null) this.#log.error(fields, GIVEN_UP);
    else this.#log.warn(fields, 'Subscriber not brought up to date yet');
  }
}
