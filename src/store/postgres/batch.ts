import type { EventState } from '../../contract/event-states.ts';
import { react } from '../../core/react.ts';
import type { Effect, EventNews, Limits, Subscriber } from '../../core/subscriber.ts';
import { storable } from '../../core/text.ts';
import type { Attempt, Entry } from '../../ports/store.ts';
import { mayBeOnItsWay, mergeAttempts, stateAfter, staysDiscarded } from '../journal-rules.ts';
import { type AskedWrite, asLate, asOfNow, claimEndedBy } from '../requests.ts';
import type { Leases } from './leases.ts';
import { Naming } from './naming.ts';

/** A subscriber's row, locked. */
interface LockedSubscriber {
  readonly subscriber: Subscriber;
  /** The claim on him; null when nobody has one. */
  readonly owner: string | null;
}

/** What is known of an event, locked. */
export interface LockedEvent {
  readonly eventId: string;
  readonly imsi: string | null;
  readonly previousImsi: string | null;
  readonly state: EventState;
  readonly why: string | null;
  /** HTTP status of the last answer to NSPS. */
  readonly status: number;
  readonly attempts: readonly Attempt[];
}

export interface Loaded {
  /** Milliseconds since 1970 on the database's clock. */
  readonly now: number;
  readonly subscribers: ReadonlyMap<string, LockedSubscriber>;
  readonly events: ReadonlyMap<string, LockedEvent>;
  /** Which events the SIMs desire that are not locked, but named by those events. */
  readonly desiredElsewhere: ReadonlyMap<string, string | null>;
  /** What the subscribers of the entries are called. */
  readonly names: ReadonlyMap<string, string>;
}

interface ChangedSubscriber {
  readonly subscriber: Subscriber;
  /** Whether anything but the claim changed. */
  readonly known: boolean;
  readonly released: boolean;
}

export interface ChangedEvent extends LockedEvent {
  /** The last delivery of this batch; null when there was none. */
  readonly entry: Entry | null;
  /** How many deliveries this batch adds. */
  readonly deliveries: number;
}

/** The writes have to be done one by one: together, the database could not check a rule that stands between them. */
export class NotTogether extends Error {
  constructor() {
    super('a release is expected and forgotten in one write');
  }
}

/** Many writes, one after the other, on what was loaded for all of them. What has changed is saved at once afterwards. */
export class Batch {
  readonly #loaded: Loaded;
  readonly #leases: Leases;
  readonly #limits: Limits;
  readonly #subscribers = new Map<string, ChangedSubscriber>();
  readonly #events = new Map<string, ChangedEvent>();
  readonly naming: Naming;

  constructor(loaded: Loaded, leases: Leases, limits: Limits) {
    this.#loaded = loaded;
    this.#leases = leases;
    this.#limits = limits;
    this.naming = new Naming(loaded.names);
  }

