import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Names } from '../../src/core/names.ts';
import { newest, type Subscriber, type Wanted } from '../../src/core/subscriber.ts';
import type { Attempt, Entry, Store, Write } from '../../src/ports/store.ts';
import { PostgresStore } from '../../src/store/postgres/index.ts';
import { SqliteStore } from '../../src/store/sqlite/index.ts';
import { imsiOf, msisdnOf, SubscriberEvents } from './events.ts';
import { announce, answer } from './link.ts';

/**
 * A store without the rest of the connector: filled with subscribers, then given events of random ones of them. `STORE` is
 * a file or the URL of a database.
 */

export type StoreOrder =
  /**
   * Adds subscribers whose event was delivered; its journal entry comes with each. The last one of so many each time is a dead
   * letter; absent: nobody is.
   */
  | { readonly what: 'fill'; readonly count: number; readonly deadOneIn?: number }
  /** Takes in an event for each of so many random ones of `subscribers`, then delivers all of them. */
  | { readonly what: 'measure'; readonly subscribers: number; readonly count: number }
  | { readonly what: 'close' };

/** What one event cost, in microseconds; processor time is that of all threads of this process. */
export interface Cost {
  readonly wall: number;
  readonly processor: number;
}

export interface StoreReply {
  /** `Store.write` of an event that is to be delivered later. */
  readonly intake: Cost;
  /** `Store.claimDue`, and `Store.write` of what the core confirmed. */
  readonly settle: Cost;
  /** Memory of its own that this process has afterwards, in bytes: without the file that is mapped, which is the system's. */
  readonly rss: number;
}

/** Under way at a time. */
const CONCURRENCY = 64;

/** Written at a time while filling: as much as a transaction takes, twice. */
const FILLED_AT_ONCE = 1_000;

/**
 * Filled so often from the first subscriber to the last, each time with those between. In one go every page would be packed
 * as full as it never is where subscribers come in any order, and would have to be split by its first event.
 */
const SWEEPS = 10;

const LIMITS = { settleAfterMs: 60_000, maxAttempts: 0, maxAgeMs: 0, longestRestMs: 3_600_000 };

/** Why dead letters are dead: their number by the rest of a division by a prime. */
const REASONS = 7;

const NOTHING: Cost = { wall: 0, processor: 0 };

/** Any event's: what is in it does not matter to the store, how long it is does. */
const BODY = Buffer.from(new SubscriberEvents(1, new Date()).next());

const where = process.env['STORE'] ?? '';
const store: Store = where.startsWith('postgres:')
  ? await PostgresStore.open({ url: where, limits: LIMITS, statementMs: 60_000 })
  : await SqliteStore.open({ file: where, limits: LIMITS });

/** Every event is newer than all before it, those of an earlier process on the same store among them. */
let serial = Date.now() * 1000;

async function carryOut(order: StoreOrder): Promise<StoreReply> {
  const costs = { intake: NOTHING, settle: NOTHING };
  if (order.what === 'fill') await fill(order.count, order.deadOneIn);
  if (order.what === 'measure') {
    const writes = randomOnes(order.subscribers, order.count).map(acceptanceOf);
    costs.intake = await costOf(order.count, () => inTurns(writes, async (write) => void (await store.write(write))));
    costs.settle = await costOf(order.count, () => settleAll(order.count));
  }
  if (order.what === 'close') await store.close();
  return { ...costs, rss: ownMemory() };
}

async function fill(count: number, deadOneIn = Number.POSITIVE_INFINITY): Promise<void> {
  let together: Promise<unknown>[] = [];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let number = sweep; number < count; number += SWEEPS) {
      const isDead = number % deadOneIn === deadOneIn - 1;
      together.push(store.write(isDead ? deadLetterOf(number) : deliveryOf(number)));
      if (together.length < FILLED_AT_ONCE) continue;
      await Promise.all(together);
      together = [];
    }
  }
  await Promise.all(together);
}

