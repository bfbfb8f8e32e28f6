import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_TOKEN, Part, type ServerProcess, startConnector } from './parts/children.ts';
import { fillStore } from './parts/fill.ts';
import type { LoadOrder, LoadResult } from './parts/load.ts';
import { KINDS, type Kind, type Site } from './parts/operator-tasks.ts';
import type { OperatorsOrder, OperatorsReply } from './parts/operators.ts';
import { median, progress, quantile, type Spread, spreadOf, spreadText, table } from './parts/report.ts';

/** Most that the p99 of intake may grow while operators look around, in percent. */
const TARGET = 20;
const CONNECTIONS = 64;
/** Part of what the connector can do that it is given. */
const SHARE = 0.5;
const OPERATORS = 4;
const THINK_MS = 100;
/** A dead letter among so many subscribers. */
const DEAD_ONE_IN = 1_000;
const ADMIN_TOKEN = 'benchmark-admin-token';
/** Same load before each measurement, in seconds: connections are opened, operators are at work, nothing is counted. */
const RAMP_SECONDS = 1;
/** Load before the first measurement, in seconds: what runs often is compiled by then. */
const WARM_UP_SECONDS = 3;
/** Pause after a measurement, in milliseconds: what it left behind is done by then. */
const REST_MS = 500;

export interface ConsoleOptions {
  readonly seconds: number;
  readonly rounds: number;
  /** In the journal, each of another subscriber. */
  readonly events: number;
}

/** Intake: medians over all rounds, latencies in milliseconds. */
interface Side {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time an event in microseconds, that of the queries with it; null where the system does not tell. */
  readonly cpuMicroseconds: number | null;
  readonly rounds: readonly LoadResult[];
}

