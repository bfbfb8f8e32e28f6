import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../test/helpers/postgres-server.ts';
import { API_TOKEN, Part, type ServerProcess, startConnector } from './parts/children.ts';
import type { LoadOrder, LoadResult } from './parts/load.ts';
import { median, progress, type Spread, spreadOf, spreadText, table } from './parts/report.ts';

interface Scenario {
  readonly delivery: 'inline' | 'queued';
  readonly store: StoreKind;
  readonly connections: number;
  /** What the core takes for an answer, in milliseconds. */
  readonly coreMs: number;
  /** Least throughput of the connector, as a part of the forwarder's; null where none is set. */
  readonly target: number | null;
}

/**
 * Where the connector keeps things: a file on a disk of this machine, its own memory, or a database server that shares this
 * machine's processors.
 */
export const STORE_KINDS = ['sqlite', 'memory', 'postgres'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

const SCENARIOS: readonly Scenario[] = STORE_KINDS.flatMap((store) => [
  { delivery: 'inline', store, connections: 64, coreMs: 0, target: targetOf(store, 0.5) },
  { delivery: 'inline', store, connections: 256, coreMs: 20, target: targetOf(store, 0.85) },
  { delivery: 'queued', store, connections: 64, coreMs: 0, target: targetOf(store, 0.5) },
]);

/** The aim is for the store that is used unless another one is asked for; the others stand beside it. */
function targetOf(store: StoreKind, target: number): number | null {
  return store === 'sqlite' ? target : null;
}

/** Same load before each measurement, in seconds: new connections are opened, and nothing is counted. */
const RAMP_SECONDS = 0.5;

/** Load before the first measurement, in seconds: what runs often is compiled by then. */
const WARM_UP_SECONDS = 3;

/** Longest wait until nothing comes to the core any more, and how long it must not, in milliseconds. */
const QUIET_MS = 60_000;
const QUIET_LOOK_MS = 200;

export interface IntakeOptions {
  readonly seconds: number;
  readonly rounds: number;
  /** Only these. */
  readonly stores: readonly StoreKind[];
}

/** One side of a scenario: medians over all rounds. Latencies in milliseconds. */
export interface Side {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time an event in microseconds, all threads; null where the system does not tell. */
  readonly cpuMicroseconds: number | null;
  /** Part of one processor that the load generator took, at most. */
  readonly generatorLoad: number;
  readonly rounds: readonly LoadResult[];
}

export interface IntakeResult extends Scenario {
  readonly forwarder: Side;
  readonly connector: Side;
  /** Throughput of the connector by that of the forwarder, of each pair of neighbouring measurements. */
  readonly ratio: Spread;
  /** Processor time of the forwarder by that of the connector, of the same pairs; null where nobody tells it. */
  readonly cpuRatio: Spread | null;
}

/** Everything a scenario needs, each in its own process. */
interface Stage {
  readonly core: Part<string, number>;
  readonly load: Part<LoadOrder, LoadResult>;
  readonly forwarder: { readonly url: string; readonly pid: number };
  readonly connector: ServerProcess;
}

/** Events a second through the connector and through a bare forwarder, in turn, against the same core. */
export async function measureIntake(options: IntakeOptions): Promise<IntakeResult[]> {
  const results: IntakeResult[] = [];
  const chosen = SCENARIOS.filter(({ store }) => options.stores.includes(store));
  const postgres = options.stores.includes('postgres') ? await startPostgres() : null;
  try {
    for (const scenario of chosen) results.push(await measureScenario(scenario, options, postgres));
  } finally {
    await postgres?.stop();
  }
  return results;
}

async function measureScenario(
  scenario: Scenario,
  options: IntakeOptions,
  postgres: PostgresServer | null,
): Promise<IntakeResult> {
  const core = await Part.start<string, number>('core-stub', { DELAY_MS: String(scenario.coreMs) });
  const load = await Part.start<LoadOrder, LoadResult>('load');
  const forwarder = await Part.start('forwarder', { CORE_URL: core.url });
  const folder = await mkdtemp(join(tmpdir(), 'nsps-bench-'));
  const settings = { DELIVERY: scenario.delivery, STORE_URL: await storeUrl(scenario.store, folder, postgres) };
  const connector = await startConnector(core.url, settings);
  try {
    return await compare(scenario, options, { core, load, forwarder, connector });
  } finally {
    await Promise.all([connector, forwarder, load, core].map((child) => child.stop()));
    await rm(folder, { recursive: true });
  }
}

async function storeUrl(kind: StoreKind, folder: string, postgres: PostgresServer | null): Promise<string> {
  if (kind === 'postgres' && postgres) return await postgres.database();
  return kind === 'memory' ? 'memory:' : `sqlite:${join(folder, 'connector.db')}`;
}

async function compare(scenario: Scenario, { seconds, rounds }: IntakeOptions, stage: Stage): Promise<IntakeResult> {
  progress(`intake: ${nameOf(scenario)}: warming up`);
  await post(scenario, stage, 'forwarder', WARM_UP_SECONDS);
  await post(scenario, stage, 'connector', WARM_UP_SECONDS);
  const [forwarder, connector]: [LoadResult[], LoadResult[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second meets the machine as the first one left it: they take turns at that, too.
    const order = round % 2 === 0 ? (['forwarder', 'connector'] as const) : (['connector', 'forwarder'] as const);
    for (const side of order) {
      const result = await post(scenario, stage, side, seconds);
      (side === 'forwarder' ? forwarder : connector).push(result);
    }
    const [theirs, ours] = [forwarder.at(-1)?.perSecond ?? Number.NaN, connector.at(-1)?.perSecond ?? Number.NaN];
    const rates = `forwarder ${theirs.toFixed(0)}/s, connector ${ours.toFixed(0)}/s`;
    const ratio = (ours / theirs).toFixed(2);
    progress(`intake: ${nameOf(scenario)}: round ${round + 1} of ${rounds}: ${rates}, ratio ${ratio}`);
  }
  const ratios = connector.map((result, round) => result.perSecond / (forwarder[round]?.perSecond ?? Number.NaN));
  const cpuRatios = connector.map((result, round) => cpuOf(forwarder[round]) / cpuOf(result));
  return {
    ...scenario,
    forwarder: sideOf(forwarder),
    connector: sideOf(connector),
    ratio: spreadOf(ratios),
    cpuRatio: cpuRatios.some(Number.isNaN) ? null : spreadOf(cpuRatios),
  };
}

function cpuOf(result: LoadResult | undefined): number {
  return result?.cpuMicroseconds ?? Number.NaN;
}

/** One measurement. Every event must be answered 202 and, inline, have cost the core exactly one call. */
async function post(
  scenario: Scenario,
  stage: Stage,
  side: 'forwarder' | 'connector',
  seconds: number,
): Promise<LoadResult> {
  const { url, pid } = stage[side];
  const { connections } = scenario;
  await untilQuiet(stage.core);
  const order = { url, pid, token: API_TOKEN, connections, seconds, rampSeconds: RAMP_SECONDS, expect: 202 };
  const result = await stage.load.ask(order, (seconds + RAMP_SECONDS + 60) * 1000);
  const calls = await stage.core.ask('calls');
  if (result.errors > 0)
    throw new Error(`${side}: ${result.errors} answers were not 202: ${result.samples.join('; ')}`);
  if (calls !== result.allAnswers && (side === 'forwarder' || scenario.delivery === 'inline')) {
    throw new Error(`${side}: ${result.allAnswers} events were answered 202, but the core had ${calls} calls`);
  }
  return result;
}

/** What was accepted for later may still be on its way to the core; it must not be counted for whoever comes next. */
async function untilQuiet(core: Stage['core']): Promise<void> {
  const end = performance.now() + QUIET_MS;
  await core.ask('calls');
  await sleep(QUIET_LOOK_MS);
  while ((await core.ask('calls')) > 0) {
    if (performance.now() > end) throw new Error(`The core was still called ${QUIET_MS} ms after the last event`);
    await sleep(QUIET_LOOK_MS);
  }
}

function sideOf(rounds: readonly LoadResult[]): Side {
  const middle = (of: (result: LoadResult) => number) => median(rounds.map(of));
  const cpu = middle(cpuOf);
  return {
    perSecond: middle((result) => result.perSecond),
    p50: middle((result) => result.p50),
    p99: middle((result) => result.p99),
    cpuMicroseconds: Number.isNaN(cpu) ? null : cpu,
    generatorLoad: Math.max(...rounds.map((result) => result.generatorLoad)),
    rounds,
  };
}

export function intakeReport(results: readonly IntakeResult[]): string {
  const throughput = results.map((result) => [
    nameOf(result),
    result.forwarder.perSecond.toFixed(0),
    result.connector.perSecond.toFixed(0),
    spreadText(result.ratio, 2),
    result.target === null ? '–' : `≥ ${result.target.toFixed(2)}`,
    ...[result.forwarder, result.connector].map(({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(1)}`),
  ]);
  const processor = results.map((result) => [
    nameOf(result),
    ...[result.forwarder, result.connector].map(({ cpuMicroseconds }) => cpuMicroseconds?.toFixed(0) ?? 'unknown'),
    result.cpuRatio ? spreadText(result.cpuRatio, 2) : 'unknown',
  ]);
  const ratio = 'Ratio: median (min–max)';
  const latencies = ['Forwarder p50 / p99, ms', 'Connector p50 / p99, ms'];
  return [
    table(['Scenario', 'Forwarder, events/s', 'Connector, events/s', ratio, 'Target', ...latencies], throughput),
    '',
    'Processor time of an event, all threads:',
    '',
    table(['Scenario', 'Forwarder, µs', 'Connector, µs', ratio], processor),
    '',
    ...NOTES,
  ].join('\n');
}

const NOTES = [
  'Each event is about 1.5 KB, is new, and costs the core one call (checked). The generator, the core and who is',
  'measured are three processes of one machine: where it has fewer processors, or other work, they take turns. The',
  'ratios are of measurements next to each other; that of the processor time, where it is known, is the steadier one.',
];

function nameOf({ delivery, store, connections, coreMs }: Scenario): string {
  return `${delivery}, ${store}: ${connections} connections, core ${coreMs} ms`;
}
