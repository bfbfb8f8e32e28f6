import type { EventState } from '../contract/event-states.ts';
import type { Names } from '../core/names.ts';
import type { FailureCode } from '../core/outcome.ts';
import type { Effect, Subscriber, Wanted } from '../core/subscriber.ts';
import type { AuditLog, OperatorViews } from './operating.ts';
import type { Outbox } from './outbox.ts';

/** One call to the core. */
export interface Attempt {
  /** Milliseconds since 1970, when it ended. */
  readonly at: number;
  readonly imsi: string;
  readonly action: string;
  readonly result: 'done' | FailureCode;
  readonly coreStatus?: number;
  /** The core's own words, or what happened on the way to it. */
  readonly why?: string;
  readonly durationMs: number;
}

/** An event as the journal keeps it. */
export interface Entry {
  readonly eventId: string;
  readonly type: string;
  /** 15 digits, or null when the event names no such subscriber. */
  readonly imsi: string | null;
  /** The SIM that was replaced. */
  readonly previousImsi: string | null;
  /** What it says the subscriber is called. */
  readonly names: Names;
  /** As it came. */
  readonly body: Uint8Array;
  /** JSON: what the event means. */
  readonly decision: string;
  readonly state: EventState;
  /** Why it is so, where that does not go without saying. */
  readonly why: string | null;
  /** HTTP status of the answer to NSPS. */
  readonly status: number;
  readonly attempts: readonly Attempt[];
  /** `x-b3-traceid` and `x-request-id` of the last delivery. */
  readonly requestId: string;
  readonly uniqueId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/** What is written together, or not at all. */
export interface Write {
  /** Added to the journal; when the event id is known, the new delivery is added to its story. */
  readonly entry: Entry | null;
  /** Attempts that belong to an event heard of earlier. */
  readonly story: { readonly eventId: string; readonly attempts: readonly Attempt[] } | null;
  readonly effects: readonly Effect[];
}

/** A write that is nothing but effects. */
export function effectsOnly(...effects: readonly Effect[]): Write {
  return { entry: null, story: null, effects };
}

/** How a claim is kept. */
export interface ClaimOptions {
  /** Whether the claim is to be found after a power failure, too; false when absent. */
  readonly durable?: boolean;
}

/** What is known of a subscriber who is held. */
export interface Held extends Subscriber {
  /** Names this very claim, in the effect that ends it. */
  readonly claim: string;
}

/**
 * What is kept of subscribers and events, and who may talk to the core about whom. Every method does its duty in one
 * transaction, and resolves only once that is as durable as the store can make it. Every method rejects with a
 * `StoreError` when the store cannot do it: then nothing of it is done.
 */
export interface Store extends AuditLog {
  /**
   * Takes hold of a subscriber: nobody else can until a (claim) effect is written for him, or `holdMs` are over, or this
   * process is gone (G1). Keeps what is going to be sent, so that whoever finds the claim abandoned knows: after the death of
   * the process, and with `durable` also after a power failure. That is for what NSPS will not send again.
   * @returns what is known of him; null when somebody else holds him.
   */
  claim(imsi: string, wanted: Wanted | null, holdMs: number, options?: ClaimOptions): Promise<Held | null>;
  /**
   * Takes hold of subscribers that are due and held by nobody: half of them those who wait longest, half of them those
   * who came last (an odd one goes to either in turn), so that neither a backlog nor a flood starves the other.
   */
  claimDue(limit: number, holdMs: number): Promise<readonly Held[]>;
  /** What is known of a subscriber now, whoever holds him: all that was answered before is in it. */
  look(imsi: string): Promise<Subscriber>;
  /** What its clock shows, by which all times of subscribers are: milliseconds since 1970. */
  now(): Promise<number>;
  /**
   * Writes all of it, or nothing. What is known of a subscriber never goes back (G2).
   * @returns for each effect, whether it was taken: false when something newer is known already.
   */
  write(write: Write): Promise<readonly boolean[]>;
  /** Writes something of no meaning, to see whether it can. */
  probe(): Promise<void>;
  /** Reading, for people. */
  readonly views: Views;
  /** For targets that record events; null when the store cannot serve them. */
  readonly outbox: Outbox | null;
  /**
   * Deletes old events that nothing waits for, oldest first, a few at a time; and as many old entries of the audit.
   * @returns how many events.
   */
  clean(order: CleaningOrder): Promise<number>;
  /** Lets go of everything held. Idempotent. */
  close(): Promise<void>;
}

/** Which events are old. */
export interface CleaningOrder {
  /** Those received before, in milliseconds since 1970. */
  readonly before: number;
  /** And those beyond so many newer ones. */
  readonly most: number;
  /** How many are deleted now, at most. */
  readonly limit: number;
}

/** An event with all that happened to it. What it calls the subscriber is in its body. */
export interface StoredEvent extends Omit<Entry, 'names'> {
  /** Grows with every new event. */
  readonly seq: number;
  /** How often NSPS sent it. */
  readonly deliveries: number;
  /** Milliseconds since 1970 of the last thing that happened to it. */
  readonly updatedAt: number;
}

/** Which events of the journal; what is absent does not matter. */
export interface EventFilter {
  readonly state?: EventState;
  readonly imsi?: string;
  readonly type?: string;
  /** Received at or after, and before: milliseconds since 1970. */
  readonly from?: number;
  readonly until?: number;
  /** Only events before this one, for the next page. */
  readonly beforeSeq?: number;
  readonly limit: number;
}

/** Subscribers; in the outbox of a target that records events, events. */
export interface Backlog {
  /** Those the connector itself still has to do something for. */
  readonly waiting: number;
  /** Since when the oldest of them waits, in milliseconds since 1970; null when none does. */
  readonly oldest: number | null;
  readonly dead: number;
}

/** Reading, for people: nothing here takes hold of anybody. */
export interface Views extends OperatorViews {
  /** Newest first. */
  events(filter: EventFilter): Promise<readonly StoredEvent[]>;
  event(eventId: string): Promise<StoredEvent | null>;
  subscriber(imsi: string): Promise<Subscriber | null>;
  /** In the order of IMSIs, after the given one: for walking through all of them. */
  subscribers(filter: { dead?: boolean; afterImsi?: string; limit: number }): Promise<readonly Subscriber[]>;
  backlog(): Promise<Backlog>;
}

/** The store cannot do what it is asked; the message says why in an operator's words. */
export class StoreError extends Error {
  /** False when asking again later makes no sense: it is a fault of the request or the program. */
  readonly passing: boolean;

  constructor(message: string, { passing = true, cause }: { passing?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'StoreError';
    this.passing = passing;
  }
}
