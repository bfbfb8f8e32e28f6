import { keepRecent } from '../basics/recent.ts';
import type { TraceIds } from '../ports/runtime.ts';

/** Subscribers remembered. */
const MOST = 10_000;

/**
 * Under which ids NSPS sent what waits to be delivered, so that the calls and log lines of a delivery carry those of its event
 * (contract §2). In memory, and of those only that still wait: after a restart `event_id` leads to them.
 */
export class EventIds {
  readonly #waiting = new Map<string, { readonly eventId: string; readonly ids: TraceIds }>();

  /** An event is about to wait for its delivery to a subscriber. */
  remember(imsi: string, eventId: string, ids: TraceIds): void {
    keepRecent(this.#waiting, imsi, { eventId, ids }, MOST);
  }

  /** @returns null when it is not known. */
  of(imsi: string, eventId: string): TraceIds | null {
    const known = this.#waiting.get(imsi);
    return known?.eventId === eventId ? known.ids : null;
  }

  /** It was delivered. */
  forget(imsi: string, eventId: string): void {
    if (this.#waiting.get(imsi)?.eventId === eventId) this.#waiting.delete(imsi);
  }
}
