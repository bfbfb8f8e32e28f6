import type { LifeEvent } from './life.ts';
import type { Nsps } from './nsps.ts';
import type { Lives } from './people.ts';
import type { StormOptions } from './storm.ts';
import { type Divergence, percentile } from './verdict.ts';
import type { CoreWatch, SeenRequest, Violation } from './watch.ts';

/** What a storm found. Times are in milliseconds. */
export interface StormReport {
  /** Everything acknowledged, nothing divergent, nothing violated. */
  readonly ok: boolean;
  readonly seed: number;
  readonly lives: Lives;
  readonly knownOnly: boolean;
  readonly subscribers: number;
  readonly changes: number;
  readonly events: number;
  readonly acknowledged: number;
  /** How often each kind of answer came: `202 processed`, `503 CONNECTION_ERROR`, `no answer ECONNREFUSED`. */
  readonly answers: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
  readonly core: {
    readonly calls: number;
    readonly applied: number;
    /** Of the applied ones: after the caller had gone. */
    readonly late: number;
    readonly outcomes: Readonly<Record<string, number>>;
  };
  /** Changes of acknowledged events that needed no call of their own; negative when calls were repeated. */
  readonly savedCalls: number;
  readonly kills: number;
  /** Two requests in flight for one subscriber. */
  readonly overlaps: number;
  /** A change sent after a newer one had been applied. */
  readonly orderViolations: number;
  /** A number sent while another SIM had it, though the connector had been told that it lost it. */
  readonly clashes: number;
  /** The same, when it had not been told. */
  readonly unknowable: number;
  /** Requests not judged: read after a stall of this process, they may have been sent in another order. */
  readonly unclear: number;
  /** Subscribers who are not in the core as billing has them. */
  readonly divergent: number;
  /** The first of each. */
  readonly divergences: readonly Divergence[];
  readonly violations: readonly (Violation & {
    /** All requests that arrived for the subscriber, and for the SIM that had the number, by IMSI. */
    readonly history: Readonly<Record<string, readonly SeenRequest[]>>;
  })[];
  /** Until every event was acknowledged, and from then until the core was right (null: never). */
  readonly stormMs: number;
  readonly convergedMs: number | null;
}

/** How many divergences and violations are told in detail. */
const DETAILS = 10;

export interface StormFacts {
  readonly options: StormOptions;
  readonly events: readonly Pick<LifeEvent, 'id' | 'states' | 'removes'>[];
  readonly nsps: Nsps;
  readonly watch: CoreWatch;
  readonly kills: number;
  readonly divergences: readonly Divergence[];
  readonly stormMs: number;
  readonly convergedMs: number | null;
}

export function reportOf(facts: StormFacts): StormReport {
  const { options, events, nsps, watch, divergences } = facts;
  const { calls, applied, late, outcomes, unknowable, unclear } = watch.tally;
  const done = events.filter(({ id }) => nsps.acknowledged.has(id));
  const count = (kind: Violation['kind']) => watch.violations.filter((violation) => violation.kind === kind).length;
  return {
    ok: done.length === events.length && divergences.length === 0 && watch.violations.length === 0,
    seed: options.seed,
    lives: options.lives ?? 'changes',
    knownOnly: options.knownOnly ?? false,
    subscribers: options.subscribers,
    changes: options.changes,
    events: events.length,
    acknowledged: done.length,
    answers: sorted(nsps.answers),
    latencyMs: latenciesOf(nsps.latencies),
    core: { calls, applied, late, outcomes: sorted(outcomes) },
    savedCalls: done.reduce((sum, event) => sum + callsFor(event), 0) - applied,
    kills: facts.kills,
    overlaps: count('overlap'),
    orderViolations: count('order'),
    clashes: count('clash'),
    unknowable,
    unclear,
    divergent: divergences.length,
    divergences: divergences.slice(0, DETAILS),
    violations: watch.violations.slice(0, DETAILS).map((violation) => withHistory(violation, watch)),
    stormMs: facts.stormMs,
    convergedMs: facts.convergedMs,
  };
}

/** Calls that it takes when nothing is saved. */
function callsFor({ states, removes }: Pick<LifeEvent, 'states' | 'removes'>): number {
  return states.length + (removes ? 1 : 0);
}

function withHistory(violation: Violation, watch: CoreWatch) {
  const imsis = [violation.imsi, ...(violation.holder ? [violation.holder] : [])];
  return { ...violation, history: Object.fromEntries(imsis.map((imsi) => [imsi, watch.history(imsi)])) };
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

function latenciesOf(latencies: readonly number[]) {
  const ascending = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(percentile(ascending, share) * 10) / 10;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
