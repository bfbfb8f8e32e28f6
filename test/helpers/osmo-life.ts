import { setTimeout as delay } from 'node:timers/promises';
import { OsmoHlr, type OsmoSubscriber } from '../../sim/osmo-hlr.ts';
import { App } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Event } from '../../src/contract/event.ts';
import { anEvent, stamp } from './events.ts';
import { type MemoryLog, memoryLog } from './log.ts';
import { post } from './nsps.ts';
import { until } from './polling.ts';
import { TOKEN } from './program.ts';

/** Between two deliveries of the same event, in milliseconds. */
const PAUSE_MS = 50;

/** Short, so that trouble is noticed and over within a test; no setting of WTL is among them. */
const SETTINGS = {
  HOST: '127.0.0.1',
  PORT: '0',
  API_TOKEN: TOKEN,
  STORE_URL: 'memory:',
  WTL_HTTP_REQUESTS_TIMEOUT: '3',
  OSMO_HLR_TIMEOUT: '1',
  WTL_BREAKER_COOLDOWN: '0.1',
  SETTLE_AFTER: '2',
  RETRY_FIRST_PAUSE: '0.1',
  RETRY_LONGEST_PAUSE: '1',
};

interface Step {
  readonly imsi: string;
  readonly event: Event;
  /** What the HLR should hold once this is the newest. */
  readonly expected: readonly OsmoSubscriber[];
}

const fifteen = (prefix: string, n: number) => prefix + String(n).padStart(15 - prefix.length, '0');

function held(imsi: string, msisdn: string | null, granted: boolean): OsmoSubscriber {
  return { imsi, msisdn, nam_cs: Number(granted), nam_ps: Number(granted) };
}

/** Number `step` of the `steps` changes in the life of subscriber `n`: numbers, bars, and for some a swap at the end. */
function stepOf(n: number, step: number, steps: number): Step {
  const imsi = fifteen('00101', n);
  const number = String(79_000_000_000 + 10 * n + (step % 2));
  const blocked = (n + step) % 3 === 0;
  const swap = step === steps && n % 10 === 0;
  const newImsi = fifteen('00102', n);
  const event = anEvent({
    event_id: `${imsi}-${step}`,
    event_type: swap ? 'SIM/Replaced' : 'SIM/Updated',
    account_info: { bill_status: 'open', blocked: blocked && !swap, i_account: 1, id: `${number}@msisdn` },
    sim_info: { imsi: swap ? newImsi : imsi },
    ...(swap && { prev_sim_info: { imsi } }),
    updated_at: stamp(0, step),
  });
  const expected = swap ? [held(imsi, null, false), held(newImsi, number, true)] : [held(imsi, number, !blocked)];
  return { imsi, event, expected };
}

export interface Life {
  readonly acknowledged: number;
  /** Subscribers that the daemon's own database has otherwise than billing, or has and should not. */
  readonly divergent: readonly string[];
  /** What went wrong on the way, each kind once. */
  readonly troubles: readonly string[];
}

/** Many subscribers' changes through a whole connector, while the daemon is locked out, stopped and killed. */
export async function osmoLife(options: { subscribers: number; changes: number; delivery: string }): Promise<Life> {
  const { subscribers, changes, delivery } = options;
  await using hlr = await OsmoHlr.start();
  const log = memoryLog();
  const app = new App(loadConfig({ ...SETTINGS, ...hlr.settings, DELIVERY: delivery }), log);
  const eventUrl = `${await app.start()}/process-event`;
  const progress = new Progress(subscribers * changes);
  try {
    const lives = many(subscribers, (n) => live(eventUrl, n, changes, progress));
    // Should the lives fail, nobody would be left to be troubled.
    const troubles = await Promise.race([trouble(hlr, log, progress), failureOf(lives)]);
    await lives;
    const expected = Array.from({ length: subscribers }, (_, n) => stepOf(n + 1, changes, changes).expected).flat();
    await until('the HLR holds what billing says', () => divergences(hlr, expected).length === 0).catch(() => {});
    await app.stop();
    return { acknowledged: progress.count, divergent: divergences(hlr, expected), troubles };
  } finally {
    progress.abandoned = true;
    await app.stop();
  }
}

