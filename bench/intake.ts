import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../test/helpers/postgres-server.ts';
import { API_TOKEN, freePort, Part, type ServerProcess, startConnector } from './parts/children.ts';
import type { LoadOrder, LoadResult } from './parts/load.ts';
import { median, progress, type Spread, spreadOf, spreadText, table } from './parts/report.ts';

interface Scenario {
  readonly delivery: 'inline' | 'queued';
  readonly store: StoreKind;
  readonly connections: number;
  /** What the core takes for an answer, in milliseconds. */
  readonly coreMs: number;
  /** Nobody listens where the connector looks for the core: what is queued stays where it is. */
  readonly coreAway: boolean;
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
  { delivery: 'inline', store, connections: 64, coreMs: 0, coreAway: false, target: targetOf(store, 0.5) },
  { delivery: 'inline', store, connections: 256, coreMs: 20, coreAway: false, target: targetOf(store, 0.85) },
  { delivery: 'queued', store, connections: 64, coreMs: 0, coreAway: false, target: targetOf(store, 0.5) },
  { delivery: 'queued', store, connections: 64, coreMs: 0, coreAway: true, target: targetOf(store, 0.5) },
]);

/** The aim is for the store that is used unless another one is asked for; the others stand beside it. */
function targetOf(store: StoreKind, target: number): number | null {
  return store === 'sqlite' ? target : null;
}

/** Same load before each measurement, in seconds: new connections are opened, and nothing is counted. */
const RAMP_SECONDS = 0.5;

/** Load before the first measurement, in seconds: what runs often is compiled by then, also on a slow processor. */
const WARM_UP_SECONDS = 10;

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
  /** The least that keeps an event in SQLite (`parts/keeper.ts`); null beside the other stores. */
  readonly keeper: Side | null;
  readonly connector: Side;
  /** Throughput of the connector by that of the forwarder, of each pair of neighbouring measurements. */
  readonly ratio: Spread;
  /** Throughput of the keeper by that of the forwarder, of the same rounds. */
  readonly keeperRatio: Spread | null;
  /** Processor time of the forwarder by that of the connector, of the same pairs; null where nobody tells it. */
  readonly cpuRatio: Spread | null;
}

/** Everything a scenario needs, each in its own process. */
interface Stage {
  readonly core: Part<string, number>;
  readonly load: Part<LoadOrder, LoadResult>;
  readonly forwarder: Part;
  readonly keeper: Part | null;
  readonly connector: ServerProcess;
}

/** Who is measured, each against the same core. */
type SideName = 'forwarder' | 'keeper' | 'connector';

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
  const keeper = scenario.store === 'sqlite' ? await startKeeper(scenario, core.url, folder) : null;
  const seenCore = scenario.coreAway ? `http://127.0.0.1:${await freePort()}` : core.url;
  const connector = await startConnector(seenCore, settings);
  try {
    return await compare(scenario, options, { core, load, forwarder, keeper, connector });
  } finally {
    await Promise.all([connector, keeper, forwarder, load, core].map((child) => child?.stop()));
    await rm(folder, { recursive: true });
  }
}

/** What is queued is answered without the core: the keeper never calls it then. */
function startKeeper({ delivery }: Scenario, coreUrl: string, folder: string): Promise<Part> {
  return Part.start('keeper', {
    STORE: join(folder, 'keeper.db'),
    ...(delivery === 'inline' && { CORE_URL: coreUrl }),
  });
}

async function storeUrl(kind: StoreKind, folder: string, postgres: PostgresServer | null): Promise<string> {
  if (kind === 'postgres' && postgres) return await postgres.database();
  return kind === 'memory' ? 'memory:' : `sqlite:${join(folder, 'connector.db')}`;
}

