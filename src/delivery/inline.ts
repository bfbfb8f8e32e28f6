import { DONE, FAILURES, type Failure, failed, type Outcome } from '../core/outcome.ts';
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
    try {
      return await this.#inOrder(decision, { ...ids, deadline: this.#clock.now() + this.#limits.deadlineMs }, report);
    } finally {
      this.#inside--;
    }
  }

  /** One change after the other: a SIM swap releases the number before it gives it again (G5). */
  async #inOrder(decision: Provision, context: CallContext, report: DeliveryReport): Promise<Delivered> {
    let applied = 0;
    for (const change of decision.changes) {
      const { imsi } = change.state;
      const outcome = await this.#lines.run(imsi, context.deadline, () =>
        this.#unlessStale(change, decision.version, context, report),
      );
      if (outcome === null) return conclude(NO_TURN, change);
      if (outcome === 'stale') continue;
      if (outcome.kind === 'failed') return conclude(outcome, change);
      applied++;
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
    const known = await this.#store.recall(change.state.imsi);
    if (known && compareVersions(version, known.version) < 0) {
      const outcome = known.settled ? DONE : await this.#push(known, true, context, report);
      return outcome.kind === 'done' ? 'stale' : outcome;
    }
    // An attempt that is still out may land on top of this one, unless it was at this very state.
    const settles = known === null || known.settled || compareVersions(version, known.version) === 0;
    return this.#push({ version: mergeVersions(known?.version ?? null, version), change }, settles, context, report);
  }

  /**
   * Brings the core to a state and remembers it. A late event of a subscriber whose last result is unknown comes here
   * with the newest state: NSPS sends again what it got no answer for, so its coming is the sign that the core has
   * had time to apply what was out (G4).
   * @param settles whether success leaves no doubt about what the core holds.
   */
  async #push(
    { version, change }: Pick<Remembered, 'version' | 'change'>,
    settles: boolean,
    context: CallContext,
    report: DeliveryReport,
  ): Promise<Outcome> {
    const outcome = await this.#attempts.run(change, context, (attempt) => report.attempts.push(attempt));
    const { imsi } = change.state;
    if (outcome.kind === 'done') await this.#store.remember(imsi, { version, change, settled: settles });
    else if (FAILURES[outcome.failure.code].kind === 'unsure') {
      await this.#store.remember(imsi, { version, change, settled: false });
    }
    return outcome;
  }
}

const NO_TURN = failed('no_turn', 'Connection timeout: an earlier event of the subscriber is still under way');

function conclude(outcome: Outcome, change: Change | null): Delivered {
  return outcome.kind === 'failed' ? { kind: 'failed', failure: outcome.failure, change } : { kind: 'processed' };
}
