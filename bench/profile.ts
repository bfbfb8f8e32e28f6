import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { API_TOKEN, CONNECTOR, Part, startConnector, stopChildrenAtExit } from './parts/children.ts';
import { type CpuProfile, type Shares, shareOut } from './parts/cpu-profile.ts';
import type { LoadOrder, LoadResult } from './parts/load.ts';
import { progress, table } from './parts/report.ts';

const HELP = `Usage: node bench/profile.ts [options]

Where the connector's processor time goes with 64 connections and a core that answers at once. Prints tables and
writes them to bench/results/profile.md.

Options
  --seconds <number>  Length of the profile. [10]
  --top <number>      Functions shown. [40]
  --bundle            The built program: what is installed, but without file names. Otherwise the sources.
  --keep <file>       Keep the profile, for the DevTools of a browser.
  -h, --help          Show this help.
`;

const SOURCE = fileURLToPath(new URL('../src/main.ts', import.meta.url));

const CONNECTIONS = 64;

/** Load before the profile, in seconds: what runs often is compiled by then. */
const RAMP_SECONDS = 3;

/** What is less is not worth a line: part of the busy time. */
const LEAST_SHARE = 0.003;

/** Between two samples, in microseconds. */
const INTERVAL = 500;

interface Profiled {
  readonly profile: CpuProfile;
  readonly load: LoadResult;
}

/** Runs the connector with the profiler on, under load, and reads what it leaves behind. */
async function record(entrance: string, seconds: number): Promise<Profiled> {
  const folder = mkdtempSync(join(tmpdir(), 'connector-profile-'));
  const core = await Part.start<string, number>('core-stub', { DELAY_MS: '0' });
  const load = await Part.start<LoadOrder, LoadResult>('load');
  const profiler = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL}`];
  try {
    const connector = await startConnector(core.url, {}, [...profiler, entrance, 'serve']);
    const { url, pid } = connector;
    const order = {
      url,
      pid,
      token: API_TOKEN,
      connections: CONNECTIONS,
      seconds,
      rampSeconds: RAMP_SECONDS,
      expect: 202,
    };
    const result = await load.ask(order, (seconds + RAMP_SECONDS + 60) * 1000);
    if (result.errors > 0) throw new Error(`${result.errors} answers were not 202: ${result.samples.join('; ')}`);
    const exitCode = await connector.stop();
    const [file] = globSync(join(folder, '*.cpuprofile'));
    if (!file) throw new Error(`The connector left no profile behind (exit code ${exitCode})`);
    return { profile: JSON.parse(readFileSync(file, 'utf8')) as CpuProfile, load: result };
  } finally {
    await Promise.all([load.stop(), core.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function report({ busy, groups, functions }: Shares, { load }: Profiled, top: number): string {
  const percent = (share: number) => (share * 100).toFixed(1);
  const groupRows = groups.filter(({ self }) => self >= LEAST_SHARE).map(({ name, self }) => [name, percent(self)]);
  const functionRows = functions
    .slice(0, top)
    .map(({ name, place, self, total }) => [name, place, percent(self), percent(total)]);
  return [
    '# Profile of the connector',
    '',
    `${CONNECTIONS} connections, core 0 ms, Node ${process.version}: ${load.perSecond.toFixed(0)} events/s with the`,
    `profiler on; the main thread was busy ${percent(busy)} % of the time. Percentages are of that busy time. Self: in`,
    'the function itself; total: with all it calls. Native functions are system calls and what V8 does in C++.',
    '',
    table(['Package or file', 'Self, %'], groupRows),
    '',
    table(['Function', 'Where', 'Self, %', 'Total, %'], functionRows),
    '',
  ].join('\n');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      top: { type: 'string', default: '40' },
      bundle: { type: 'boolean', default: false },
      keep: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [seconds, top] = [Number(values.seconds), Number(values.top)];
  if (values.help || !(seconds >= 1 && top >= 1)) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  progress(`profile: ${seconds} s of ${values.bundle ? 'the built program' : 'the sources'} under load`);
  const profiled = await record(values.bundle ? CONNECTOR : SOURCE, seconds);
  if (values.keep) writeFileSync(values.keep, JSON.stringify(profiled.profile));
  // The load ends, and a moment later the connector: what lies before the last so many seconds is start and ramp.
  const text = report(shareOut(profiled.profile, seconds * 1e6), profiled, top);
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('profile.md', folder), text);
  process.stdout.write(text);
  return 0;
}

stopChildrenAtExit();
process.exit(await main());
