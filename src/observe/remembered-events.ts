import type { SpanContext } from '@opentelemetry/api';
import { keepRecent } from '../basics/recent.ts';

/** An event whose span later work can be linked to. */
export interface RememberedEvent {
  readonly context: SpanContext;
  /** When it was taken, in milliseconds since 1970. */
  readonly since: number;
  /** Attempts to bring it to where it is to go, so far. */
  readonly attempts: number;
  /** The last of them. */
  readonly last: Attempt | null;
}

interface Attempt {
  readonly context: SpanContext;
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  /** Events that were sent together. */
  readonly events: number;
}

/** Events remembered. */
const MOST = 10_000;

/** Spans of the events that came last, and what was tried for them. In memory: after a restart `event_id` says the same. */
export class RememberedEvents {
  readonly #events = new Map<string, RememberedEvent>();

  get(eventId: string): RememberedEvent | undefined {
    return this.#events.get(eventId);
  }

  /** One that is sent again while it waits goes on under its newest span. @param now milliseconds since 1970. */
  remember(eventId: string, context: SpanContext, now: number): void {
    const { attempts = 0, last = null } = this.#events.get(eventId) ?? {};
    keepRecent(this.#events, eventId, { context, since: now, attempts, last }, MOST);
  }

  /** The contexts of those that are known. */
  contextsOf(eventIds: readonly string[]): SpanContext[] {
    return eventIds.flatMap((eventId) => this.#events.get(eventId)?.context ?? []);
  }

  attempted(eventIds: readonly string[], last: Attempt): void {
    for (const eventId of eventIds) {
      const known = this.#events.get(eventId);
      if (known) this.#events.set(eventId, { ...known, attempts: known.attempts + 1, last });
    }
  }

  /** What was tried for it is over: should it ever be sent again, that is another story. */
  arrived(eventId: string): void {
    const known = this.#events.get(eventId);
    if (known) this.#events.set(eventId, { ...known, attempts: 0, last: null });
  }
}
