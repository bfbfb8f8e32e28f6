import { FAILURES, type Failure, failed, type Outcome } from '../core/outcome.ts';
import type { Change, Decision } from '../core/types.ts';
import { compareVersions, mergeVersions, type Version } from '../core/version.ts';
import type { Clock, TraceIds } from '../ports/runtime.ts';
import type { Remembered, Store } from '../ports/store.ts';
import type { CallContext } from '../ports/target.ts';
import type { Attempts } from './attempts.ts';
import { SubscriberLines } from './lines.ts';
import type { DeliveryReport } from './report.ts';

export type Provision = Extract<Decision, { kind: 'provision' }>;

export type Delivered =
  | { readonly kind: 'processed' | 'superseded' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly change: Change | null };

export interface InlineLimits {
  /** One event's whole budget, waiting and repeats included, in milliseconds. */
  readonly deadlineMs: number;
  /** Events inside at a time: being called for, or waiting. One more is turned away at once. */
  readonly capacity: number;
}

/** What somebody turned away should wait before the next try, in milliseconds. */
const CROWDED_RETRY_MS = 1_000;

/** Delivery while the caller waits: the core's true answer is the answer, and NSPS owns the retry. */
export class InlineDelivery {
  readonly #store: Store;
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #limits: InlineLimits;
  readonly #lines: SubscriberLines;
  #inside = 0;

  constructor(parts: { store: Store; attempts: Attempts; clock: Clock; limits: InlineLimits }) {
    this.#store = parts.store;
    this.#attempts = parts.attempts;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
    this.#lines = new SubscriberLines(parts.clock);
  }

  /** Events being delivered now. */
  get inside(): number {
    return this.#inside;
  }

  /** Brings the core to the decided state, or says truthfully why not. Fills `report` on the way. */
  async deliver(decision: Provision, ids: TraceIds, report: DeliveryReport): Promise<Delivered> {
    if (this.#inside >= this.#limits.capacity) {
      const crowded = failed('crowded', 'Rate limit exceeded', { retryAfterMs: CROWDED_RETRY_MS });
      return conclude(crowded, null);
    }
    this.#inside++;
    const context = { ...ids, deadline: this.#clock.now() + this.#limits.deadlineMs };
    let applied = 0;
    try {
      // One change after the other: a SIM swap releases the number before it gives it again (G5).
      for (const change of decision.changes) {
        const outcome = await this.#lines.run(change.state.imsi, context.deadline, () =>
          this.#unlessStale(change, decision.version, context, report),
        );
        if (outcome === null) return conclude(NO_TURN, change);
        if (outcome === 'stale') continue;
        if (outcome.kind === 'failed') return conclude(outcome, change);
        applied++;
      }
    } finally {
      this.#inside--;
    }
    return { kind: applied > 0 ? 'processed' : 'superseded' };
  }

  /** G2: what is older than what the core was given is not sent. */
  async #unlessStale(
    change: Change,
    version: Version,
    context: CallContext,
    report: DeliveryReport,
  ): Promise<Outcome | 'stale'> {
    const { imsi } = change.state;
    const known = await this.#store.recall(imsi);
    const stale = known !== null && compareVersions(version, known.version) < 0;
    if (stale && known.settled) return 'stale';
    const next = stale ? { ...known, settled: true } : successor(known, version, change);
    let doubtful = false;
    const outcome = await this.#attempts.run(next.change, context, (attempt) => {
      report.attempts.push(attempt);
      // Also when a later attempt certainly failed: the doubtful one may have been applied all the same.
      if (attempt.result !== 'done' && FAILURES[attempt.result].kind === 'unsure') doubtful = true;
    });
    if (outcome.kind === 'done') {
      await this.#store.remember(imsi, next);
      return stale ? 'stale' : outcome;
    }
    if (doubtful) await this.#store.remember(imsi, { ...next, settled: false });
    return outcome;
  }
}

/**
 * What is known once a change has been applied. An attempt that is still out may land on top of it, unless it was at this
 * very state: then the late, older event that NSPS sends again is the sign that the core has had its time, and makes the
 * newest state be sent once more (G4).
 */
function successor(known: Remembered | null, version: Version, change: Change): Remembered {
  const settled = known === null || known.settled || compareVersions(version, known.version) === 0;
  return { version: mergeVersions(known?.version ?? null, version), change, settled };
}

const NO_TURN = failed('no_turn', 'Connection timeout: an earlier event of the subscriber is still under way');

function conclude(outcome: Outcome, change: Change | null): Delivered {
  return outcome.kind === 'failed' ? { kind: 'failed', failure: outcome.failure, change } : { kind: 'processed' };
}
