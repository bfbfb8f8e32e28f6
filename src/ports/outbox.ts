import type { EventState } from '../contract/event-states.ts';
import type { Attempt, Backlog, Entry, StoredEvent } from './store.ts';

/** How an event that was to be recorded ended, for now. */
export interface Conclusion {
  readonly eventId: string;
  readonly state: EventState;
  readonly why: string | null;
  /** HTTP status of the answer to NSPS, when it changes with it. */
  readonly status?: number;
  /** The call that decided it. */
  readonly attempt?: Attempt;
}

/** Where an event stands in the journal. */
export interface Standing {
  readonly state: EventState;
  /** Whether it stands there since now. */
  readonly fresh: boolean;
}

/**
 * What a recording target needs of a store: the journal is its outbox, and events that are `queued` wait in it. As with
 * the store itself, a method resolves only once what it does is durable, and rejects with a `StoreError` otherwise.
 */
export interface Outbox {
  /**
   * Adds an event to the journal. One that is recorded, or waits to be, stays so: an event is recorded once.
   * @returns where it stands now.
   */
  put(entry: Entry): Promise<Standing>;
  /** Those that wait, in the order in which they came first; at least one, and no more than fit. */
  queued(limits: { readonly events: number; readonly bytes: number }): Promise<readonly StoredEvent[]>;
  /** Tells what became of events, and keeps the recorder's own note, together. @param note null leaves it as it is. */
  conclude(conclusions: readonly Conclusion[], note: string | null): Promise<void>;
  /** What the recorder noted last; null when it never did. */
  note(): Promise<string | null>;
  /** Of events; each waits since it came. */
  backlog(): Promise<Backlog>;
}
