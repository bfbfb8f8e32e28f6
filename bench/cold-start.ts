import { fileURLToPath } from 'node:url';
import { API_TOKEN, type ServerProcess, startConnector, startServer } from './parts/children.ts';
import { SubscriberEvents } from './parts/events.ts';
import { progress, type Spread, spreadOf, spreadText, table } from './parts/report.ts';

const BARE_SERVER = fileURLToPath(new URL('parts/bare-server.js', import.meta.url));

/** Nobody listens there, and nobody is called: a cold start needs no core. */
const NO_CORE = 'http://127.0.0.1:9';

/** The connector's start by the bare server's, at most. */
const TARGET = 3;

/** What is started. */
const STARTS = {
  'bare node:http server': () => startServer([BARE_SERVER]),
  connector: () => startConnector(NO_CORE),
  'connector, without compile cache': () => startConnector(NO_CORE, { NODE_DISABLE_COMPILE_CACHE: '1' }),
} as const satisfies Record<string, () => Promise<ServerProcess>>;

type Start = keyof typeof STARTS;
const NAMES = Object.keys(STARTS) as Start[];
const BARE: Start = 'bare node:http server';

export interface ColdStartResult {
  readonly name: string;
  /** From spawn to the first 200 of `/health`, in milliseconds. */
  readonly ms: Spread;
  /** By the bare server's start of the same round; null for itself. */
  readonly ratio: Spread | null;
}

/** How long it takes from the start of the process to the first 200 of `/health`. */
export async function measureColdStart({ rounds }: { readonly rounds: number }): Promise<ColdStartResult[]> {
  await fillCaches();
  const all: Record<Start, number>[] = [];
  for (let round = 0; round < rounds; round++) {
    all.push(await startAll());
    progress(`cold start: round ${round + 1} of ${rounds}`);
  }
  return NAMES.map((name) => ({
    name,
    ms: spreadOf(all.map((times) => times[name])),
    ratio: name === BARE ? null : spreadOf(all.map((times) => times[name] / times[BARE])),
  }));
}

/**
 * One round that does not count. Files come into the system's cache; the connector writes its compile cache at its end,
 * with what it has used until then, so it is given an event first (which fails: there is no core).
 */
async function fillCaches(): Promise<void> {
  const connector = await startConnector(NO_CORE, { WTL_RETRIES: '0' });
  await fetch(`${connector.url}/process-event`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' },
    body: new SubscriberEvents(0, new Date()).next(),
  });
  await connector.stop();
  await startAll();
}

/** One after the other, so that they do not take processor time from each other. */
async function startAll(): Promise<Record<Start, number>> {
  const times: Partial<Record<Start, number>> = {};
  for (const name of NAMES) {
    const server = await STARTS[name]();
    times[name] = server.startMs;
    await server.stop();
  }
  return times as Record<Start, number>;
}

export function coldStartReport(results: readonly ColdStartResult[]): string {
  const rows = results.map(({ name, ms, ratio }) => [
    name,
    spreadText(ms, 0),
    ratio ? spreadText(ratio, 2) : '1',
    name === 'connector' ? `≤ ${TARGET}` : '',
  ]);
  return table(
    ['Start to the first 200 of /health', 'ms: median (min–max)', 'Ratio: median (min–max)', 'Target'],
    rows,
  );
}
