import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { fillInBulk } from './parts/bulk.ts';
import { Part, type ServerProcess, startConnector } from './parts/children.ts';
import { DAYS, JournalRows } from './parts/journal-rows.ts';
import { type Place, placeOf, requireSpace, type SizedStore, storeUrl } from './parts/places.ts';
import { type Question, questionsOf } from './parts/questions.ts';
import { median, progress, table } from './parts/report.ts';

/** Of the store that the large one is compared with. */
const SMALL = 100_000;
/** What an event takes on disk, with the indexes and its part of a subscriber, while they are being made; in bytes. */
const BYTES_AN_EVENT = 2_000;
/** Longest that an answer should take, in milliseconds, however many events there are. */
const TARGET_MS = 100;
/** An overview is kept for so long, in milliseconds, and for so many times what counting took: before each it is waited. */
const STALE_MS = 1_100;
const STALE_TIMES = 25;
const ADMIN_TOKEN = 'benchmark-admin-token';
/** Pages that are gone on to for something rare. */
const MOST_PAGES = 20_000;

export interface PagesOptions {
  readonly stores: readonly SizedStore[];
  /** In the larger journal. */
  readonly events: number;
  readonly rounds: number;
}

/** Answers to one question; in milliseconds. */
interface Times {
  readonly median: number;
  readonly most: number;
}

interface Answer {
  readonly name: string;
  /** Events, subscribers or dead letters that the large store's answer listed; null when it is no list. */
  readonly found: number | null;
  readonly small: Times;
  readonly large: Times;
  /** Median of the larger one by that of the smaller one. */
  readonly ratio: number;
}

/** How something rare was found at last: pages that were asked for, one after the other, and the time of all of them. */
interface Search {
  readonly name: string;
  readonly events: number;
  readonly pages: number;
  readonly found: number;
  readonly ms: number;
}

/** One store. */
interface Side {
  readonly events: number;
  readonly subscribers: number;
  readonly fillSeconds: number;
  /** In bytes. */
  readonly database: number;
}

export interface PagesResult {
  readonly store: SizedStore;
  readonly rounds: number;
  readonly small: Side;
  readonly large: Side;
  readonly answers: readonly Answer[];
  readonly searches: readonly Search[];
}

/** A filled store, and a connector that serves it. */
interface Site extends Side {
  readonly connector: ServerProcess;
  readonly client: Client;
  readonly questions: readonly Question[];
}

/** How long the admin API takes for a page of a small and of a large journal. */
export async function measurePages({ stores, ...options }: PagesOptions): Promise<PagesResult[]> {
  const results: PagesResult[] = [];
  for (const store of stores) results.push(await measureStore(store, options));
  return results;
}

async function measureStore(store: SizedStore, { events, rounds }: Omit<PagesOptions, 'stores'>): Promise<PagesResult> {
  await requireSpace((events + SMALL) * BYTES_AN_EVENT, `A journal of ${events} events (${store})`);
  const place = await placeOf(store);
  const core = await Part.start<string, number>('core-stub', { DELAY_MS: '0' });
  const sites: Site[] = [];
  try {
    for (const count of [SMALL, events]) sites.push(await makeSite(store, place, count, core.url));
    const [small, large] = sites as [Site, Site];
    const answers = await compare(store, small, large, rounds);
    const searches = [...(await searchesOf(store, small)), ...(await searchesOf(store, large))];
    return { store, rounds, small: sideOf(small), large: sideOf(large), answers, searches };
  } finally {
    await Promise.all(sites.map(({ client }) => client.close()));
    await Promise.all([core, ...sites.map(({ connector }) => connector)].map((child) => child.stop()));
    await place.remove();
  }
}

async function makeSite(store: SizedStore, place: Place, events: number, coreUrl: string): Promise<Site> {
  progress(`pages: ${store}: filling in ${events} events`);
  const { url, size } = await place.create();
  const rows = new JournalRows(events, Date.now());
  const fillSeconds = await fillInBulk(store, url, rows);
  const database = await size();
  const settings = { STORE_URL: storeUrl(store, url), ADMIN_TOKEN, RETENTION_DAYS: '0', RETENTION_EVENTS: '0' };
  const connector = await startConnector(coreUrl, settings);
  const client = new Client(connector.url);
  const { subscribers } = rows;
  return { events, subscribers, fillSeconds, database, connector, client, questions: questionsOf(rows) };
}

function sideOf({ events, subscribers, fillSeconds, database }: Site): Side {
  return { events, subscribers, fillSeconds, database };
}

