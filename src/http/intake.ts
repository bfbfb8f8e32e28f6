import { type ErrorBody, type SuccessBody, successBody } from '../contract/answers.ts';
import type { Event } from '../contract/event.ts';
import { parseEvent } from '../contract/parse.ts';
import { decide } from '../core/decide.ts';
import { clip } from '../core/text.ts';
import type { Decision, Rules } from '../core/types.ts';
import type { Delivered, InlineDelivery, Provision } from '../delivery/inline.ts';
import type { AttemptReport, DeliveryReport } from '../delivery/report.ts';
import type { Clock, LogFields, Logger, TraceIds } from '../ports/runtime.ts';
import type { Answer, Answers } from './answer.ts';

/** One event's way: bytes → event → decision → delivery → answer, and one wide log line. */
export class EventIntake {
  readonly #rules: Rules;
  readonly #delivery: InlineDelivery;
  readonly #answers: Answers;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(parts: { rules: Rules; delivery: InlineDelivery; answers: Answers; clock: Clock; log: Logger }) {
    this.#rules = parts.rules;
    this.#delivery = parts.delivery;
    this.#answers = parts.answers;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /**
   * Takes a body of any content and answers it; throws only on a fault of ours. Not async itself: while the core is
   * called, what the event says is kept, and not the event.
   */
  handle(raw: Uint8Array, ids: TraceIds): Promise<Answer> {
    const started = this.#clock.now();
    const parsed = parseEvent(raw);
    if (parsed.kind === 'event') {
      const decision = decide(parsed.event, this.#rules);
      return this.#carryOut(decision, describe(parsed.event, decision), ids, started);
    }
    const answer = this.#answers.invalid(parsed.faults);
    this.#logEvent(ids, {}, answer, NO_ATTEMPTS, started);
    return Promise.resolve(answer);
  }

  async #carryOut(decision: Decision, about: About, ids: TraceIds, started: number): Promise<Answer> {
    const report: DeliveryReport = { attempts: [] };
    const answer =
      decision.kind === 'provision'
        ? this.#told(await this.#delivery.deliver(decision, ids, report))
        : this.#undelivered(decision);
    if (this.#log.debugEnabled) this.#logAttempts(ids, about, report.attempts);
    this.#logEvent(ids, about, answer, report, started);
    return answer;
  }

  #undelivered(decision: Exclude<Decision, Provision>): Answer {
    if (decision.kind === 'reject') return this.#answers.invalid(decision.faults);
    return { status: 202, body: successBody('ignored', decision.reason) };
  }

  #told(delivered: Delivered): Answer {
    if (delivered.kind === 'failed') return this.#answers.failure(delivered.failure, delivered.change);
    return { status: 202, body: successBody(delivered.kind) };
  }

  #logAttempts(ids: TraceIds, about: About, attempts: readonly AttemptReport[]): void {
    for (const [index, attempt] of attempts.entries()) {
      const fields = {
        request_id: ids.requestId,
        unique_id: ids.uniqueId,
        event_id: about.event_id,
        imsi: attempt.imsi,
        action: attempt.action,
        attempt: index + 1,
        outcome: attempt.result,
        ...(attempt.coreStatus !== undefined && { core_status: attempt.coreStatus }),
        duration_ms: round(attempt.durationMs),
      };
      this.#log.debug(fields, 'Core call');
    }
  }

  /** Expected failures are warnings: an error is what somebody has to mend here. */
  #logEvent(ids: TraceIds, about: Partial<About>, answer: Answer, report: DeliveryReport, started: number): void {
    const { body, status } = answer;
    const coreMs = report.attempts.reduce((sum, attempt) => sum + attempt.durationMs, 0);
    const fields = {
      request_id: ids.requestId,
      unique_id: ids.uniqueId,
      ...about,
      ...outcomeOf(body),
      status_code: status,
      attempts: report.attempts.length,
      core_ms: round(coreMs),
      duration_ms: round(this.#clock.now() - started),
    };
    if (status < 300) this.#log.info(fields, body.message);
    else this.#log.warn(fields, body.message);
  }
}

const NO_ATTEMPTS: DeliveryReport = { attempts: [] };

/** What an event says, for the log. */
interface About {
  readonly event_id: string;
  readonly event_type: string;
  readonly imsi: string;
  readonly previous_imsi?: string;
  readonly action: string;
}

function outcomeOf(body: SuccessBody | ErrorBody): LogFields {
  if ('outcome' in body)
    return body.reason === undefined ? { outcome: body.outcome } : { outcome: body.outcome, reason: body.reason };
  return { outcome: 'failed', type: body.type, error: body.error, ...(body.details && { details: body.details }) };
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

/** Milliseconds to the hundredth. */
function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
