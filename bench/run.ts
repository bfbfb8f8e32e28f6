import { parseArgs } from 'node:util';
import { backlogReport, measureBacklog } from './backlog.ts';
import { coldStartReport, measureColdStart } from './cold-start.ts';
import { consoleReport, measureConsole } from './console.ts';
import { faultsReport, measureFaults } from './faults.ts';
import { intakeReport, measureIntake, STORE_KINDS, type StoreKind } from './intake.ts';
import { measureMetrics, metricsReport } from './metrics.ts';
import { measureOsmoHlr, osmoHlrReport } from './osmo-hlr.ts';
import { measurePages, pagesReport } from './pages.ts';
import { stopChildrenAtExit } from './parts/children.ts';
import { SIZED_STORES } from './parts/places.ts';
import {
  circumstances,
  circumstancesText,
  jsonOf,
  keepResults,
  type Measured,
  type Results,
  readResults,
} from './parts/results.ts';
import { measureSize, sizeReport } from './size.ts';

const HELP = `Usage: npm run bench -- [options]

Measures the built connector on this machine, over 127.0.0.1 only, and writes bench/results/latest.{json,md},
where parts and stores that are not measured now keep their last figures.

Options
  --only <part>        Only this part:
                         intake   events a second, beside a bare forwarder
                         size     what an event costs with few and with many subscribers in the store
                         backlog  the core was down for long: how it is caught up with
                         cold     start of the program
                         faults   a core that hangs or is down
                         metrics  what counting costs
                         console  intake while operators page and search through a large journal
                         pages    pages of a very large journal, over the admin API; takes half an hour and 25 GB of disk,
                                  measured only when named
                         osmo-hlr applies to a real osmo-hlr, which has to be installed; measured only when named
  --store <kind>       Intake, size and pages on this store only: ${STORE_KINDS.join(', ')}.
  --seconds <number>   Length of one measurement of intake, faults, metrics and console, and of a round of osmo-hlr. [3]
  --rounds <number>    Rounds of intake [5], size [4], metrics [8], console [6], pages [7], osmo-hlr [7]
                       and of cold starts [11].
  --events <n>         In the larger journal of pages [10000000].
  --subscribers <n>    Of the larger store of size [1000000], of backlog [100000] and of console [1000000], an event each.
  --json               Print JSON instead of tables.
  -h, --help           Show this help.

Exit codes
  0  measured, whatever the figures are
  1  something failed: an answer was wrong, or a program did not start
  2  wrong use
`;

const PART_NAMES = ['intake', 'size', 'backlog', 'cold', 'faults', 'metrics', 'console', 'pages', 'osmo-hlr'] as const;
/** The one takes long and much room, the other needs a program that is not everywhere. */
const ONLY_WHEN_NAMED: readonly PartName[] = ['pages', 'osmo-hlr'];
type PartName = (typeof PART_NAMES)[number];

const DEFAULT_SECONDS = 3;
const DEFAULT_ROUNDS = { intake: 5, size: 4, cold: 11, metrics: 8, console: 6, osmo: 7, pages: 7 };
const DEFAULT_SUBSCRIBERS = { size: 1_000_000, backlog: 100_000, console: 1_000_000 };
const DEFAULT_EVENTS = 10_000_000;

interface Options {
  readonly parts: readonly PartName[];
  readonly stores: readonly StoreKind[];
  readonly seconds: number;
  readonly rounds: number | null;
  readonly subscribers: number | null;
  readonly events: number | null;
  readonly json: boolean;
}

class UsageError extends Error {}

