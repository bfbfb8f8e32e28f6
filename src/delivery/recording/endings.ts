import { ERRORS } from '../../contract/answers.ts';
import { FAILURES, type Failure } from '../../core/outcome.ts';
import type { Conclusion, Outbox } from '../../ports/outbox.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { Attempt, StoredEvent } from '../../ports/store.ts';
import type { Waiters } from './waiters.ts';

type Recorded = Pick<StoredEvent, 'eventId' | 'imsi'>;

/** How events that were to be recorded end: written first, then told to whoever waits. */
export class Endings {
  readonly #outbox: Outbox;
  readonly #waiters: Waiters;
  readonly #clock: Clock;

  constructor(parts: { outbox: Outbox; waiters: Waiters; clock: Clock }) {
    this.#outbox = parts.outbox;
    this.#waiters = parts.waiters;
    this.#clock = parts.clock;
  }

  /**
   * Their rows are there.
   * @param note the recorder's own, kept with it.
   * @param call how long it took, and what there is to say of it.
   */
  async recorded(events: readonly Recorded[], note: string, call: { durationMs: number; why?: string }): Promise<void> {
    const conclusions = events.map((event): Conclusion & { attempt: Attempt } => {
      return { eventId: event.eventId, state: 'processed', why: null, attempt: this.#attempt(event, 'done', call) };
    });
    await this.#outbox.conclude(conclusions, note);
    for (const { eventId, attempt } of conclusions) this.#waiters.tell(eventId, { kind: 'processed', attempt });
  }

  /**
   * One is refused for good. NSPS is told when it waits, and sends it again; else nobody does: it is a dead letter.
   * @returns which of the two.
   */
  async refused(event: StoredEvent, failure: Failure, durationMs: number): Promise<'rejected' | 'dead'> {
    const state = this.#waiters.hold([event.eventId]).size > 0 ? 'rejected' : 'dead';
    const attempt = this.#attempt(event, failure.code, { durationMs, why: failure.why });
    await this.#fail([{ ...ending(event.eventId, state, failure), attempt }], failure);
    return state;
  }

  /** Nothing can be recorded. What nobody was promised anything about is NSPS's again. @param unsure may be there already. */
  async heldUp(failure: Failure, unsure: ReadonlySet<string>): Promise<void> {
    const held = this.#waiters.hold(this.#waiters.eventIds.filter((eventId) => !unsure.has(eventId)));
    await this.#fail(
      [...held].map((eventId) => ending(eventId, 'failed', failure)),
      failure,
    );
  }

  #attempt({ imsi }: Recorded, result: Attempt['result'], call: { durationMs: number; why?: string }): Attempt {
    return { at: this.#clock.wall(), imsi: imsi ?? '', action: 'append', result, ...call };
  }

  /**
   * Writes that events are NSPS's again, then says so; also when nobody knows whether that was written. Told that it is
   * taken care of, NSPS would not send again what may be ours no more; told that it failed, it may send what is recorded
   * already, and the event's id keeps that single.
   */
  async #fail(conclusions: readonly Conclusion[], failure: Failure): Promise<void> {
    if (conclusions.length === 0) return;
    try {
      await this.#outbox.conclude(conclusions, null);
    } finally {
      for (const { eventId, attempt } of conclusions) {
        this.#waiters.tell(eventId, { kind: 'failed', failure, ...(attempt && { attempt }) });
      }
    }
  }
}

function ending(eventId: string, state: 'failed' | 'rejected' | 'dead', failure: Failure): Conclusion {
  return { eventId, state, why: failure.why, status: ERRORS[FAILURES[failure.code].answer].status };
}
