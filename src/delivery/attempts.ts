import { FAILURES, failed, type Outcome } from '../core/outcome.ts';
import type { Change } from '../core/types.ts';
import type { Observer } from '../ports/observer.ts';
import type { Gauges } from '../ports/recorded.ts';
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
}

/** Calls to the core, as many and as quick as it can take. */
export class Attempts {
  readonly #target: Target;
  readonly #gate: Gate;
  readonly #breaker: Breaker;
  readonly #clock: Clock;
  readonly #observer: Observer | null;

  constructor(parts: { target: Target; gate: Gate; breaker: Breaker; clock: Clock; observer?: Observer | null }) {
    this.#target = parts.target;
    this.#gate = parts.gate;
    this.#breaker = parts.breaker;
    this.#clock = parts.clock;
    this.#observer = parts.observer ?? null;
  }

  /** How busy it is now. */
  get gauges(): Omit<Gauges, 'inside'> {
    const { state: circuit } = this.#breaker;
    return { circuit, retryInMs: this.rest, inFlight: this.#gate.inside, waiting: this.#gate.waiting };
  }

  /** Milliseconds until the circuit lets a call through; 0 when it does now. */
  get rest(): number {
    return this.#breaker.wait();
  }

  /** Whether the core was well when it was last heard of. */
  get circuitClosed(): boolean {
    return this.#breaker.state === 'closed';
  }

  /** Sends a change once, when its turn comes before the deadline and the circuit lets it. */
  async once(change: Change, context: CallContext): Promise<Tried> {
    // Asked before waiting for a place, so that an open circuit answers at once even when hung calls hold every place.
    if (this.#breaker.wait() > 0) return notMade(this.#circuitOpen());
    if (!this.#gate.tryEnter()) {
      const admission = await this.#gate.enter(context.deadline);
      if (admission === 'late') return notMade(NO_CONNECTION);
      if (admission !== 'inside') {
        return notMade(
          failed('crowded', 'Rate limit exceeded: more events than WTL_MAX_RPS', { retryAfterMs: admission }),
        );
      }
    }
    try {
      const started = this.#clock.now();
      // Asked before the circuit: a call that is not made tells it nothing.
      if (started >= context.deadline) return notMade(NO_CONNECTION);
      const permit = this.#breaker.admit();
      if (!permit) return notMade(this.#circuitOpen());
      const outcome = await this.#target.apply(change, context);
      return { outcome, attempt: this.#learn(change, outcome, permit, started) };
    } finally {
      this.#gate.leave();
    }
  }

  #learn(change: Change, outcome: Outcome, permit: Permit, started: number): Attempt {
    const failure = outcome.kind === 'failed' ? outcome.failure : null;
    this.#breaker.record(permit, failure !== null && FAILURES[failure.code].sick);
    const durationMs = this.#clock.now() - started;
    const result = failure?.code ?? 'done';
    const { action } = change;
    const coreStatus = failure?.coreStatus;
    this.#observer?.called({ action, result, durationMs, ...(coreStatus !== undefined && { coreStatus }) });
    return {
      at: this.#clock.wall(),
      imsi: change.state.imsi,
      action,
      result,
      ...(coreStatus !== undefined && { coreStatus }),
      ...(failure && { why: failure.why }),
      durationMs,
    };
  }

  #circuitOpen(): Outcome {
    return failed('circuit_open', 'Circuit open', { retryAfterMs: this.#breaker.wait() });
  }
}

function notMade(outcome: Outcome): Tried {
  return { outcome, attempt: null };
}