/** As many lives at a time as NSPS might have deliveries under way. */
const AT_ONCE = 200;

async function many(subscribers: number, one: (n: number) => Promise<void>): Promise<void> {
  let last = 0;
  const worker = async () => {
    while (last < subscribers) await one(++last);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, subscribers) }, worker));
}

/** Never resolved: only a failure counts. */
async function failureOf(work: Promise<void>): Promise<never> {
  await work;
  return await new Promise(() => {});
}

/** How many events were acknowledged, and who waits for how many. */
class Progress {
  count = 0;
  /** Whether nobody looks on any more: then nothing is delivered any more. */
  abandoned = false;
  readonly #total: number;
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(total: number) {
    this.#total = total;
  }

  step(): void {
    this.count++;
    for (const { count, resolve } of this.#waiting) if (this.count >= count) resolve();
  }

  /** Resolves once this share of all events was acknowledged. */
  reached(share: number): Promise<void> {
    const count = share * this.#total;
    return this.count >= count
      ? Promise.resolve()
      : new Promise((resolve) => void this.#waiting.push({ count, resolve }));
  }
}

/** One subscriber's changes, one after the other, and now and then an old one again. */
async function live(eventUrl: string, n: number, changes: number, progress: Progress): Promise<void> {
  for (let step = 1; step <= changes; step++) {
    await deliver(eventUrl, stepOf(n, step, changes).event, progress);
    progress.step();
    if (step === 3 && n % 4 === 0) await deliver(eventUrl, stepOf(n, 1, changes).event, progress);
  }
}

async function deliver(eventUrl: string, event: Event, progress: Progress): Promise<void> {
  while (!progress.abandoned) {
    const answer = await post(eventUrl, event).catch(() => null);
    if (answer?.status === 202) return;
    if (answer && answer.status < 429) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
    await delay(PAUSE_MS);
  }
}

/** Each trouble lasts until the connector has felt it. @returns what it felt. */
async function trouble(hlr: OsmoHlr, log: MemoryLog, progress: Progress): Promise<string[]> {
  const troubles: string[] = [];
  const feel = async (words: RegExp, begin: () => unknown) => {
    const from = log.lines.length;
    const end = await begin();
    await until(`a line with ${words}`, () =>
      log.lines.slice(from).some(({ fields }) => words.test(String(fields['error'] ?? ''))),
    );
    troubles.push(words.source);
    return end;
  };
  await progress.reached(0.1);
  const unlock = await feel(/database may be locked/, () => hlr.lockDatabase());
  (unlock as () => void)();
  await progress.reached(0.3);
  await feel(/Connection timeout/, () => hlr.signal('SIGSTOP'));
  hlr.signal('SIGCONT');
  for (const share of [0.5, 0.7]) {
    await progress.reached(share);
    await feel(/Connection (refused|reset)/, () => hlr.kill());
    await hlr.restart();
  }
  return troubles;
}

function divergences(hlr: OsmoHlr, expected: readonly OsmoSubscriber[]): string[] {
  const found = new Map(hlr.subscribers().map((subscriber) => [subscriber.imsi, JSON.stringify(subscriber)]));
  const wrong = expected.filter((subscriber) => found.get(subscriber.imsi) !== JSON.stringify(subscriber));
  const known = new Set(expected.map(({ imsi }) => imsi));
  const strangers = [...found.keys()].filter((imsi) => !known.has(imsi));
  return [...wrong.map((subscriber) => `${JSON.stringify(subscriber)} ≠ ${found.get(subscriber.imsi)}`), ...strangers];
}