/** Answers to operators, over all rounds; in milliseconds. */
interface Queries {
  readonly kind: Kind;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

export interface ConsoleResult {
  readonly events: number;
  readonly fillSeconds: number;
  /** Events a second without a pace, and with the one of all rounds. */
  readonly most: number;
  readonly pace: number;
  readonly alone: Side;
  readonly watched: Side;
  /** Of the p99 with operators by that without, of neighbouring measurements, in percent. */
  readonly growth: Spread;
  readonly queries: readonly Queries[];
  /** Overviews that one stream told a second. */
  readonly pictures: number;
}

/** Everything that is needed, each in its own process. */
interface Stage {
  readonly load: Part<LoadOrder, LoadResult>;
  readonly operators: Part<OperatorsOrder, OperatorsReply>;
  readonly connector: ServerProcess;
  readonly site: Site;
}

type Measured = Omit<ConsoleResult, 'events' | 'fillSeconds'>;

/** Intake at a fixed pace with a large journal: alone, and while operators look for this and that. */
export async function measureConsole(options: ConsoleOptions): Promise<ConsoleResult> {
  const { events } = options;
  const folder = await mkdtemp(join(tmpdir(), 'nsps-bench-'));
  const file = join(folder, 'connector.db');
  try {
    progress(`console: filling in ${events} events`);
    const filledFrom = Date.now();
    const fillSeconds = await fillStore(file, { count: events, deadOneIn: DEAD_ONE_IN });
    const site: Site = { subscribers: events, filledFrom, filledUntil: Date.now() };
    return { events, fillSeconds, ...(await onStage(file, site, options)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function onStage(file: string, site: Site, options: ConsoleOptions): Promise<Measured> {
  const core = await Part.start<string, number>('core-stub', { DELAY_MS: '0' });
  const load = await Part.start<LoadOrder, LoadResult>('load');
  const operators = await Part.start<OperatorsOrder, OperatorsReply>('operators');
  const connector = await startConnector(core.url, { STORE_URL: `sqlite:${file}`, ADMIN_TOKEN });
  try {
    return await compare({ load, operators, connector, site }, options);
  } finally {
    await Promise.all([connector, operators, load, core].map((child) => child.stop()));
  }
}

async function compare(stage: Stage, { seconds, rounds }: ConsoleOptions): Promise<Measured> {
  await watched(stage, () => post(stage, WARM_UP_SECONDS));
  const { perSecond: most } = await post(stage, seconds);
  const pace = most * SHARE;
  progress(`console: ${most.toFixed(0)} events/s at most, ${pace.toFixed(0)} from now on`);
  const [without, having]: [LoadResult[], LoadResult[]] = [[], []];
  const replies: OperatorsReply[] = [];
  const paced = () => post(stage, seconds, CONNECTIONS / pace);
  const sides = {
    alone: async () => void without.push(await paced()),
    watched: async () => {
      const [result, reply] = await watched(stage, paced);
      having.push(result);
      replies.push(reply);
    },
  };
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second meets the machine as the first one left it: they take turns at that, too.
    const order = round % 2 === 0 ? (['alone', 'watched'] as const) : (['watched', 'alone'] as const);
    for (const side of order) await sides[side]();
    const [theirs, ours] = [without.at(-1)?.p99 ?? Number.NaN, having.at(-1)?.p99 ?? Number.NaN];
    progress(
      `console: round ${round + 1} of ${rounds}: p99 alone ${theirs.toFixed(1)} ms, watched ${ours.toFixed(1)} ms`,
    );
  }
  const sum = (of: (reply: OperatorsReply) => number) => replies.reduce((all, reply) => all + of(reply), 0);
  return {
    most,
    pace,
    alone: sideOf(without),
    watched: sideOf(having),
    growth: spreadOf(having.map(({ p99 }, round) => (p99 / (without[round]?.p99 ?? Number.NaN) - 1) * 100)),
    queries: queriesOf(replies),
    pictures: sum(({ pictures }) => pictures) / (OPERATORS * sum((reply) => reply.seconds)),
  };
}

/** The same while operators are at work, from before it begins until it has ended. */
async function watched<T>(stage: Stage, work: () => Promise<T>): Promise<[T, OperatorsReply]> {
  const { connector, operators, site } = stage;
  const shift = { url: connector.url, token: ADMIN_TOKEN, operators: OPERATORS, thinkMs: THINK_MS, site };
  await operators.ask({ what: 'begin', ...shift });
  const result = await work();
  return [result, await operators.ask({ what: 'end' })];
}

async function post({ load, connector }: Stage, seconds: number, paceSeconds = 0): Promise<LoadResult> {
  const { url, pid } = connector;
  const shape = { connections: CONNECTIONS, seconds, rampSeconds: RAMP_SECONDS, paceSeconds, expect: 202 };
  const result = await load.ask({ url, pid, token: API_TOKEN, ...shape }, (seconds + RAMP_SECONDS + 60) * 1000);
  if (result.errors > 0) throw new Error(`${result.errors} answers were not 202: ${result.samples.join('; ')}`);
  await sleep(REST_MS);
  return result;
}

function sideOf(rounds: readonly LoadResult[]): Side {
  const middle = (of: (result: LoadResult) => number) => median(rounds.map(of));
  const cpu = middle(({ cpuMicroseconds }) => cpuMicroseconds ?? Number.NaN);
  return {
    perSecond: middle(({ perSecond }) => perSecond),
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    cpuMicroseconds: Number.isNaN(cpu) ? null : cpu,
    rounds,
  };
}

function queriesOf(replies: readonly OperatorsReply[]): Queries[] {
  return KINDS.map((kind) => {
    const all = replies.flatMap(({ latencies }) => latencies[kind] ?? []);
    return { kind, count: all.length, p50: quantile(all, 0.5), p99: quantile(all, 0.99), most: quantile(all, 1) };
  });
}

export function consoleReport(result: ConsoleResult): string {
  const { alone, watched, growth, queries, pictures, events, most, pace } = result;
  const rows = [['alone', alone] as const, [`with ${OPERATORS} operators`, watched] as const].map(
    ([name, { perSecond, p50, p99, cpuMicroseconds }]) => [
      name,
      perSecond.toFixed(0),
      p50.toFixed(2),
      p99.toFixed(2),
      cpuMicroseconds?.toFixed(0) ?? 'unknown',
      ...(name === 'alone' ? ['', ''] : [spreadText(growth, 0), `< ${TARGET}`]),
    ],
  );
  const heads = ['Events/s', 'p50, ms', 'p99, ms', 'Processor time, µs an event', 'p99 grows by, %: median (min–max)'];
  return [
    table([`Intake, ${events} events in the journal`, ...heads, 'Target'], rows),
    '',
    table(
      ['Operators ask for', 'Answers', 'p50, ms', 'p99, ms', 'most, ms'],
      queries.map(({ kind, count, p50, p99, most }) => [
        kind,
        String(count),
        ...[p50, p99, most].map((ms) => ms.toFixed(1)),
      ]),
    ),
    '',
    `Inline, sqlite, ${CONNECTIONS} connections, evenly spaced: ${pace.toFixed(0)} of the ${most.toFixed(0)} events/s that were taken without a pace.`,
    `Each operator asks again ${THINK_MS} ms after an answer, and has the overview stream open (${pictures.toFixed(2)} overviews/s each).`,
    'Generator, core, operators and connector share the processors of one machine; the processor time is that of the',
    'connector, queries and all.',
  ].join('\n');
}
