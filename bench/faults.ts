import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { API_TOKEN, freePort, Part, type ServerProcess, startConnector } from './parts/children.ts';
import { SubscriberEvents } from './parts/events.ts';
import type { LoadOrder, LoadResult } from './parts/load.ts';
import { progress, quantile, table } from './parts/report.ts';

/** What comes in while the circuit is open. */
const OPEN_CIRCUIT_LOADS = [
  { load: '1 connection, one event after the other', targeted: true, connections: 1 },
  { load: '64 connections, each 5 events/s', targeted: true, connections: 64, paceSeconds: 0.2 },
  { load: '64 connections, as fast as they can', targeted: false, connections: 64 },
];

/** Fewer than may be inside at a time (256 under way and 1000 waiting), so that each of them gets to wait. */
const WAITING = 1000;

const DEADLINE_MS = 1000;

/** From one event of a connection to its next: nearly all of them wait at any time. */
const PACE_SECONDS = 1.1;

/** Between two looks at `/health`, in milliseconds. */
const LOOK_EVERY_MS = 10;

/** Longest that opening the circuit may take, in milliseconds. */
const OPENING_MS = 30_000;

const HEALTH_TARGET_MS = 50;
const ANSWER_TARGET_MS = 5;

/** Times in milliseconds. */
interface Looks {
  readonly looks: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** Times in milliseconds. */
export interface HangResult {
  readonly arrival: 'evenly' | 'all at once';
  readonly answers: number;
  readonly coreCalls: number;
  readonly deadlineMs: number;
  /** From the event to its 503. */
  readonly answer: { readonly least: number; readonly p50: number; readonly p99: number; readonly most: number };
  readonly health: Looks;
  /** The same looks at the same time at a server that has nothing to do: what the machine itself adds. */
  readonly idleServer: Looks;
}

/** Times in milliseconds. */
export interface OpenCircuitResult {
  readonly load: string;
  /** Whether the target is meant for it: under full load an answer's time is that of the queue before it. */
  readonly targeted: boolean;
  readonly answers: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** Calls that a healthy core on the same address got meanwhile. */
  readonly coreCalls: number;
}

export interface FaultResults {
  readonly hang: readonly HangResult[];
  readonly openCircuit: readonly OpenCircuitResult[];
}

/** What becomes of events, and of `/health`, while the core hangs or is down. */
export async function measureFaults({ seconds }: { readonly seconds: number }): Promise<FaultResults> {
  const load = await Part.start<LoadOrder, LoadResult>('load');
  try {
    const evenly = await measureHang(load, seconds, 'evenly');
    const atOnce = await measureHang(load, seconds, 'all at once');
    return { hang: [evenly, atOnce], openCircuit: await measureOpenCircuit(load, seconds) };
  } finally {
    await load.stop();
  }
}

/** The core takes every request and never answers. The circuit is off, so that every event waits its time out. */
async function measureHang(
  load: Part<LoadOrder, LoadResult>,
  seconds: number,
  arrival: HangResult['arrival'],
): Promise<HangResult> {
  progress(`faults: a core that hangs, ${WAITING} connections, events arriving ${arrival}`);
  const core = await Part.start<string, number>('core-stub', { DELAY_MS: 'never' });
  const idle = await Part.start('forwarder', { CORE_URL: core.url });
  const connector = await startConnector(core.url, {
    WTL_HTTP_REQUESTS_TIMEOUT: String(DEADLINE_MS / 1000),
    WTL_BREAKER_FAILURES: '0',
  });
  try {
    const pace = arrival === 'evenly' && { paceSeconds: PACE_SECONDS };
    const rampSeconds = 2 * PACE_SECONDS;
    const order = { ...loadOf(connector, seconds, WAITING), ...pace, rampSeconds };
    const lookingMs = (rampSeconds + seconds) * 1000;
    const [result, health, idleServer] = await Promise.all([
      unfailing(load, order),
      lookAtHealth(connector.url, lookingMs),
      lookAtHealth(idle.url, lookingMs),
    ]);
    return {
      arrival,
      answers: result.answers,
      coreCalls: await core.ask('calls'),
      deadlineMs: DEADLINE_MS,
      answer: { least: result.least, p50: result.p50, p99: result.p99, most: result.most },
      health,
      idleServer,
    };
  } finally {
    await Promise.all([connector.stop(), idle.stop(), core.stop()]);
  }
}

/** Asks `/health` again and again on one kept connection. */
async function lookAtHealth(url: string, forMs: number): Promise<Looks> {
  const client = new Client(url);
  const looks: number[] = [];
  const end = performance.now() + forMs;
  try {
    while (performance.now() < end) {
      const started = performance.now();
      const { statusCode, body } = await client.request({ method: 'GET', path: '/health' });
      await body.dump();
      looks.push(performance.now() - started);
      if (statusCode !== 200) throw new Error(`/health answered ${statusCode}`);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    await client.destroy();
  }
  return { looks: looks.length, p50: quantile(looks, 0.5), p99: quantile(looks, 0.99), most: Math.max(...looks) };
}

/** Nobody listens where the core should be, until the circuit is open; then somebody does, and counts. */
async function measureOpenCircuit(load: Part<LoadOrder, LoadResult>, seconds: number): Promise<OpenCircuitResult[]> {
  progress('faults: a core that is down');
  const port = await freePort();
  const connector = await startConnector(`http://127.0.0.1:${port}`, { WTL_BREAKER_COOLDOWN: '600' });
  try {
    await openCircuit(connector.url);
    const core = await Part.start<string, number>('core-stub', { PORT: String(port) });
    try {
      const results: OpenCircuitResult[] = [];
      for (const { load: name, targeted, connections, ...pace } of OPEN_CIRCUIT_LOADS) {
        progress(`faults: an open circuit, ${name}`);
        const result = await unfailing(load, { ...loadOf(connector, seconds, connections), ...pace });
        const { answers, perSecond, p50, p99, most } = result;
        const coreCalls = await core.ask('calls');
        results.push({ load: name, targeted, answers, perSecond, p50, p99, most, coreCalls });
      }
      return results;
    } finally {
      await core.stop();
    }
  } finally {
    await connector.stop();
  }
}

/** Posts events, each of another subscriber, until one is answered that the circuit is open. */
async function openCircuit(url: string): Promise<void> {
  const client = new Client(url);
  const since = new Date();
  const end = performance.now() + OPENING_MS;
  try {
    for (let subscriber = 0; performance.now() < end; subscriber++) {
      const { statusCode, body } = await client.request({
        method: 'POST',
        path: '/process-event',
        headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' },
        body: new SubscriberEvents(subscriber, since).next(),
      });
      const { error } = (await body.json()) as { error: string };
      if (statusCode !== 503) throw new Error(`An event for a core that is down was answered ${statusCode}`);
      if (error === 'Circuit open') return;
    }
  } finally {
    await client.destroy();
  }
  throw new Error(`The circuit did not open within ${OPENING_MS} ms`);
}

function loadOf({ url, pid }: ServerProcess, seconds: number, connections: number): LoadOrder {
  return { url, pid, token: API_TOKEN, connections, seconds, rampSeconds: 0.5, expect: 503 };
}

async function unfailing(load: Part<LoadOrder, LoadResult>, order: LoadOrder): Promise<LoadResult> {
  const result = await load.ask(order, (order.seconds + order.rampSeconds + 60) * 1000);
  if (result.errors === 0) return result;
  throw new Error(`${result.errors} answers were not ${order.expect}: ${result.samples.join('; ')}`);
}

const HEADS = {
  late: 'After the deadline: least / p50 / p99 / most, ms',
  health: '/health p50 / p99 / most, ms',
  idle: 'An idle server meanwhile, ms',
} as const;

export function faultsReport({ hang, openCircuit }: FaultResults): string {
  const ms = (...values: number[]) => values.map((value) => value.toFixed(1)).join(' / ');
  const hangRows = hang.map(({ arrival, answers, answer, deadlineMs, health, idleServer }) => [
    `${WAITING} connections, events arriving ${arrival}`,
    String(answers),
    ms(...[answer.least, answer.p50, answer.p99, answer.most].map((time) => time - deadlineMs)),
    ms(health.p50, health.p99, health.most),
    `< ${HEALTH_TARGET_MS} at worst`,
    ms(idleServer.p50, idleServer.p99, idleServer.most),
  ]);
  const openRows = openCircuit.map(({ load, targeted, answers, perSecond, p50, p99, most, coreCalls }) => [
    load,
    String(answers),
    perSecond.toFixed(0),
    ms(p50, p99, most),
    targeted ? `p99 < ${ANSWER_TARGET_MS}` : '',
    String(coreCalls),
  ]);
  return [
    `A core that hangs (deadline ${hang[0]?.deadlineMs} ms, circuit off):`,
    '',
    table(['', '503 answers', HEADS.late, HEADS.health, 'Target', HEADS.idle], hangRows),
    '',
    'A core that is down (circuit open; a healthy core listens at its address and counts):',
    '',
    table(['', '503 answers', 'Answers/s', 'p50 / p99 / most, ms', 'Target', 'Calls to the core'], openRows),
  ].join('\n');
}
