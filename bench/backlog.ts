import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { API_TOKEN, freePort, Part, type ServerProcess, startConnector } from './parts/children.ts';
import type { Arrived } from './parts/core-recorder.ts';
import { SubscriberEvents } from './parts/events.ts';
import { progress, quantile, table } from './parts/report.ts';

/** `WTL_MAX_RPS`: what the core is said to bear. */
const CORE_LIMIT = 2_000;

/** Fresh events, as a part of that. */
const FRESH_PART = 0.05;

/** NSPS's connections while the core is down. */
const CONNECTIONS = 64;

/** `WTL_BREAKER_COOLDOWN`, in seconds: how soon it is noticed that the core is back. */
const COOLDOWN = 0.5;

/** Between two looks at what came to the core, in milliseconds. */
const LOOK_EVERY_MS = 250;

/** The backlog counts as gone with this part of it: the few that were tried while the core was down still rest. */
const DRAINED_PART = 0.99;

/** Longest that it may take, by the time that the limit allows it in. */
const PATIENCE = 6;

/** Least part of the limit that is reached, and longest that a fresh event may wait, in seconds. */
const RATE_TARGET = 0.9;
const FRESH_TARGET = 5;

/** Subscribers with fresh events are numbered from here. */
const FRESH_FROM = 5_000_000;

export interface BacklogResult {
  readonly subscribers: number;
  /** Events accepted a second while the core was down. */
  readonly accepted: number;
  readonly coreLimit: number;
  /** Calls that the core got a second while there was a backlog, fresh ones among them. */
  readonly drained: number;
  readonly drainSeconds: number;
  /** From the core's coming up to its first call, in milliseconds. */
  readonly noticedMs: number;
  /** Fresh events posted meanwhile: from the 202 to the core's call, in milliseconds. */
  readonly fresh: { readonly count: number; readonly p50: number; readonly p99: number; readonly most: number };
}

/** The core is down for long, and comes back: how quickly it gets what waited, and how long new events wait then. */
export async function measureBacklog({ subscribers }: { readonly subscribers: number }): Promise<BacklogResult> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'nsps-bench-'));
  const connector = await startConnector(`http://127.0.0.1:${port}`, {
    DELIVERY: 'queued',
    STORE_URL: `sqlite:${join(folder, 'connector.db')}`,
    WTL_MAX_RPS: String(CORE_LIMIT),
    WTL_BREAKER_COOLDOWN: String(COOLDOWN),
    RETRY_LONGEST_PAUSE: '5',
  });
  try {
    progress(`backlog: ${subscribers} events while the core is down`);
    const accepted = await accept(connector, subscribers);
    const upAt = now();
    const core = await Part.start<string, Arrived[]>('core-recorder', { PORT: String(port) });
    try {
      progress('backlog: the core is back');
      return { subscribers, accepted, coreLimit: CORE_LIMIT, ...(await drain(connector, core, subscribers, upAt)) };
    } finally {
      await core.stop();
    }
  } finally {
    await connector.stop();
    await rm(folder, { recursive: true });
  }
}

