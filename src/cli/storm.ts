import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Faults, readFaults } from '../../sim/faults.ts';
import { LIVES, type Lives } from '../../sim/storm/people.ts';
import type { StormReport } from '../../sim/storm/report.ts';
import { DEFAULT_FAULTS, type Fleet, runStorm } from '../../sim/storm/storm.ts';
import { type Command, type CommandLine, EXIT, PlainError, UsageError, wholeNumber } from './command.ts';
import { readFaultsFile } from './faults-file.ts';
import { LISTEN_OPTIONS, listenFault } from './listen-fault.ts';
import { Progress } from './progress.ts';
import { stopSignals } from './signals.ts';
import { ConnectorFleet } from './storm-fleet.ts';
import { reportText } from './storm-report.ts';

export const command: Command = {
  name: 'storm',
  synopsis: '',
  about:
    'Plays the life of many subscribers as NSPS would: events out of order, twice, late, and again until each is\n' +
    'acknowledged, while the core fails in every way and connectors are killed. Then compares the core with billing, and\n' +
    'says whether two calls for one subscriber met, an old state went out after a newer one, or a number was given twice.\n' +
    'The core and the connectors are started here, on loopback; --connector takes connectors that run already.',
  options: {
    subscribers: { type: 'string', short: 'n', default: '50', value: 'number', help: 'Subscribers.' },
    changes: { type: 'string', short: 'm', default: '8', value: 'number', help: 'Changes of each.' },
    seed: { type: 'string', value: 'number', help: 'The same seed gives the same life; random when absent.' },
    lives: {
      type: 'string',
      default: 'changes',
      value: 'changes|full',
      help: 'Of SIMs that are changed and swapped; full: also created and deleted.',
    },
    'known-only': {
      type: 'boolean',
      help: 'The core refuses to update whom it does not have (404); with --lives full.',
    },
    delivery: { type: 'string', default: 'inline', value: 'mode', help: 'DELIVERY of the connectors: inline, queued.' },
    store: {
      type: 'string',
      value: 'url',
      help: 'STORE_URL of the connectors; a SQLite file in a fresh folder when absent.',
    },
    instances: { type: 'string', short: 'i', default: '1', value: 'number', help: 'Connectors on that store.' },
    kills: { type: 'string', short: 'k', default: '0', value: 'number', help: 'How often one is ended by kill -9.' },
    faults: {
      type: 'string',
      value: 'file',
      help: 'Faults of the core as JSON, or "none"; a moderate mix when absent.',
    },
    'time-scale': {
      type: 'string',
      default: '0.001',
      value: 'factor',
      help: "How much faster NSPS's time runs: 0.001 makes 60 ms of a minute.",
    },
    settle: {
      type: 'string',
      default: '30',
      value: 'seconds',
      help: 'Longest time for the core to become right once everything is acknowledged.',
    },
    connector: {
      type: 'string',
      short: 'c',
      value: 'urls',
      help: 'Connectors that run already, comma-separated: http://host:8000/process-event.',
    },
    token: { type: 'string', value: 'text', help: 'API_TOKEN of those connectors; also taken from API_TOKEN.' },
    'core-port': {
      type: 'string',
      default: '0',
      value: 'number',
      help: 'Port of the core on loopback, for their WTL_API_URL; 0 takes a free one.',
    },
    json: { type: 'boolean', help: 'Print the report as JSON.' },
    quiet: { type: 'boolean', short: 'q', help: 'No progress bar, and no report when all is well.' },
    keep: { type: 'boolean', help: 'Keep the folder with logs and store, and say where it is.' },
  },
  exits: {
    1: 'a promise was broken, an event never acknowledged, or the storm was interrupted',
    66: 'the faults file cannot be read',
    69: 'a connector does not start, or a port cannot be had',
  },
  positionals: [0, 0],
  run: storm,
};

const CORE_TOKEN = 'storm-core-token';

/** What the connectors are given: short times, so that a storm is over soon. In seconds. */
const CALL_TIMEOUT = 2;
const SETTLE_AFTER = 4;

/** What full lives need of the connectors. */
const FULL_ACTIONS = 'SIM/Created=insert,SIM/Deleted=delete';

interface Plan {
  readonly subscribers: number;
  readonly changes: number;
  readonly lives: Lives;
  readonly knownOnly: boolean;
  readonly seed: number;
  readonly timeScale: number;
  readonly settleMs: number;
  readonly corePort: number;
  readonly kills: number;
  readonly instances: number;
  readonly faults: Faults;
  /** Connectors that run already; empty when they are to be started. */
  readonly connectors: readonly string[];
  readonly token: string;
}

async function storm(line: CommandLine): Promise<number> {
  const plan = await planOf(line);
  const folder = await mkdtemp(join(tmpdir(), 'nsps-storm-'));
  const interrupted = new AbortController();
  void stopSignals(() => process.exit(EXIT.failed)).then(() => interrupted.abort(INTERRUPTED));
  try {
    const report = await play(plan, line, folder, interrupted.signal);
    return tell(report, line);
  } finally {
    if (line.flags['keep']) process.stderr.write(`Logs and store: ${folder}\n`);
    else await rm(folder, { recursive: true, force: true });
  }
}

