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
  OSMO_HLR_TIMEOUT: '0.7',
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
  let acknowledged = 0;
  const total = subscribers * changes;
  try {
    const lives = Array.from({ length: subscribers }, (_, n) =>
      live(eventUrl, n + 1, changes, () => {
        acknowledged++;
      }),
    );
    const reached = (share: number) => until(`${share * 100}% of the events`, () => acknowledged >= share * total);
    const troubles = await trouble(hlr, log, reached);
    await Promise.all(lives);
    const expected = Array.from({ length: subscribers }, (_, n) => stepOf(n + 1, changes, changes).expected).flat();
    await until('the HLR holds what billing says', () => divergences(hlr, expected).length === 0).catch(() => {});
    await app.stop();
    return { acknowledged, divergent: divergences(hlr, expected), troubles };
  } finally {
    await app.stop();
  }
}

/** One subscriber's changes, one after the other, and now and then an old one again. */
async function live(eventUrl: string, n: number, changes: number, onAcknowledged: () => void): Promise<void> {
  for (let step = 1; step <= changes; step++) {
    await deliver(eventUrl, stepOf(n, step, changes).event);
    onAcknowledged();
    if (step === 3 && n % 4 === 0) await deliver(eventUrl, stepOf(n, 1, changes).event);
  }
}

async function deliver(eventUrl: string, event: Event): Promise<void> {
  for (;;) {
    const answer = await post(eventUrl, event);
    if (answer.status === 202) return;
    if (answer.status < 429) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
    await delay(PAUSE_MS);
  }
}

/** Each trouble lasts until the connector has felt it. @returns what it felt. */
async function trouble(hlr: OsmoHlr, log: MemoryLog, reached: (share: number) => Promise<unknown>): Promise<string[]> {
  const felt = async (words: RegExp): Promise<string> => {
    const from = log.lines.length;
    return (await until(`a line with ${words}`, () => {
      const line = log.lines.slice(from).find(({ fields }) => words.test(String(fields['error'] ?? '')));
      return line ? `${words.source}` : null;
    })) as string;
  };
  const troubles: string[] = [];
  await reached(0.1);
  const unlock = hlr.lockDatabase();
  troubles.push(await felt(/database may be locked/));
  unlock();
  await reached(0.3);
  hlr.signal('SIGSTOP');
  troubles.push(await felt(/Connection timeout/));
  hlr.signal('SIGCONT');
  for (const share of [0.5, 0.7]) {
    await reached(share);
    await hlr.kill();
    troubles.push(await felt(/Connection (refused|reset)/));
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
