import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { coldStartReport, measureColdStart } from './cold-start.ts';
import { faultsReport, measureFaults } from './faults.ts';
import { intakeReport, measureIntake, STORE_KINDS, type StoreKind } from './intake.ts';
import { stopChildrenAtExit } from './parts/children.ts';

const HELP = `Usage: npm run bench -- [options]

Measures the built connector on this machine, over 127.0.0.1 only, and writes bench/results/latest.{json,md}.

Options
  --only <part>        Only intake, cold or faults.
  --store <kind>       Intake on this store only: ${STORE_KINDS.join(', ')}.
  --seconds <number>   Length of one measurement of intake and faults. [3]
  --rounds <number>    Rounds of intake [5] and of cold starts [11].
  --json               Print JSON instead of tables.
  -h, --help           Show this help.

Exit codes
  0  measured, whatever the figures are
  1  something failed: an answer was wrong, or a program did not start
  2  wrong use
`;

const PARTS = ['intake', 'cold', 'faults'] as const;
type PartName = (typeof PARTS)[number];

const DEFAULT_SECONDS = 3;
const DEFAULT_ROUNDS = { intake: 5, cold: 11 };

interface Options {
  readonly parts: readonly PartName[];
  readonly stores: readonly StoreKind[];
  readonly seconds: number;
  readonly rounds: number | null;
  readonly json: boolean;
}

class UsageError extends Error {}

/** @returns null when help is wanted. @throws UsageError */
function readOptions(args: readonly string[]): Options | null {
  const values = parse(args);
  if (values.help) return null;
  const only = PARTS.filter((part) => values.only === undefined || part === values.only);
  if (only.length === 0) throw new UsageError(`--only must be one of ${PARTS.join(', ')}, not "${values.only}"`);
  const stores = STORE_KINDS.filter((kind) => values.store === undefined || kind === values.store);
  if (stores.length === 0) throw new UsageError(`--store must be one of ${STORE_KINDS.join(', ')}`);
  return {
    parts: only,
    stores,
    seconds: values.seconds === undefined ? DEFAULT_SECONDS : positive('seconds', values.seconds),
    rounds: values.rounds === undefined ? null : positive('rounds', values.rounds),
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
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 600) return number;
  throw new UsageError(`--${name} must be a whole number from 1 to 600, not "${text}"`);
}

/** What the figures were measured on, and when. */
function circumstances() {
  const all = cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpus: all.length,
  };
}

type Circumstances = ReturnType<typeof circumstances>;

/** One part's figures and its tables. */
async function measure(
  part: PartName,
  { seconds, rounds, stores }: Options,
): Promise<{ figures: unknown; report: string }> {
  switch (part) {
    case 'intake': {
      const figures = await measureIntake({ seconds, stores, rounds: rounds ?? DEFAULT_ROUNDS.intake });
      return { figures, report: `## Intake\n\n${intakeReport(figures)}` };
    }
    case 'cold': {
      const figures = await measureColdStart({ rounds: rounds ?? DEFAULT_ROUNDS.cold });
      return { figures, report: `## Cold start\n\n${coldStartReport(figures)}` };
    }
    case 'faults': {
      const figures = await measureFaults({ seconds });
      return { figures, report: `## Faults of the core\n\n${faultsReport(figures)}` };
    }
  }
}

async function run(options: Options): Promise<void> {
  const about = circumstances();
  const figures: Partial<Record<PartName, unknown>> = {};
  const reports: string[] = [];
  for (const part of options.parts) {
    const measured = await measure(part, options);
    figures[part] = measured.figures;
    reports.push(measured.report);
  }
  const json = `${JSON.stringify({ ...about, seconds: options.seconds, ...figures }, null, 2)}\n`;
  const markdown = `${[titleOf(about), ...reports].join('\n\n')}\n`;
  keep(json, markdown);
  process.stdout.write(options.json ? json : markdown);
}

function titleOf({ date, node, platform, cpu, cpus: count }: Circumstances): string {
  return `# Benchmark\n\n${date}, Node ${node}, ${platform}, ${count} × ${cpu}`;
}

function keep(json: string, markdown: string): void {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('latest.json', folder), json);
  writeFileSync(new URL('latest.md', folder), markdown);
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