/** Each question to both, one after the other, so that they meet the same machine. */
async function compare(store: SizedStore, small: Site, large: Site, rounds: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const [index, { name, path }] of small.questions.entries()) {
    const few = new Asked(small, path);
    const many = new Asked(large, large.questions[index]?.path ?? path);
    // One more that does not count: what runs often is compiled, and pages of the file are in memory by then.
    for (let round = 0; round <= rounds; round++) {
      for (const one of round % 2 === 0 ? [few, many] : [many, few]) await one.ask(round > 0);
    }
    const answer = { name, found: many.found, small: few.times, large: many.times };
    answers.push({ ...answer, ratio: many.times.median / few.times.median });
    const [ms, msOfMany] = [few, many].map(({ times }) => times.median.toFixed(1));
    progress(`pages: ${store}: ${name}: ${ms} ms, of ${large.events} events ${msOfMany} ms`);
  }
  return answers;
}

/** A question that one site is asked again and again. */
class Asked {
  readonly #site: Site;
  readonly #path: string;
  readonly #all: number[] = [];
  #slowest = 0;
  /** What the last answer listed. */
  found: number | null = null;

  constructor(site: Site, path: string) {
    this.#site = site;
    this.#path = path;
  }

  async ask(counts: boolean): Promise<void> {
    if (this.#path.endsWith('/overview')) await sleep(Math.max(STALE_MS, STALE_TIMES * this.#slowest));
    const { ms, body } = await ask(this.#site, this.#path);
    if (counts) this.#all.push(ms);
    this.#slowest = Math.max(this.#slowest, ms);
    this.found = listedIn(body);
  }

  get times(): Times {
    return { median: median(this.#all), most: Math.max(...this.#all) };
  }
}

async function ask({ client }: Site, path: string): Promise<{ ms: number; body: unknown }> {
  const started = performance.now();
  const { statusCode, body } = await client.request({
    method: 'GET',
    path,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${path}: HTTP ${statusCode} ${text}`);
  return { ms: performance.now() - started, body: JSON.parse(text) };
}

function listedIn(body: unknown): number | null {
  const { events, matches, groups, letters } = body as Record<string, unknown[] | undefined>;
  return (events ?? matches ?? groups ?? letters)?.length ?? null;
}

/** As an operator goes on looking. */
async function searchesOf(store: SizedStore, site: Site): Promise<Search[]> {
  const searches: Search[] = [];
  for (const { name, path, rare } of site.questions) {
    if (!rare) continue;
    let [pages, found, ms] = [0, 0, 0];
    for (let next: number | null | undefined; found === 0 && next !== null && pages < MOST_PAGES; pages++) {
      const answer = await ask(site, next === undefined ? path : `${path}&before=${next}`);
      const page = answer.body as { readonly events: readonly unknown[]; readonly next: number | null };
      next = page.next;
      found = page.events.length;
      ms += answer.ms;
    }
    progress(`pages: ${store}: ${name} of ${site.events}: ${found} found by ${pages} pages in ${ms.toFixed(0)} ms`);
    searches.push({ name, events: site.events, pages, found, ms });
  }
  return searches;
}

export function pagesReport(results: readonly PagesResult[]): string {
  return [...results.flatMap((result) => [answersTable(result), '', searchesTable(result), '']), ...NOTES].join('\n');
}

function answersTable({ store, rounds, small, large, answers }: PagesResult): string {
  const times = ({ median, most }: Times) => `${median.toFixed(1)} / ${most.toFixed(1)}`;
  const gib = (large.database / 1024 ** 3).toFixed(1);
  return table(
    [
      `${store}, ${large.events} events, ${large.subscribers} subscribers, ${gib} GiB; ${rounds} rounds`,
      'Listed',
      `${small.events} events: median / most, ms`,
      `${large.events} events`,
      'Larger by smaller',
      'Target',
    ],
    answers.map(({ name, found, small: few, large: many, ratio }) => [
      name,
      found === null ? '–' : String(found),
      times(few),
      times(many),
      ratio.toFixed(2),
      `≤ ${TARGET_MS} ms`,
    ]),
  );
}

function searchesTable({ store, searches }: PagesResult): string {
  return table(
    [`${store}: gone on until something is found`, 'Events', 'Pages', 'Found', 'Time, s'],
    searches.map(({ name, events, pages, found, ms }) => [
      name,
      String(events),
      String(pages),
      String(found),
      (ms / 1000).toFixed(2),
    ]),
  );
}

const NOTES = [
  'Answers of the admin API of a running connector over HTTP, 50 events a page, as the console asks for them; the small and',
  'the large store take turns with each question. A page looks at 20,000 events at most, or for 50 ms, at 2,000 when their bodies',
  `have to be read: an answer may list nothing and tell where to go on. The events came in ${DAYS} days, with bodies of 550 bytes;`,
  'one subscriber in ten is a dead letter, one in fifty waits. What is read often is in memory, the whole of the files is not.',
];
