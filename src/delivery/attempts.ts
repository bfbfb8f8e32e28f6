import type { CircuitState } from '../contract/circuit-states.ts';
import { FAILURES, failed, type Outcome } from '../core/outcome.ts';
import { wordsOf } from '../core/text.ts';
import type { Change } from '../core/types.ts';
import type { Observer } from '../ports/observer.ts';
import type { Clock } from '../ports/runtime.ts';
import type { Attempt } from '../ports/store.ts';
import type { CallContext, Target } from '../ports/target.ts';
import type { Breaker, Permit } from './breaker.ts';
import type { Gate } from './gate.ts';

const NO_CONNECTION = failed('no_turn', 'Connection timeout: no free connection to the core before the deadline');

/** One call and what came of it; no attempt when none was made. */
export interface Tried {
  readonly outcome: Outcome;
  readonly attempt: Attempt | null;
  /**
   * How long ago the call began, in milliseconds: by the clock that says more, since the steady one does not go on while a
   * machine sleeps.
   */
  readonly ageMs: number;
}

/** Whether a state that was chosen to be sent is still the one to send when its turn comes. */
export interface Still {
  /** When what it was chosen by was read, on the clock's `now()`. */
  readonly askedAt: number;
  /** Looks again; asked only when what was read may be out of date. */
  holds(): Promise<boolean>;
}

/**
 * What was read longer ago than this is looked at again before the call, in milliseconds: other connectors answer events while
 * a database commits a claim.
 */
const OLD_AFTER_MS = 50;

/** Calls to the core, as many and as quick as it can take. */
export class Attempts {
  readonly #target: Target;
  readonly #gate: Gate;
  readonly #breaker: Breaker;
  readonly #clock: Clock;
  readonly #observer: Observer | null;
  #underWay = 0;
  #waiting = 0;

  constructor(parts: { target: Target; gate: Gate; breaker: Breaker; clock: Clock; observer?: Observer | null }) {
    this.#observer = parts.observer ?? null;
    this.#target = parts.target;
    this.#gate = parts.gate;
    this.#breaker = parts.breaker;
    this.#clock = parts.clock;
  }

  /** Milliseconds until the circuit lets a call through; 0 when it does now. */
  get rest(): number {
    return this.#breaker.wait();
  }

  /** Whether the core was well when it was last heard of. */
  get circuitClosed(): boolean {
    return this.#breaker.state === 'closed';
  }

  /** How the circuit is, and how often it opened. */
  get circuit(): { readonly state: CircuitState; readonly openings: number } {
    return this.#breaker;
  }

  /** Calls the core is working on. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Those that wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A call is about to be made again. */
  repeating(by: 'event' | 'connector'): void {
    this.#observer?.repeated?.(by);
  }

  /**
   * Sends a change once, when its turn comes before the deadline and the circuit lets it.
   * @param still whether it is still to be sent when its turn comes; absent: it is.
   * @returns null when it is not: then nothing was sent.
   */
  once(change: Change, context: CallContext, still?: Still): Promise<Tried | null> {
    // Asked before waiting for a place, so that an open circuit answers at once even when hung calls hold every place.
    if (this.#breaker.wait() > 0) return Promise.resolve(notMade(this.#circuitOpen()));
    if (this.#gate.tryEnter()) return this.#call(change, context, still && this.#isOld(still) ? still : undefined);
    return this.#enter(context.deadline).then((outside) => {
      return outside === null ? this.#call(change, context, still) : notMade(outside);
    });
  }

  #isOld({ askedAt }: Still): boolean {
    return this.#clock.now() - askedAt > OLD_AFTER_MS;
  }

  /** Waits for a place. @returns why there is none before the deadline; null when it is inside. */
  async #enter(deadline: number): Promise<Outcome | null> {
    this.#waiting++;
    try {
      const admission = await this.#gate.enter(deadline);
      if (admission === 'inside') return null;
      if (admission === 'late') return NO_CONNECTION;
      return failed('crowded', 'Rate limit exceeded: more events than WTL_MAX_RPS', { retryAfterMs: admission });
    } finally {
      this.#waiting--;
    }
  }

  /** Calls the core from a place that was entered, and leaves it. @param still asked first. */
  async #call(change: Change, context: CallContext, still?: Still): Promise<Tried | null> {
    try {
      if (still && !(await still.holds())) return null;
      const [started, startedAt] = [this.#clock.now(), this.#clock.wall()];
      // Asked before the circuit: a call that is not made tells it nothing.
      if (started >= context.deadline) return notMade(NO_CONNECTION);
      const permit = this.#breaker.admit();
      if (!permit) return notMade(this.#circuitOpen());
      const outcome = await this.#apply(change, context);
      const attempt = this.#learn(change, outcome, permit, started);
      return { outcome, attempt, ageMs: Math.max(attempt.durationMs, attempt.at - startedAt) };
    } finally {
      this.#gate.leave();
    }
  }

  /** A target must not throw. Should it, its request may have been sent: the result is unknown, and nobody stays held for it. */
  async #apply(change: Change, context: CallContext): Promise<Outcome> {
    this.#underWay++;
    try {
      return await this.#target.apply(change, context);
    } catch (error) {
      return failed('core_error', `The connector could not tell what came of the call: ${wordsOf(error)}`);
    } finally {
      this.#underWay--;
    }
  }

  #learn(change: Change, outcome: Outcome, permit: Permit, started: number): Attempt {
    const attempt = this.#attemptOf(change, outcome, permit, started);
    this.#observer?.called(attempt);
    return attempt;
  }

  #attemptOf(change: Change, outcome: Outcome, permit: Permit, started: number): Attempt {
    const failure = outcome.kind === 'failed' ? outcome.failure : null;
    this.#breaker.record(permit, failure !== null && FAILURES[failure.code].sick);
    return {
      at: this.#clock.wall(),
      imsi: change.state.imsi,
      action: change.action,
      result: failure?.code ?? 'done',
      ...(failure?.coreStatus !== undefined && { coreStatus: failure.coreStatus }),
      ...(failure && { why: failure.why }),
      // To the microsecond: what comes after it are digits that nobody measured, in every event that is kept.
      durationMs: Math.round((this.#clock.now() - started) * 1000) / 1000,
    };
  }

  #circuitOpen(): Outcome {
    return failed('circuit_open', 'Circuit open', { retryAfterMs: this.#breaker.wait() });
  }
}

function notMade(outcome: Outcome): Tried {
  return { outcome, attempt: null, ageMs: 0 };
}