/** @returns null when help is wanted. @throws UsageError */
function readOptions(args: readonly string[]): Options | null {
  const values = parse(args);
  if (values.help) return null;
  const only = PART_NAMES.filter((part) =>
    values.only === undefined ? !ONLY_WHEN_NAMED.includes(part) : part === values.only,
  );
  if (only.length === 0) throw new UsageError(`--only must be one of ${PART_NAMES.join(', ')}, not "${values.only}"`);
  const stores = STORE_KINDS.filter((kind) => values.store === undefined || kind === values.store);
  if (stores.length === 0) throw new UsageError(`--store must be one of ${STORE_KINDS.join(', ')}`);
  return {
    parts: only,
    stores,
    seconds: values.seconds === undefined ? DEFAULT_SECONDS : positive('seconds', values.seconds),
    rounds: values.rounds === undefined ? null : positive('rounds', values.rounds),
    subscribers: values.subscribers === undefined ? null : positive('subscribers', values.subscribers, 5_000_000),
    events: values.events === undefined ? null : positive('events', values.events, 100_000_000),
    json: values.json ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        store: { type: 'string' },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        subscribers: { type: 'string' },
        events: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function positive(name: string, text: string, most = 600): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new UsageError(`--${name} must be a whole number from 1 to ${most}, not "${text}"`);
}

/** Measures, and turns the figures of a part into its tables. */
interface Part {
  readonly title: string;
  /** Stores it is measured on, one at a time: each keeps its own figures. */
  readonly stores?: readonly StoreKind[];
  measure(options: Options): Promise<unknown>;
  report(figures: never): string;
}

const PARTS: Readonly<Record<PartName, Part>> = {
  intake: {
    title: 'Intake',
    stores: STORE_KINDS,
    measure: ({ seconds, stores, rounds }) =>
      measureIntake({ seconds, stores, rounds: rounds ?? DEFAULT_ROUNDS.intake }),
    report: intakeReport,
  },
  size: {
    title: 'Size of the store',
    stores: SIZED_STORES,
    measure: ({ stores, subscribers, rounds }) =>
      measureSize({
        stores: SIZED_STORES.filter((store) => stores.includes(store)),
        subscribers: subscribers ?? DEFAULT_SUBSCRIBERS.size,
        rounds: rounds ?? DEFAULT_ROUNDS.size,
      }),
    report: sizeReport,
  },
  backlog: {
    title: 'A backlog',
    measure: ({ subscribers }) => measureBacklog({ subscribers: subscribers ?? DEFAULT_SUBSCRIBERS.backlog }),
    report: backlogReport,
  },
  cold: {
    title: 'Cold start',
    measure: ({ rounds }) => measureColdStart({ rounds: rounds ?? DEFAULT_ROUNDS.cold }),
    report: coldStartReport,
  },
  faults: {
    title: 'Faults of the core',
    measure: ({ seconds }) => measureFaults({ seconds }),
    report: faultsReport,
  },
  'osmo-hlr': {
    title: 'OsmoHLR',
    measure: ({ seconds, rounds }) => measureOsmoHlr({ seconds, rounds: rounds ?? DEFAULT_ROUNDS.osmo }),
    report: osmoHlrReport,
  },
  metrics: {
    title: 'Metrics',
    measure: ({ seconds, rounds }) => measureMetrics({ seconds, rounds: rounds ?? DEFAULT_ROUNDS.metrics }),
    report: metricsReport,
  },
  console: {
    title: 'The console beside the intake',
    measure: ({ seconds, rounds, subscribers }) =>
      measureConsole({
        seconds,
        rounds: rounds ?? DEFAULT_ROUNDS.console,
        events: subscribers ?? DEFAULT_SUBSCRIBERS.console,
      }),
    report: consoleReport,
  },
  pages: {
    title: 'Pages of a very large journal',
    stores: SIZED_STORES,
    measure: ({ stores, events, rounds }) =>
      measurePages({
        stores: SIZED_STORES.filter((store) => stores.includes(store)),
        events: events ?? DEFAULT_EVENTS,
        rounds: rounds ?? DEFAULT_ROUNDS.pages,
      }),
    report: pagesReport,
  },
};

/** What is measured in one go, and the key of its figures. */
interface Portion {
  readonly key: string;
  readonly name: PartName;
  /** All of them, or the one it is measured on. */
  readonly stores: readonly StoreKind[];
}

function portionsOf(name: PartName, chosen: readonly StoreKind[]): Portion[] {
  const { stores } = PARTS[name];
  if (!stores) return [{ key: name, name, stores: chosen }];
  return stores
    .filter((store) => chosen.includes(store))
    .map((store) => ({ key: `${name} ${store}`, name, stores: [store] }));
}

/** What is measured now takes the place of what was kept of the same part and store; the others stay as they are. */
async function run(options: Options): Promise<void> {
  const measured: Record<string, Measured> = {};
  for (const { key, name, stores } of options.parts.flatMap((part) => portionsOf(part, options.stores))) {
    const figures = await PARTS[name].measure({ ...options, stores });
    measured[key] = { ...circumstances(), seconds: options.seconds, figures };
    const all = { ...readResults(), ...measured };
    keepResults(all, markdownOf(all));
  }
  process.stdout.write(options.json ? jsonOf(measured) : markdownOf(measured));
}

function markdownOf(results: Results): string {
  const reports = PART_NAMES.flatMap((name) => portionsOf(name, STORE_KINDS)).flatMap(({ key, name, stores }) => {
    const measured = results[key];
    if (!measured) return [];
    const { title, stores: several, report } = PARTS[name];
    const heading = several ? `${title}: ${stores.join()}` : title;
    return [`## ${heading}`, circumstancesText(measured), report(measured.figures as never)];
  });
  return `${['# Benchmark', ...reports].join('\n\n')}\n`;
}

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options) await run(options);
    else process.stdout.write(HELP);
    return 0;
  } catch (error) {
    const wrongUse = error instanceof UsageError;
    process.stderr.write(wrongUse ? `bench: ${error.message}\n\n${HELP}` : `bench: ${(error as Error).stack}\n`);
    return wrongUse ? 2 : 1;
  }
}

stopChildrenAtExit();
// Children that still run after a failure would keep this process alive; they are stopped when it ends.
process.exit(await main());
