import type { Failure } from '../../core/outcome.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { Attempt } from '../../ports/store.ts';

/** What whoever waits for an event's row is told. */
type Recorded = {
  /** The call that decided it. */
  readonly attempt?: Attempt;
} & ({ readonly kind: 'processed' | 'queued' } | { readonly kind: 'failed'; readonly failure: Failure });

export interface Waiter {
  /** Never rejected; `queued` when the time is over. */
  readonly told: Promise<Recorded>;
  /** The event is in the outbox because of this one: until it gives up, it may be told that it failed. */
  stored(): void;
  cancel(): void;
}

interface Waiting {
  owns: boolean;
  tell(recorded: Recorded): void;
  hold(): void;
}

/** NSPS's requests that wait until their event is recorded. */
export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<Waiting>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to wait. NSPS may send an event twice at a time. */
  expect(eventId: string, ms: number): Waiter {
    const { promise, resolve } = Promise.withResolvers<Recorded>();
    const all = this.#waiting.get(eventId) ?? new Set<Waiting>();
    this.#waiting.set(eventId, all);
    const leave = () => {
      stopTimer();
      all.delete(waiting);
      if (all.size === 0 && this.#waiting.get(eventId) === all) this.#waiting.delete(eventId);
    };
    const tell = (recorded: Recorded) => {
      leave();
      resolve(recorded);
    };
    const stopTimer = this.#clock.after(ms, () => tell({ kind: 'queued' }));
    const waiting: Waiting = { owns: false, tell, hold: stopTimer };
    const stored = () => {
      waiting.owns = true;
    };
    all.add(waiting);
    return { told: promise, stored, cancel: leave };
  }

  /** Of all events that somebody waits for. */
  get eventIds(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /**
   * Keeps those who wait for these events from giving up: what they will be told is being written.
   * @returns those of the events that are still NSPS's: nobody was told yet that they are taken care of.
   */
  hold(eventIds: readonly string[]): Set<string> {
    const held = eventIds.filter((eventId) => [...(this.#waiting.get(eventId) ?? [])].some(({ owns }) => owns));
    for (const eventId of held) for (const waiting of this.#waiting.get(eventId) ?? []) waiting.hold();
    return new Set(held);
  }

  tell(eventId: string, recorded: Recorded): void {
    for (const waiting of [...(this.#waiting.get(eventId) ?? [])]) waiting.tell(recorded);
  }

  tellAll(recorded: Recorded): void {
    for (const eventId of this.eventIds) this.tell(eventId, recorded);
  }
}
