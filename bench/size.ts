import { Part } from './parts/children.ts';
import { fillStore } from './parts/fill.ts';
import { type Place, placeOf, type SizedStore } from './parts/places.ts';
import { median, progress, type Spread, spreadOf, spreadText, table } from './parts/report.ts';
import type { Cost, StoreOrder, StoreReply } from './parts/store.ts';

const SMALL = 10_000;

/** Events of one measurement: fewer than the smaller store has subscribers, since each is of another one. */
const EVENTS = 5_000;

/** What an event may cost in the larger store, by its cost in the smaller one. */
const TARGET = 1.5;

const MIB = 1024 * 1024;
const MEASURING_MS = 120_000;

export interface SizeOptions {
  readonly stores: readonly SizedStore[];
  /** Of the larger store. */
  readonly subscribers: number;
  readonly rounds: number;
}

/** One store; costs are medians over all rounds, in microseconds, sizes in bytes. */
interface Side {
  readonly subscribers: number;
  readonly fillSeconds: number;
  readonly intake: Cost;
  readonly settle: Cost;
  readonly database: number;
  /** Memory of the process that uses the store: when it was opened, and after each round. */
  readonly rssOpened: number;
  readonly rss: readonly number[];
}

interface Ratios {
  readonly wall: Spread;
  readonly processor: Spread;
}

export interface SizeResult {
  readonly store: SizedStore;
  readonly events: number;
  readonly small: Side;
  readonly large: Side;
  /** The larger by the smaller one, of each pair of neighbouring measurements. */
  readonly intake: Ratios;
  readonly settle: Ratios;
  readonly both: Ratios;
}

/** A filled store, and what was measured on it. */
interface Sized {
  readonly subscribers: number;
  readonly fillSeconds: number;
  readonly part: Part<StoreOrder, StoreReply>;
  readonly rssOpened: number;
  readonly replies: StoreReply[];
  size(): Promise<number>;
}

/** What an event costs in a store of few and of many subscribers. */
export async function measureSize(options: SizeOptions): Promise<SizeResult[]> {
  const results: SizeResult[] = [];
  for (const store of options.stores) results.push(await measureStore(store, options));
  return results;
}

async function measureStore(store: SizedStore, { subscribers, rounds }: SizeOptions): Promise<SizeResult> {
  const place = await placeOf(store);
  const open: Sized[] = [];
  try {
    open.push(await fill(store, place, SMALL), await fill(store, place, subscribers));
    // One more that does not count: what runs often is compiled by then.
    for (let round = 0; round <= rounds; round++) {
      // Whoever comes second meets the machine as the first one left it: they take turns at that, too.
      for (const sized of round % 2 === 0 ? open : open.toReversed()) await measureRound(store, sized, round);
    }
    return await resultOf(store, open[0] as Sized, open[1] as Sized, rounds);
  } finally {
    await Promise.all(open.map(({ part }) => part.stop()));
    await place.remove();
  }
}

async function fill(store: SizedStore, place: Place, subscribers: number): Promise<Sized> {
  progress(`size: ${store}: filling in ${subscribers} subscribers`);
  const { url, size } = await place.create();
  const fillSeconds = await fillStore(url, { count: subscribers });
  const part = await Part.start<StoreOrder, StoreReply>('store', { STORE: url });
  const { rss: rssOpened } = await part.ask({ what: 'fill', count: 0 });
  return { subscribers, fillSeconds, part, rssOpened, replies: [], size };
}

async function measureRound(store: SizedStore, { part, subscribers, replies }: Sized, round: number): Promise<void> {
  const reply = await part.ask({ what: 'measure', subscribers, count: EVENTS }, MEASURING_MS);
  if (round === 0) return;
  replies.push(reply);
  const [intake, settle] = [reply.intake, reply.settle].map(({ wall }) => `${wall.toFixed(0)} µs`);
  progress(`size: ${store}: round ${round}, ${subscribers} subscribers: intake ${intake}, delivery ${settle}`);
}

async function resultOf(store: SizedStore, small: Sized, large: Sized, rounds: number): Promise<SizeResult> {
  return {
    store,
    events: rounds * EVENTS,
    small: await sideOf(small),
    large: await sideOf(large),
    intake: ratiosOf(small, large, (reply) => reply.intake),
    settle: ratiosOf(small, large, (reply) => reply.settle),
    both: ratiosOf(small, large, ({ intake, settle }) => ({
      wall: intake.wall + settle.wall,
      processor: intake.processor + settle.processor,
    })),
  };
}

async function sideOf({ subscribers, fillSeconds, replies, rssOpened, size }: Sized): Promise<Side> {
  const costOf = (of: (reply: StoreReply) => Cost): Cost => ({
    wall: median(replies.map((reply) => of(reply).wall)),
    processor: median(replies.map((reply) => of(reply).processor)),
  });
  return {
    subscribers,
    fillSeconds,
    intake: costOf(({ intake }) => intake),
    settle: costOf(({ settle }) => settle),
    database: await size(),
    rssOpened,
    rss: replies.map(({ rss }) => rss),
  };
}

function ratiosOf(small: Sized, large: Sized, of: (reply: StoreReply) => Cost): Ratios {
  const ratio = (kind: keyof Cost) =>
    spreadOf(large.replies.map((reply, round) => of(reply)[kind] / of(small.replies[round] as StoreReply)[kind]));
  return { wall: ratio('wall'), processor: ratio('processor') };
}

export function sizeReport(results: readonly SizeResult[]): string {
  const cost = ({ wall, processor }: Cost) => `${wall.toFixed(0)} / ${processor.toFixed(0)}`;
  const mib = (bytes: number) => (bytes / MIB).toFixed(0);
  const sides = results.flatMap(({ store, small, large }) =>
    [small, large].map((side) => [
      `${store}, ${side.subscribers} subscribers`,
      cost(side.intake),
      cost(side.settle),
      mib(side.database),
      `${mib(side.rssOpened)} / ${mib(side.rss.at(-1) ?? Number.NaN)}`,
    ]),
  );
  const ratios = results.flatMap(({ store, intake, settle, both }) =>
    Object.entries({ intake, delivery: settle, both }).map(([name, { wall, processor }]) => [
      `${store}, ${name}`,
      spreadText(wall, 2),
      `≤ ${TARGET.toFixed(2)}`,
      spreadText(processor, 2),
    ]),
  );
  return [
    table(['Store', 'Intake of an event, µs', 'Delivery, µs', 'Database, MiB', 'Memory, MiB'], sides),
    '',
    table(['Larger by smaller: median (min–max)', 'Time', 'Target', 'Processor time'], ratios),
    '',
    ...NOTES,
  ].join('\n');
}

const NOTES = [
  'The store alone, 64 requests at a time. Intake: one write of an event of 1.5 KB and of the state it wants. Delivery: its',
  "part of a claim of 64, and the write of the core's answer. Costs: time / processor time of the process (without that of",
  'a database server), medians of rounds that take turns; each event is of another subscriber, chosen at random. Every',
  'subscriber has one delivered event of 1.5 KB in the journal. Memory is what the process has of its own, opened / at the end.',
];
