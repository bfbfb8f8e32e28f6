import { toHundredth } from '../basics/milliseconds.ts';
import { type Detail, successBody } from '../contract/answers.ts';
import type { Event } from '../contract/event.ts';
import type { EventOutcome } from '../contract/event-states.ts';
import { parseEvent } from '../contract/parse.ts';
import { decide } from '../core/decide.ts';
import { clip } from '../core/text.ts';
import type { Decision, Rules } from '../core/types.ts';
import { type Delivered, type Delivery, type Draft, noteUndelivered, type Undelivered } from '../delivery/arrival.ts';
import { logCalls, msOf } from '../delivery/call-log.ts';
import type { Observer } from '../ports/observer.ts';
import type { Clock, Logger, TraceIds } from '../ports/runtime.ts';
import type { Attempt, Store } from '../ports/store.ts';
import { NO_TRACER, type Tracer } from '../ports/tracer.ts';
import type { Answer, Answers } from './answer.ts';
import { draftOf } from './draft.ts';

/** One event's way: bytes → event → decision → delivery → answer, and one wide log line. */
export class EventIntake {
  readonly #rules: Rules;
  readonly #delivery: Delivery;
  readonly #store: Store;
  readonly #answers: Answers;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #observer: Observer | null;
  readonly #tracer: Tracer;

  constructor(parts: {
    rules: Rules;
    delivery: Delivery;
    store: Store;
    answers: Answers;
    clock: Clock;
    log: Logger;
    observer?: Observer | null;
    tracer?: Tracer;
  }) {
    this.#rules = parts.rules;
    this.#delivery = parts.delivery;
    this.#store = parts.store;
    this.#answers = parts.answers;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#observer = parts.observer ?? null;
    this.#tracer = parts.tracer ?? NO_TRACER;
  }

  /**
   * Takes a body of any content and answers it; throws only on a fault of ours. While the core is called, what the event
   * says is kept, and not the event.
   */
  async handle(raw: Uint8Array, ids: TraceIds): Promise<Answer> {
    const started = this.#clock.now();
    const parsed = parseEvent(raw);
    await ABREAST;
    if (parsed.kind === 'invalid') {
      const answer = this.#answers.invalid(parsed.faults);
      const { eventId } = parsed;
      this.#answered(ids, eventId === undefined ? {} : { event_id: clip(eventId) }, answer, NO_ATTEMPTS, started);
      return answer;
    }
    const { event } = parsed;
    const decision = this.#tracer.step('decide', () => decide(event, this.#rules));
    const draft = draftOf(event, decision, raw, ids, this.#clock.wall());
    const about = describe(event, decision);
    this.#tracer.remember(draft.eventId);
    await ABREAST;
    // Not awaited here: this call, and the event with it, is gone by then.
    return this.#carryOut(decision, draft, about, started);
  }

  async #carryOut(decision: Decision, draft: Draft, about: About, started: number): Promise<Answer> {
    const attempts: Attempt[] = [];
    const answer =
      decision.kind === 'provision' || decision.kind === 'record'
        ? this.#told(await this.#delivery.deliver({ decision, draft }, attempts))
        : await this.#undelivered(decision, draft);
    logCalls(this.#log, draft, about.event_id, attempts);
    this.#answered(draft, about, answer, attempts, started);
    return answer;
  }

  async #undelivered(decision: Undelivered, draft: Draft): Promise<Answer> {
    const noted = await noteUndelivered(this.#store, draft, decision);
    if (noted?.kind === 'failed') return this.#told(noted);
    if (decision.kind === 'reject') return this.#answers.invalid(decision.faults);
    return { status: 202, body: successBody('ignored', decision.reason) };
  }

  #told(delivered: Delivered): Answer {
    if (delivered.kind === 'failed') return this.#answers.failure(delivered.failure, delivered.change);
    return { status: 202, body: successBody(delivered.kind) };
  }

  /** Tells everybody who wants to know. */
  #answered(ids: TraceIds, about: Partial<About>, answer: Answer, attempts: readonly Attempt[], started: number): void {
    const durationMs = this.#clock.now() - started;
    const ending = endingOf(answer);
    const { outcome, error } = ending;
    this.#observer?.answered({ type: about.event_type ?? '', outcome, status: answer.status, durationMs });
    this.#tracer.note(() => ({ ...about, outcome, status_code: answer.status }), error);
    this.#logEvent(ids, { about, ending, answer, attempts, durationMs });
  }

  /** Expected failures are warnings: an error is what somebody has to mend here. */
  #logEvent(ids: TraceIds, { about, ending, answer, attempts, durationMs }: Ended): void {
    const { body, status } = answer;
    // Each named, those that are not there too: spread into one object, they took four kilobytes of memory for an event.
    const fields = {
      request_id: ids.requestId,
      unique_id: ids.uniqueId,
      event_id: about.event_id,
      event_type: about.event_type,
      imsi: about.imsi,
      previous_imsi: about.previous_imsi,
      action: about.action,
      outcome: ending.outcome,
      reason: ending.reason,
      type: ending.type,
      error: ending.error,
      details: ending.details,
      status_code: status,
      attempts: attempts.length,
      core_ms: toHundredth(msOf(attempts)),
      duration_ms: toHundredth(durationMs),
    };
    if (status < 300) this.#log.info(fields, body.message);
    else this.#log.warn(fields, body.message);
  }
}

const NO_ATTEMPTS: readonly Attempt[] = [];

/** Events that came in together take each step together ({@link Stage} says why). */
const ABREAST = Promise.resolve();

/** What an event says, for the log. */
interface About {
  readonly event_id: string;
  readonly event_type: string;
  readonly imsi: string;
  readonly previous_imsi?: string;
  readonly action: string;
}

/** How it ended, in the journal's words. */
interface Ending {
  readonly outcome: EventOutcome;
  readonly reason?: string;
  readonly type?: string;
  readonly error?: string;
  readonly details?: readonly Detail[];
}

/** An event that was answered. */
interface Ended {
  readonly about: Partial<About>;
  readonly ending: Ending;
  readonly answer: Answer;
  readonly attempts: readonly Attempt[];
  readonly durationMs: number;
}

function endingOf({ body, state = 'failed' }: Answer): Ending {
  if ('outcome' in body)
    return body.reason === undefined ? { outcome: body.outcome } : { outcome: body.outcome, reason: body.reason };
  return { outcome: state, type: body.type, error: body.error, ...(body.details && { details: body.details }) };
}

function describe(event: Event, decision: Decision): About {
  const previous =
    decision.kind === 'provision' && decision.action === 'replace' ? event.pb_data?.prev_sim_info?.imsi : null;
  return {
    event_id: clip(event.event_id),
    event_type: clip(event.data.event_type),
    imsi: clip(event.pb_data?.sim_info?.imsi ?? ''),
    ...(previous && { previous_imsi: clip(previous) }),
    action: decision.kind === 'provision' ? decision.action : decision.kind,
  };
}
