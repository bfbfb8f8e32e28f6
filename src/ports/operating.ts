import type { EventState } from '../contract/event-states.ts';
import type { Names } from '../core/names.ts';
import type { Subscriber } from '../core/subscriber.ts';
import type { EventFilter, StoredEvent } from './store.ts';

/** What a store tells operators beyond single events and subscribers, and what it keeps about operators. */
export interface OperatorViews {
  /**
   * A page of events, newest first, without their bodies. Looks at no more than so many rows of the journal: however
   * many there are, and however rare what is looked for, a page costs no more than that.
   */
  page(search: EventSearch): Promise<FoundEvents>;
  /** Who is or was known by an IMSI, a number, an account id or an ICCID: the current ones first. */
  find(text: string, limit: number): Promise<readonly Known[]>;
  /** What a subscriber is called now; null when he was never heard of. */
  names(imsi: string): Promise<Names | null>;
  /** Dead letters by what their reasons have in common (`commonReason`), the most frequent first, at most so many. */
  deadGroups(limit: number): Promise<readonly DeadGroup[]>;
  /** Dead letters in the order of IMSIs, after the given one. @param why only those of this reason, whatever numbers are in it. */
  deadLetters(filter: { why?: string; afterImsi?: string; limit: number }): Promise<readonly Subscriber[]>;
  /** Newest first. */
  audit(filter: { beforeSeq?: number; limit: number }): Promise<readonly AuditEntry[]>;
}

/** What is looked for in the journal. */
export interface EventSearch extends EventFilter {
  /** In the event as NSPS sent it, or in its id; letter case matters. */
  readonly text?: string;
}

/** An event without its body, decision and the words of attempts. */
export interface EventRow
  extends Pick<
    StoredEvent,
    'seq' | 'eventId' | 'type' | 'imsi' | 'previousImsi' | 'why' | 'status' | 'deliveries' | 'receivedAt' | 'updatedAt'
  > {
  readonly state: EventState;
  /** Calls made for it. */
  readonly attempts: number;
}

/** A page of a search. */
export interface FoundEvents {
  readonly events: readonly EventRow[];
  /** `beforeSeq` of the next page; null when the journal ends here. */
  readonly next: number | null;
  /** When the last event that was looked at came, in milliseconds since 1970; null when none was. */
  readonly reachedAt: number | null;
}

/** A subscriber, and by what he was found. */
export interface Known {
  readonly imsi: string;
  readonly by: 'imsi' | keyof Names;
  readonly value: string;
  /** False when it was so once, and is no more. */
  readonly current: boolean;
}

/** Dead letters whose reasons are alike. */
export interface DeadGroup {
  readonly why: string;
  readonly count: number;
  /** Since when the first and the last of them are tried, in milliseconds since 1970. */
  readonly oldest: number | null;
  readonly newest: number | null;
}

/** What an operator did. */
export interface Deed {
  /** A session, `token`, or `command line`. */
  readonly who: string;
  readonly what: string;
  readonly subject: string | null;
  readonly detail: string | null;
}

/** A deed as it is kept. */
export interface AuditEntry extends Deed {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Keeps what operators do. Never cleaned by `RETENTION_EVENTS`; by `RETENTION_DAYS` only. */
export interface AuditLog {
  /** Resolves once it is durable. */
  note(deed: Deed): Promise<void>;
}
