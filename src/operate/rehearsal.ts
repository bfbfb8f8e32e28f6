import { parseEvent } from '../contract/parse.ts';
import { decide } from '../core/decide.ts';
import { react } from '../core/react.ts';
import { type Effect, type Limits, newest, type Subscriber, unknownSubscriber } from '../core/subscriber.ts';
import type { Decision, Rules } from '../core/types.ts';
import type { Provision } from '../delivery/arrival.ts';
import { wishesOf } from '../delivery/queued.ts';
import type { StoredEvent, Views } from '../ports/store.ts';
import type { Result } from './result.ts';
import { decisionLines, refusalText } from './wording.ts';

/** What an event of the journal means by today's rules: its effects, or why it has none. */
type Replay =
  /** It is recorded, if it was not yet. */
  | { readonly record: true }
  | { readonly effects: readonly Effect[]; readonly decision: Provision }
  | { readonly result: Result };

/** Decides an event of the journal again. */
export function replayOf(event: StoredEvent, rules: Rules): Replay {
  const decision = decideAgain(event.body, rules);
  if (decision.kind === 'record') return againstRecorded(event);
  if (decision.kind === 'provision') return { effects: wishesOf({ decision, draft: event }), decision };
  const status = decision.kind === 'ignore' ? 'ignored' : 'rejected';
  return { result: { subject: event.eventId, status, why: refusalText(decision) } };
}

/** An event is recorded once: one that is, or waits to be, is left alone. */
function againstRecorded({ eventId: subject, state }: StoredEvent): Replay {
  if (state === 'processed') return { result: { subject, status: 'done', why: 'it is recorded already' } };
  return { record: true };
}

function decideAgain(body: Uint8Array, rules: Rules): Decision {
  const parsed = parseEvent(body);
  return parsed.kind === 'event' ? decide(parsed.event, rules) : { kind: 'reject', faults: parsed.faults };
}

/** An event that is not sent because of another one. */
export function superseded(subject: string, subscriber: Subscriber | null): Result {
  const by = subscriber && newest(subscriber);
  // What was sent without a known result is a promise as soon as something older is answered by it.
  const then = subscriber?.desired ? ' and on its way' : ': nothing to do';
  const why = by ? `event ${by.eventId} of ${by.change.state.imsi} is newer${then}` : 'something newer is known';
  return { subject, status: 'superseded', why };
}

/** Nothing ends here: `want` has no use for them. */
const NO_LIMITS: Limits = { settleAfterMs: 0, maxAttempts: 0, maxAgeMs: 0, longestRestMs: 0 };

/** Plays a replay on a copy of the subscribers, one event after the other, to see what would come of it. */
export class Rehearsal {
  readonly #views: Views;
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #taken: { readonly eventId: string; readonly decision: Provision }[] = [];
  readonly #recorded: string[] = [];

  constructor(views: Views) {
    this.#views = views;
  }

  /** @returns why the event would not be sent; null when it would, unless one that is still to come is newer. */
  async play(eventId: string, replay: Exclude<Replay, { result: unknown }>): Promise<Result | null> {
    if ('record' in replay) {
      this.#recorded.push(eventId);
      return null;
    }
    const { effects, decision } = replay;
    let taken = false;
    for (const effect of effects) {
      const { subscriber, accepted } = react(await this.#subscriber(effect.imsi), effect, Date.now(), NO_LIMITS);
      this.#subscribers.set(effect.imsi, subscriber);
      taken ||= accepted;
    }
    if (!taken) return superseded(eventId, this.#newestOf(decision));
    this.#taken.push({ eventId, decision });
    return null;
  }

  /** What would be sent in the end, and what one of the others would overtake. */
  results(): Result[] {
    const recorded = this.#recorded.map((subject): Result => ({ subject, status: 'planned', why: 'record' }));
    const sent = this.#taken.map(({ eventId, decision }): Result => {
      const left = decision.changes.filter(({ state }) => {
        return this.#subscribers.get(state.imsi)?.desired?.eventId === eventId;
      });
      if (left.length === 0) return superseded(eventId, this.#newestOf(decision));
      return { subject: eventId, status: 'planned', why: decisionLines(decision).join('; ') };
    });
    return [...recorded, ...sent];
  }

  #newestOf({ changes }: Provision): Subscriber | null {
    return this.#subscribers.get(changes[0].state.imsi) ?? null;
  }

  async #subscriber(imsi: string): Promise<Subscriber> {
    return this.#subscribers.get(imsi) ?? (await this.#views.subscriber(imsi)) ?? unknownSubscriber(imsi);
  }
}
