import { FAILURES, failed, mayRepeat, type Outcome, pauseBeforeRepeat } from '../core/outcome.ts';
import type { Change } from '../core/types.ts';
import type { Clock, Random } from '../ports/runtime.ts';
import type { Attempt } from '../ports/store.ts';
import type { CallContext, Target } from '../ports/target.ts';
import type { Breaker, Permit } from './breaker.ts';
import type { Gate } from './gate.ts';

const NO_CONNECTION = failed('no_turn', 'Connection timeout: no free connection to the core before the deadline');

export interface AttemptLimits {
  /** Repeats after the first attempt. */
  readonly retries: number;
}

/** Makes attempts at one change until it is done, final, or out of time. */
export class Attempts {
  readonly #target: Target;
  readonly #gate: Gate;
  readonly #breaker: Breaker;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: AttemptLimits;

  constructor(parts: {
    target: Target;
    gate: Gate;
    breaker: Breaker;
    clock: Clock;
    random: Random;
    limits: AttemptLimits;
  }) {
    this.#target = parts.target;
    this.#gate = parts.gate;
    this.#breaker = parts.breaker;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#limits = parts.limits;
  }

  /** Milliseconds until the circuit lets a call through; 0 when it does now. */
  get rest(): number {
    return this.#breaker.wait();
  }

  /** Whether the core was well when it was last heard of. */
  get circuitClosed(): boolean {
    return this.#breaker.state === 'closed';
  }

  /**
   * Repeats only what is safe to repeat (`core/outcome.ts`), and only while the deadline leaves room.
   * @param report hears of every call that was made.
   * @returns the last outcome.
   */
  async run(change: Change, context: CallContext, report: (attempt: Attempt) => void): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#once(change, context, report);
      if (outcome.kind === 'done') return outcome;
      const { failure } = outcome;
      if (attempt > this.#limits.retries || !mayRepeat(failure.code, change.action)) return outcome;
      const pause = pauseBeforeRepeat(attempt, failure, this.#random());
      if (this.#clock.now() + pause >= context.deadline || this.#breaker.wait() > 0) return outcome;
      await new Promise<void>((resolve) => this.#clock.after(pause, resolve));
    }
  }

  async #once(change: Change, context: CallContext, report: (attempt: Attempt) => void): Promise<Outcome> {
    // Asked before waiting for a place, so that an open circuit answers at once even when hung calls hold every place.
    if (this.#breaker.wait() > 0) return this.#circuitOpen();
    if (!this.#gate.tryEnter()) {
      const admission = await this.#gate.enter(context.deadline);
      if (admission === 'late') return NO_CONNECTION;
      if (admission !== 'inside') {
        return failed('crowded', 'Rate limit exceeded: more events than WTL_MAX_RPS', { retryAfterMs: admission });
      }
    }
    try {
      const started = this.#clock.now();
      // Asked before the circuit: a call that is not made tells it nothing.
      if (started >= context.deadline) return NO_CONNECTION;
      const permit = this.#breaker.admit();
      if (!permit) return this.#circuitOpen();
      const outcome = await this.#target.apply(change, context);
      this.#learn(change, outcome, permit, started, report);
      return outcome;
    } finally {
      this.#gate.leave();
    }
  }

  #learn(change: Change, outcome: Outcome, permit: Permit, started: number, report: (attempt: Attempt) => void): void {
    const failure = outcome.kind === 'failed' ? outcome.failure : null;
    this.#breaker.record(permit, failure !== null && FAILURES[failure.code].sick);
    report({
      at: this.#clock.wall(),
      imsi: change.state.imsi,
      action: change.action,
      result: failure?.code ?? 'done',
      ...(failure?.coreStatus !== undefined && { coreStatus: failure.coreStatus }),
      ...(failure && { why: failure.why }),
      durationMs: this.#clock.now() - started,
    });
  }

  #circuitOpen(): Outcome {
    return failed('circuit_open', 'Circuit open', { retryAfterMs: this.#breaker.wait() });
  }
}
