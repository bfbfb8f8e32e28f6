import type { Failure } from '../../core/outcome.ts';
import type { Outbox } from '../../ports/outbox.ts';
import type { Attempt } from '../../ports/store.ts';
import {
  type Arrival,
  CROWDED,
  type Delivered,
  type Delivery,
  entryOf,
  type Meaning,
  storeFailure,
} from '../arrival.ts';
import type { Waiter } from './waiters.ts';

/** What the delivery needs of the recorder. */
export interface RecorderDesk {
  /** Why nothing can be recorded until somebody mends it; null when nothing is known to be wrong. */
  readonly fault: Failure | null;
  /** Whether waiting for a row makes no sense now: calls have failed for a while. */
  readonly unwell: boolean;
  /** Something came in. */
  nudge(): void;
  expect(eventId: string, ms: number): Waiter;
}

interface RecordingLimits {
  /** Events being stored or waited for at a time; one more is turned away at once. */
  readonly capacity: number;
  /** How long NSPS waits for its row, in milliseconds; 0 = not at all (`DELIVERY=queued`). */
  readonly waitMs: number;
}

/**
 * Delivery to a target that records events. The journal is the outbox: what is written there as `queued` is recorded by
 * the recorder, once, whatever happens. NSPS may wait for it; when it cannot be waited for, it is told `queued`. One
 * owner of the retry for any event: what NSPS is told has failed is not in the outbox.
 */
export class RecordingDelivery implements Delivery {
  readonly #outbox: Outbox;
  readonly #recorder: RecorderDesk;
  readonly #limits: RecordingLimits;
  #inside = 0;

  constructor(parts: { outbox: Outbox; recorder: RecorderDesk; limits: RecordingLimits }) {
    this.#outbox = parts.outbox;
    this.#recorder = parts.recorder;
    this.#limits = parts.limits;
  }

  async deliver(arrival: Arrival<Meaning>, attempts: Attempt[]): Promise<Delivered> {
    if (this.#inside >= this.#limits.capacity) return CROWDED;
    this.#inside++;
    try {
      const fault = this.#limits.waitMs > 0 ? this.#recorder.fault : null;
      return fault ? await this.#refuse(arrival, fault) : await this.#take(arrival, attempts);
    } catch (error) {
      return storeFailure(error);
    } finally {
      this.#inside--;
    }
  }

  /** Nothing can be recorded now: NSPS is told, and it stays NSPS's; unless it was ours before. */
  async #refuse({ draft }: Arrival<Meaning>, failure: Failure): Promise<Delivered> {
    const delivered: Delivered = { kind: 'failed', failure, change: null };
    const { state } = await this.#outbox.put(entryOf(draft, delivered, []));
    return state === 'processed' || state === 'queued' ? { kind: state } : delivered;
  }

  async #take({ draft }: Arrival<Meaning>, attempts: Attempt[]): Promise<Delivered> {
    const { waitMs } = this.#limits;
    const waits = waitMs > 0 && !this.#recorder.unwell;
    // Before it is written: it may be recorded before this is heard of.
    const waiter = waits ? this.#recorder.expect(draft.eventId, waitMs) : null;
    try {
      const { state, fresh } = await this.#outbox.put(entryOf(draft, { kind: 'queued' }, []));
      if (state === 'processed') return { kind: 'processed' };
      if (fresh) waiter?.stored();
      this.#recorder.nudge();
      if (!waiter) return { kind: 'queued' };
      const { attempt, ...told } = await waiter.told;
      if (attempt) attempts.push(attempt);
      return told.kind === 'failed' ? { ...told, change: null } : told;
    } finally {
      waiter?.cancel();
    }
  }
}