async function costOf(events: number, work: () => Promise<void>): Promise<Cost> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: ((performance.now() - started) * 1000) / events, processor: (user + system) / events };
}

async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const worker = async () => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** As the connector does it, with a core that takes no time. */
async function settleAll(count: number): Promise<void> {
  let settled = 0;
  while (settled < count) {
    const due = await store.claimDue(CONCURRENCY, 60_000);
    await Promise.all(due.map((subscriber) => store.write(settlementOf(subscriber))));
    settled += due.length;
  }
}

function randomOnes(among: number, count: number): number[] {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Math.floor(Math.random() * among));
  return [...chosen];
}

function nextWanted(number: number): Wanted {
  const at = new Date(Math.floor(serial / 1000)).toISOString().slice(0, -1);
  const updatedAt = `${at}${String(serial++ % 1000).padStart(3, '0')}`;
  const state = { imsi: imsiOf(number), status: 'serviceGranted', msisdn: msisdnOf(number) };
  const change = { action: 'update', state: { ...state, csProfile: 'cs-gold', epsProfile: 'eps-gold' } } as const;
  return { version: { updatedAt }, change: change as Wanted['change'], eventId: randomUUID(), owed: true };
}

function entryOf({ eventId, version, change }: Wanted, more: Pick<Entry, 'state' | 'attempts'>): Entry {
  return {
    eventId,
    type: 'SIM/Updated',
    imsi: change.state.imsi,
    previousImsi: null,
    names: namesAt(change),
    body: BODY,
    decision: JSON.stringify({ kind: 'provision', version, changes: [change] }),
    why: null,
    status: 202,
    requestId: '463ac35c9f6413ad',
    uniqueId: `benchmark-${eventId}`,
    receivedAt: Date.now(),
    ...more,
  };
}

/** The same with every event of a subscriber, as it mostly is. */
function namesAt({ state: { imsi, msisdn } }: Wanted['change']): Names {
  return { msisdn, account: imsi.slice(5), iccid: `8938006${imsi.slice(3)}` };
}

function acceptanceOf(number: number): Write {
  const wanted = nextWanted(number);
  const entry = entryOf(wanted, { state: 'queued', attempts: [] });
  return { entry, story: null, effects: [{ kind: 'want', imsi: imsiOf(number), wanted, after: [] }] };
}

function deliveryOf(number: number): Write {
  const wanted = nextWanted(number);
  const imsi = imsiOf(number);
  const entry = entryOf(wanted, { state: 'processed', attempts: [attemptOf(imsi)] });
  return { entry, story: null, effects: [{ kind: 'applied', imsi, wanted, ageMs: 1, released: [] }] };
}

function deadLetterOf(number: number): Write {
  const wanted = nextWanted(number);
  const imsi = imsiOf(number);
  const attempt: Attempt = { ...attemptOf(imsi), result: 'refused', coreStatus: 400 };
  const why = `HTTP 400: refused for reason ${number % REASONS}`;
  return {
    entry: entryOf(wanted, { state: 'queued', attempts: [attempt] }),
    story: null,
    effects: [
      { kind: 'want', imsi, wanted, after: [] },
      { kind: 'failed', imsi, wanted, result: 'rejected', why, retryInMs: 1, counts: true },
    ],
  };
}

function settlementOf(subscriber: Subscriber): Write {
  const { imsi } = subscriber;
  const wanted = newest(subscriber) as Wanted;
  const story = { eventId: wanted.eventId, attempts: [attemptOf(imsi)] };
  return { entry: null, story, effects: [{ kind: 'applied', imsi, wanted, ageMs: 1, released: [] }] };
}

function attemptOf(imsi: string): Attempt {
  return { at: Date.now(), imsi, action: 'update', result: 'done', coreStatus: 200, durationMs: 1.25 };
}

answer(carryOut);
announce(0);

function ownMemory(): number {
  const [, kib] = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return kib === undefined ? process.memoryUsage.rss() : Number(kib) * 1024;
}
