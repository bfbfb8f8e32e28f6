import { setTimeout as sleep } from 'node:timers/promises';
import { Metrics } from '../src/observe/metrics.ts';
import { API_TOKEN, Part, type ServerProcess, startConnector } from './parts/children.ts';
import type { LoadOrder, LoadResult } from './parts/load.ts';
import { median, progress, type Spread, spreadOf, spreadText, table } from './parts/report.ts';

/** Most that metrics may cost: throughput with them is at least this part of that without. */
const TARGET = 0.97;
const CONNECTIONS = 64;
const RAMP_SECONDS = 0.5;
/** Load before the first measurement, in seconds: what runs often is compiled by then. */
const WARM_UP_SECONDS = 3;
/** Pause after a measurement, in milliseconds: what it left behind is done by then. */
const REST_MS = 500;
/** Events told to the observer alone, and how often that is measured. */
const TOLD = 200_000;
const TOLD_ROUNDS = 7;

export interface MetricsOptions {
  readonly seconds: number;
  readonly rounds: number;
}

export interface MetricsResult {
  /** What an event costs in the observer alone: an answer, a call, a claim and a write. */
  readonly nanosecondsAnEvent: Spread;
  /** Events a second, medians. */
  readonly off: number;
  readonly on: number;
  /** With by without metrics, of neighbouring measurements. */
  readonly ratio: Spread;
  /** Processor time without by with metrics; null where nobody tells it. */
  readonly cpuRatio: Spread | null;
}

type Side = 'off' | 'on';
type Connectors = Readonly<Record<Side, ServerProcess>>;

/** What metrics cost: in the observer alone, and in throughput, connectors with and without them taking turns. */
export async function measureMetrics(options: MetricsOptions): Promise<MetricsResult> {
  const nanosecondsAnEvent = spreadOf(Array.from({ length: TOLD_ROUNDS }, observerNanoseconds));
  const core = await Part.start<string, number>('core-stub', { DELAY_MS: '0' });
  const load = await Part.start<LoadOrder, LoadResult>('load');
  const connectors: Connectors = {
    off: await startConnector(core.url),
    on: await startConnector(core.url, { METRICS_TOKEN: 'benchmark-metrics-token' }),
  };
  try {
    return { nanosecondsAnEvent, ...(await compare(connectors, load, options)) };
  } finally {
    await Promise.all([connectors.off, connectors.on, load, core].map((child) => child.stop()));
  }
}

async function compare(connectors: Connectors, load: Part<LoadOrder, LoadResult>, { seconds, rounds }: MetricsOptions) {
  const post = async (side: Side, length: number) => {
    const { url, pid } = connectors[side];
    const shape = { connections: CONNECTIONS, seconds: length, rampSeconds: RAMP_SECONDS, expect: 202 };
    const result = await load.ask({ url, pid, token: API_TOKEN, ...shape }, (length + 60) * 1000);
    if (result.errors > 0)
      throw new Error(`${side}: ${result.errors} answers were not 202: ${result.samples.join('; ')}`);
    await sleep(REST_MS);
    return result;
  };
  for (const side of ['off', 'on'] as const) await post(side, WARM_UP_SECONDS);
  const results: Record<Side, LoadResult[]> = { off: [], on: [] };
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second meets the machine as the first one left it: they take turns at that, too.
    const order = round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const);
    for (const side of order) results[side].push(await post(side, seconds));
    const ratio = (results.on.at(-1)?.perSecond ?? 0) / (results.off.at(-1)?.perSecond ?? 1);
    progress(`metrics: round ${round + 1} of ${rounds}: ratio ${ratio.toFixed(3)}`);
  }
  return figuresOf(results);
}

function figuresOf({ off, on }: Record<Side, readonly LoadResult[]>) {
  const pairs = on.map((result, round) => [off[round] as LoadResult, result] as const);
  const cpu = pairs.map(([without, having]) => (without.cpuMicroseconds ?? 0) / (having.cpuMicroseconds ?? 0));
  return {
    off: median(off.map(({ perSecond }) => perSecond)),
    on: median(on.map(({ perSecond }) => perSecond)),
    ratio: spreadOf(pairs.map(([without, having]) => having.perSecond / without.perSecond)),
    cpuRatio: cpu.some(Number.isNaN) ? null : spreadOf(cpu),
  };
}

/** Tells an observer of events as an inline connector does. */
function observerNanoseconds(): number {
  const circuit = { state: 'closed', openings: 0 } as const;
  const metrics = new Metrics(
    ['SIM/Updated', 'SIM/Replaced'],
    {
      build: { version: '', target: '', delivery: '', store: '' },
      limits: { concurrency: 0, perSecond: 0 },
      inside: () => 0,
      calls: () => ({ underWay: 0, waiting: 0 }),
      circuit: () => circuit,
      storeUp: () => true,
      backlog: () => Promise.resolve({ waiting: 0, oldest: null, dead: 0 }),
      wall: Date.now,
    },
    { now: () => performance.now(), wall: Date.now, after: () => () => {} },
  );
  const started = performance.now();
  for (let event = 0; event < TOLD; event++) {
    const durationMs = event % 100;
    metrics.stored({ operation: 'claim', failed: false, durationMs });
    metrics.called({ action: 'update', result: 'done', durationMs });
    metrics.stored({ operation: 'write', failed: false, durationMs });
    metrics.answered({ type: 'SIM/Updated', outcome: 'processed', status: 202, durationMs });
  }
  return ((performance.now() - started) * 1e6) / TOLD;
}

export function metricsReport(result: MetricsResult): string {
  const { off, on, ratio, cpuRatio, nanosecondsAnEvent } = result;
  const row = [
    off.toFixed(0),
    on.toFixed(0),
    spreadText(ratio, 3),
    `≥ ${TARGET}`,
    cpuRatio ? spreadText(cpuRatio, 3) : 'unknown',
    spreadText(nanosecondsAnEvent, 0),
  ];
  const heads = ['Without, events/s', 'With, events/s', 'Ratio: median (min–max)', 'Target', 'Of processor time'];
  return [
    table(
      ['Metrics', ...heads, 'Observer alone, ns an event'],
      [[`inline, sqlite: ${CONNECTIONS} connections`, ...row]],
    ),
    '',
    'Two connectors, one with METRICS_TOKEN, take turns. Ratios: throughput with by without, processor time without by with;',
    'below 1, metrics cost something. The observer alone: told of an answer, a call, a claim and a write.',
  ].join('\n');
}
