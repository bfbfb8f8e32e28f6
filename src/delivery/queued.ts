import type { Effect } from '../core/subscriber.ts';
import type { TraceIds } from '../ports/runtime.ts';
import type { Attempt, Store } from '../ports/store.ts';
import { type Arrival, CROWDED, type Delivered, type Delivery, type Draft, entryOf, storeFailure } from './arrival.ts';
import type { EventIds } from './event-ids.ts';

/** Delivery later: NSPS is told as soon as the event is safe, and the retry is ours. */
export class QueuedDelivery implements Delivery {
  readonly #store: Store;
  readonly #capacity: number;
  readonly #nudge: () => void;
  readonly #eventIds: EventIds;
  #inside = 0;

  /**
   * @param parts.capacity events being stored at a time; one more is turned away at once.
   * @param parts.nudge called when there is something to do.
   */
  constructor(parts: { store: Store; capacity: number; nudge: () => void; eventIds: EventIds }) {
    this.#eventIds = parts.eventIds;
    this.#store = parts.store;
    this.#capacity = parts.capacity;
    this.#nudge = parts.nudge;
  }

  async deliver(arrival: Arrival, _attempts: Attempt[]): Promise<Delivered> {
    if (this.#inside >= this.#capacity) return CROWDED;
    this.#inside++;
    try {
      const { draft } = arrival;
      const entry = entryOf(draft, { kind: 'queued' }, []);
      const effects = wishesOf(arrival);
      // Before it is kept: once it is, its delivery may begin at any time.
      for (const { imsi } of effects) this.#eventIds.remember(imsi, draft.eventId, idsOf(draft));
      const taken = await this.#store.write({ entry, story: null, effects });
      if (!taken.includes(true)) return { kind: 'superseded' };
      this.#nudge();
      return { kind: 'queued' };
    } catch (error) {
      return storeFailure(error);
    } finally {
      this.#inside--;
    }
  }
}

function idsOf({ requestId, uniqueId }: TraceIds): TraceIds {
  return { requestId, uniqueId };
}

/**
 * What an event wants of its subscribers once it is ours to deliver; of the two of a swap, the second waits for the first
 * (G5).
 */
export function wishesOf({ decision, draft }: Pick<Arrival, 'decision'> & { draft: Pick<Draft, 'eventId'> }): Effect[] {
  const { version, changes } = decision;
  return changes.map((change, index) => ({
    kind: 'want',
    imsi: change.state.imsi,
    wanted: { version, change, eventId: draft.eventId, owed: true },
    after: changes.slice(0, index).map((release) => ({ version, change: release })),
  }));
}