/** @returns how many were accepted a second. */
async function accept(connector: ServerProcess, subscribers: number): Promise<number> {
  const nsps = new Nsps(connector.url);
  const started = now();
  const numbers = Array.from({ length: subscribers }, (_, number) => number).values();
  const worker = async () => {
    for (const number of numbers) await nsps.post(number);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const seconds = (now() - started) / 1000;
  await nsps.close();
  return subscribers / seconds;
}

async function drain(
  connector: ServerProcess,
  core: Part<string, Arrived[]>,
  subscribers: number,
  upAt: number,
): Promise<Pick<BacklogResult, 'drained' | 'drainSeconds' | 'noticedMs' | 'fresh'>> {
  const fresh = new FreshEvents(connector);
  const log = new CoreLog(core);
  const end = upAt + (PATIENCE * 1000 * subscribers) / CORE_LIMIT + 30_000;
  await untilArrived(log, 1, end);
  const posting = fresh.post(() => log.backlog < subscribers * DRAINED_PART);
  await untilArrived(log, subscribers * DRAINED_PART, end);
  await posting;
  // The last ones, too: whether they came, and when.
  for (let looks = 0; looks < 20 && !fresh.allIn(log.times); looks++) await log.look();
  const times = [...log.times.values()].toSorted((a, b) => a - b);
  const [first, last] = [times[0] ?? Number.NaN, log.drainedAt(subscribers * DRAINED_PART)];
  return {
    drained: times.filter((at) => at <= last).length / ((last - first) / 1000),
    drainSeconds: (last - first) / 1000,
    noticedMs: first - upAt,
    fresh: fresh.latencies(log.times),
  };
}

async function untilArrived(log: CoreLog, count: number, end: number): Promise<void> {
  while (log.backlog < count) {
    if (now() > end) throw new Error(`Of the backlog only ${log.backlog} events came to the core in time`);
    await log.look();
  }
}

/** When whose first call came to the core. */
class CoreLog {
  readonly times = new Map<string, number>();
  readonly #core: Part<string, Arrived[]>;
  readonly #ofBacklog: number[] = [];

  constructor(core: Part<string, Arrived[]>) {
    this.#core = core;
  }

  /** Subscribers of the backlog that were served. */
  get backlog(): number {
    return this.#ofBacklog.length;
  }

  drainedAt(count: number): number {
    return this.#ofBacklog[Math.ceil(count) - 1] ?? Number.NaN;
  }

  async look(): Promise<void> {
    await sleep(LOOK_EVERY_MS);
    for (const [imsi, at] of await this.#core.ask('arrived')) {
      if (this.times.has(imsi)) continue;
      this.times.set(imsi, at);
      if (Number(imsi.slice(5)) < FRESH_FROM) this.#ofBacklog.push(at);
    }
  }
}

/** Events of subscribers that are not in the backlog, evenly spaced. */
class FreshEvents {
  readonly #url: string;
  /** When it was promised, of each subscriber. */
  readonly #promised = new Map<string, number>();

  constructor({ url }: ServerProcess) {
    this.#url = url;
  }

  async post(goOn: () => boolean): Promise<void> {
    const nsps = new Nsps(this.#url);
    const posted: Promise<void>[] = [];
    const started = now();
    const perMs = (CORE_LIMIT * FRESH_PART) / 1000;
    while (goOn()) {
      for (const due = (now() - started) * perMs; posted.length < due; ) {
        const number = FRESH_FROM + posted.length;
        posted.push(nsps.post(number).then((at) => void this.#promised.set(imsiOf(number), at)));
      }
      await sleep(5);
    }
    await Promise.all(posted);
    await nsps.close();
  }

  allIn(times: ReadonlyMap<string, number>): boolean {
    return [...this.#promised.keys()].every((imsi) => times.has(imsi));
  }

  latencies(times: ReadonlyMap<string, number>): BacklogResult['fresh'] {
    // The call may even come before the answer does.
    const waits = [...this.#promised].map(([imsi, at]) =>
      Math.max(0, (times.get(imsi) ?? Number.POSITIVE_INFINITY) - at),
    );
    if (waits.includes(Number.POSITIVE_INFINITY)) throw new Error('Fresh events did not come to the core');
    return { count: waits.length, p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), most: Math.max(...waits) };
  }
}

/** Posts events that have to be accepted. */
class Nsps {
  readonly #pool: Pool;
  readonly #since = new Date();
  readonly #headers = { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' };

  constructor(url: string) {
    this.#pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  }

  /** @returns when it was accepted. */
  async post(subscriber: number): Promise<number> {
    const body = new SubscriberEvents(subscriber, this.#since).next();
    const answer = await this.#pool.request({ method: 'POST', path: '/process-event', headers: this.#headers, body });
    const at = now();
    const text = await answer.body.text();
    if (answer.statusCode !== 202) throw new Error(`An event was answered ${answer.statusCode} ${text}`);
    return at;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

function imsiOf(subscriber: number): string {
  return `00101${String(subscriber).padStart(10, '0')}`;
}

/** Milliseconds of the clock that all processes of a machine share. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function backlogReport(result: BacklogResult): string {
  const { subscribers, accepted, coreLimit, drained, drainSeconds, noticedMs, fresh } = result;
  const rows = [
    ['Events accepted while the core was down, a second', accepted.toFixed(0), '–'],
    ['From its coming back to its first call, ms', noticedMs.toFixed(0), '–'],
    [
      `Calls a second until the backlog was gone (limit ${coreLimit})`,
      drained.toFixed(0),
      `≥ ${RATE_TARGET * coreLimit}`,
    ],
    ['Time until the backlog was gone, s', drainSeconds.toFixed(1), '–'],
    [`Fresh event meanwhile, 202 to call: p50, ms (${fresh.count} events)`, fresh.p50.toFixed(0), '–'],
    ['p99, ms', fresh.p99.toFixed(0), '–'],
    ['most, ms', fresh.most.toFixed(0), `≤ ${FRESH_TARGET * 1000}`],
  ];
  return [table([`Backlog of ${subscribers} subscribers, queued, sqlite`, '', 'Target'], rows), '', ...NOTES].join(
    '\n',
  );
}

const NOTES = [
  'Each subscriber of the backlog has one event, accepted while nobody listened where the core should be. The backlog counts',
  `as gone with ${DRAINED_PART * 100} % of it: those that were tried while the core was down rest between attempts. Fresh events are of`,
  `other subscribers, ${FRESH_PART * 100} % of the limit, evenly spaced.`,
];