const INTERRUPTED = new PlainError('interrupted; everything it started is stopped');

async function play(plan: Plan, line: CommandLine, folder: string, signal: AbortSignal): Promise<StormReport> {
  const events = plan.subscribers * plan.changes;
  const progress = line.flags['quiet'] || line.flags['json'] ? null : new Progress(events);
  if (!line.flags['quiet'] && !line.flags['json']) process.stdout.write(`${events} events, seed ${plan.seed}\n`);
  await using started = new AsyncDisposableStack();
  const connectors = async (coreUrl: string): Promise<Fleet> => {
    if (plan.connectors.length > 0) return { eventUrls: plan.connectors };
    const env = connectorSettings(plan, line, folder, coreUrl);
    const { instances } = plan;
    return started.use(await ConnectorFleet.start({ entrance: process.argv[1] as string, instances, env, folder }));
  };
  try {
    return await runStorm({
      ...plan,
      core: { port: plan.corePort, ...(plan.connectors.length === 0 && { token: CORE_TOKEN }) },
      settleAfterMs: SETTLE_AFTER * 1000,
      connectors,
      onAcknowledged: () => progress?.advance(),
      signal,
    });
  } catch (error) {
    if ((error as { syscall?: string }).syscall !== 'listen') throw error;
    throw new PlainError(
      listenFault(error, '127.0.0.1', plan.corePort, { ...LISTEN_OPTIONS, port: '--core-port' }),
      EXIT.unavailable,
    );
  } finally {
    progress?.clear();
  }
}

function connectorSettings({ token, lives }: Plan, line: CommandLine, folder: string, coreUrl: string) {
  return {
    APP_NAME: 'nsps-connector-storm',
    API_TOKEN: token,
    WTL_API_URL: coreUrl,
    WTL_API_TOKEN: CORE_TOKEN,
    STORE_URL: line.values['store'] ?? `sqlite:${join(folder, 'connector.db')}`,
    DELIVERY: line.values['delivery'] as string,
    WTL_HTTP_REQUESTS_TIMEOUT: String(CALL_TIMEOUT),
    WTL_BREAKER_COOLDOWN: '0.2',
    SETTLE_AFTER: String(SETTLE_AFTER),
    ...(lives === 'full' && { EVENT_ACTIONS: FULL_ACTIONS }),
  };
}

function tell(report: StormReport, line: CommandLine): number {
  if (line.flags['json']) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else if (!line.flags['quiet'] || !report.ok) process.stdout.write(reportText(report));
  return report.ok ? EXIT.ok : EXIT.failed;
}

async function planOf(line: CommandLine): Promise<Plan> {
  const connectors = (line.values['connector'] ?? '').split(',').filter((url) => url !== '');
  for (const url of connectors) {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
      throw new UsageError(`--connector must be http:// or https:// URLs, not "${url}"`);
    }
  }
  const kills = wholeNumber(line, 'kills', 0, 1000);
  if (connectors.length > 0 && kills > 0) throw new UsageError('--kills needs connectors that are started here');
  return {
    subscribers: wholeNumber(line, 'subscribers', 1, 50_000),
    changes: wholeNumber(line, 'changes', 1, 1000),
    ...livesOf(line),
    seed:
      line.values['seed'] === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber(line, 'seed', 0, 2 ** 31),
    timeScale: positive(line, 'time-scale'),
    settleMs: positive(line, 'settle') * 1000,
    corePort: wholeNumber(line, 'core-port', 0, 65_535),
    instances: wholeNumber(line, 'instances', 1, 64),
    kills,
    connectors,
    token: tokenOf(line, connectors.length > 0),
    faults: await faultsOf(line.values['faults']),
  };
}

function livesOf(line: CommandLine): Pick<Plan, 'lives' | 'knownOnly'> {
  const lives = LIVES.find((kind) => kind === line.values['lives']);
  if (!lives) throw new UsageError(`--lives must be one of ${LIVES.join(', ')}, not "${line.values['lives']}"`);
  const knownOnly = line.flags['known-only'] ?? false;
  if (knownOnly && lives !== 'full') throw new UsageError('--known-only needs --lives full: nobody is created else');
  return { lives, knownOnly };
}

function tokenOf(line: CommandLine, elsewhere: boolean): string {
  if (!elsewhere) return 'storm-token-of-nsps';
  const token = line.values['token'] ?? process.env['API_TOKEN'];
  if (token) return token;
  throw new UsageError('--token (or API_TOKEN) must be the token that the connectors expect');
}

async function faultsOf(file: string | undefined): Promise<Faults> {
  if (file === undefined) return DEFAULT_FAULTS;
  if (file === 'none') return {};
  const value = await readFaultsFile(file);
  try {
    return readFaults(value);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function positive(line: CommandLine, name: string): number {
  const text = line.values[name] as string;
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new UsageError(`--${name} must be a number above 0, not "${text}"`);
}