async function compare(scenario: Scenario, { seconds, rounds }: IntakeOptions, stage: Stage): Promise<IntakeResult> {
  progress(`intake: ${nameOf(scenario)}: warming up`);
  const sides = (['forwarder', 'keeper', 'connector'] as const).filter((side) => stage[side] !== null);
  for (const side of sides) await post(scenario, stage, side, WARM_UP_SECONDS);
  const found: Record<SideName, LoadResult[]> = { forwarder: [], keeper: [], connector: [] };
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second meets the machine as the first one left it: they take turns at that, too.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      found[side].push(await post(scenario, stage, side, seconds));
    }
    const rates = sides.map((side) => `${side} ${found[side].at(-1)?.perSecond.toFixed(0)}/s`);
    progress(`intake: ${nameOf(scenario)}: round ${round + 1} of ${rounds}: ${rates.join(', ')}`);
  }
  const { forwarder, keeper, connector } = found;
  const cpuRatios = connector.map((result, round) => cpuOf(forwarder[round]) / cpuOf(result));
  return {
    ...scenario,
    forwarder: sideOf(forwarder),
    keeper: keeper.length > 0 ? sideOf(keeper) : null,
    connector: sideOf(connector),
    ratio: spreadOf(ratesOf(connector, forwarder)),
    keeperRatio: keeper.length > 0 ? spreadOf(ratesOf(keeper, forwarder)) : null,
    cpuRatio: cpuRatios.some(Number.isNaN) ? null : spreadOf(cpuRatios),
  };
}

/** Throughput by that of the forwarder, of each round. */
function ratesOf(results: readonly LoadResult[], forwarder: readonly LoadResult[]): number[] {
  return results.map((result, round) => result.perSecond / (forwarder[round]?.perSecond ?? Number.NaN));
}

function cpuOf(result: LoadResult | undefined): number {
  return result?.cpuMicroseconds ?? Number.NaN;
}

/** One measurement. Every event must be answered 202 and, inline, have cost the core exactly one call. */
async function post(scenario: Scenario, stage: Stage, side: SideName, seconds: number): Promise<LoadResult> {
  const { url, pid } = stage[side] as ServerProcess | Part;
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
    result.keeperRatio ? spreadText(result.keeperRatio, 2) : '–',
    ...[result.forwarder, result.connector].map(({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(1)}`),
  ]);
  const processor = results.map((result) => [
    nameOf(result),
    ...[result.forwarder, result.keeper, result.connector].map(microseconds),
    result.cpuRatio ? spreadText(result.cpuRatio, 2) : 'unknown',
  ]);
  const ratio = 'Ratio: median (min–max)';
  const latencies = ['Forwarder p50 / p99, ms', 'Connector p50 / p99, ms'];
  const rates = ['Forwarder, events/s', 'Connector, events/s', ratio, 'Target', 'Keeper: ratio'];
  return [
    table(['Scenario', ...rates, ...latencies], throughput),
    '',
    'Processor time of an event, all threads:',
    '',
    table(['Scenario', 'Forwarder, µs', 'Keeper, µs', 'Connector, µs', ratio], processor),
    '',
    ...NOTES,
  ].join('\n');
}

function microseconds(side: Side | null): string {
  return side === null ? '–' : (side.cpuMicroseconds?.toFixed(0) ?? 'unknown');
}

const NOTES = [
  'Each event is about 1.5 KB, is new, and costs the core one call (checked). Where the core is away the connector finds nobody',
  'where it looks for it: that is the intake alone, without the delivery which takes turns with it. The keeper is the least',
  'that keeps an event: the forwarder, and a thread that writes the event and a state into SQLite before the answer (queued:',
  'without the core). The generator, the core and who is measured are three processes of one machine: where it has fewer',
  'processors, or other work, they take turns. Ratios are of measurements next to each other, to the forwarder.',
];

function nameOf({ delivery, store, connections, coreMs, coreAway }: Scenario): string {
  return `${delivery}, ${store}: ${connections} connections, core ${coreAway ? 'away' : `${coreMs} ms`}`;
}