  get subscribers(): readonly ChangedSubscriber[] {
    return [...this.#subscribers.values()];
  }

  get newEvents(): readonly ChangedEvent[] {
    return [...this.#events.values()].filter(({ eventId }) => !this.#loaded.events.has(eventId));
  }

  get knownEvents(): readonly ChangedEvent[] {
    return [...this.#events.values()].filter(({ eventId }) => this.#loaded.events.has(eventId));
  }

  /** @returns for each effect, whether it was taken. @throws NotTogether */
  write({ entry, story, effects, askedAt }: AskedWrite): boolean[] {
    const news: EventNews[] = [];
    const taken = effects.map((effect) => {
      const heard = this.#isLate(effect) ? asLate(effect) : effect;
      return heard === null || this.#apply(asOfNow(heard, askedAt), news);
    });
    if (entry) this.#add(entry, taken.includes(true));
    if (story) this.#tell(story.eventId, story.attempts);
    for (const one of news) if (one.eventId !== entry?.eventId) this.#hear(one);
    return taken;
  }

  #apply(effect: Effect, news: EventNews[]): boolean {
    const { imsi } = effect;
    const before = this.#subscriber(imsi);
    // Somebody else may hold him by now, or the same connector once more: only the claim that is meant ends.
    if (this.#endsClaim(effect)) this.#subscribers.set(imsi, { ...before, released: true });
    if (effect.kind === 'untouched' && effect.retryInMs === null) return true;
    if (effect.kind === 'stale' && !mayBeOnItsWay(this.#event(storable(effect.eventId))?.status ?? null)) return true;
    const reaction = react(before.subscriber, effect, this.#loaded.now, this.#limits);
    if (reaction.subscriber !== before.subscriber) this.#change(before, reaction.subscriber);
    news.push(...reaction.news);
    return reaction.accepted;
  }

  #endsClaim(effect: Effect): boolean {
    const claim = claimEndedBy(effect);
    return claim !== null && this.#leases.ends(this.#loaded.subscribers.get(effect.imsi)?.owner ?? null, claim);
  }

  /** Whether whoever says so names a claim, and that is not the one that is there. */
  #isLate(effect: Effect): boolean {
    return claimEndedBy(effect) != null && !this.#endsClaim(effect);
  }

  #change({ subscriber: before }: ChangedSubscriber, after: Subscriber): void {
    const { imsi } = after;
    const stored = this.#loaded.subscribers.get(imsi)?.subscriber;
    // The database compares with what it has stored: a release that this very batch expects first is none of that (G5).
    const expected = before.after !== stored?.after && before.after.some((release) => !after.after.includes(release));
    if (expected) throw new NotTogether();
    this.#subscribers.set(imsi, {
      subscriber: after,
      known: true,
      released: this.#subscribers.get(imsi)?.released ?? false,
    });
  }

  #subscriber(imsi: string): ChangedSubscriber {
    const changed = this.#subscribers.get(imsi);
    if (changed) return changed;
    const loaded = this.#loaded.subscribers.get(imsi);
    if (!loaded) throw new Error('a subscriber was not loaded');
    return { subscriber: loaded.subscriber, known: false, released: false };
  }

  #event(eventId: string): ChangedEvent | null {
    const changed = this.#events.get(eventId);
    if (changed) return changed;
    const known = this.#loaded.events.get(eventId);
    return known ? { ...known, entry: null, deliveries: 0 } : null;
  }

  /** @param taken whether any of the event's effects was: an event that waits for nothing is superseded, not queued. */
  #add(entry: Entry, taken: boolean): void {
    const eventId = storable(entry.eventId);
    const state = entry.state === 'queued' && !taken ? 'superseded' : entry.state;
    const known = this.#event(eventId);
    this.naming.hear(entry, state, known !== null);
    this.#events.set(eventId, {
      eventId,
      // Whose story it belongs to does not change with what NSPS adds to it the next time.
      imsi: known?.imsi ?? entry.imsi,
      previousImsi: known?.previousImsi ?? entry.previousImsi,
      state: known ? stateAfter(known.state, state) : state,
      why: entry.why,
      status: entry.status,
      attempts: mergeAttempts(known?.attempts ?? [], entry.attempts),
      // The first delivery's time stays: it is when the event was heard of.
      entry: { ...entry, receivedAt: known?.entry?.receivedAt ?? entry.receivedAt },
      deliveries: (known?.deliveries ?? 0) + 1,
    });
  }

  #tell(eventId: string, attempts: readonly Attempt[]): void {
    const known = this.#event(storable(eventId));
    if (known) this.#events.set(known.eventId, { ...known, attempts: mergeAttempts(known.attempts, attempts) });
  }

  #hear({ eventId, state, why }: EventNews): void {
    const known = this.#event(storable(eventId));
    // An event of two subscribers is done when both are; not when one was given up.
    if (!known || (state === 'processed' && (this.#isDesired(known) || staysDiscarded(known)))) return;
    this.#events.set(known.eventId, { ...known, state, why: why ?? null });
  }

  #isDesired({ eventId, imsi, previousImsi }: LockedEvent): boolean {
    return [imsi, previousImsi].some((one) => one !== null && this.#desiredBy(one) === eventId);
  }

  #desiredBy(imsi: string): string | null {
    const here = this.#subscribers.get(imsi) ?? this.#loaded.subscribers.get(imsi);
    if (!here) return this.#loaded.desiredElsewhere.get(imsi) ?? null;
    const eventId = here.subscriber.desired?.eventId;
    return eventId === undefined ? null : storable(eventId);
  }
}
