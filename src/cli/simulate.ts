import { CoreSimulator } from '../../sim/core-simulator.ts';
import { type Faults, readFaults } from '../../sim/faults.ts';
import { type Command, type CommandLine, EXIT, PlainError, UsageError, wholeNumber } from './command.ts';
import { readFaultsFile } from './faults-file.ts';
import { LISTEN_OPTIONS, listenFault } from './listen-fault.ts';
import { stopSignals } from './signals.ts';
import { visible } from './wording.ts';

export const command: Command = {
  name: 'simulate',
  synopsis: '',
  about:
    'Runs a stand-in for the WTL HLR/HSS. It remembers subscribers, insists on 15-digit IMSIs, profile names and\n' +
    'one owner a number, and answers as WTL does. Look inside with GET /subscribers and /subscribers/<imsi>; read and\n' +
    'change its faults while it runs with GET and PUT /faults. With --target google-sheets it is a stand-in for Google\n' +
    'Sheets with one empty spreadsheet: look inside with GET /rows.',
  options: {
    target: { type: 'string', default: 'wtl', value: 'name', help: 'What to stand in for: wtl or google-sheets.' },
    key: {
      type: 'string',
      default: 'google-key.json',
      value: 'file',
      help: "With google-sheets: its account's key; one that is there is used again.",
    },
    port: {
      type: 'string',
      short: 'p',
      default: '3001',
      value: 'number',
      help: 'Port to listen on; 0 takes a free one.',
    },
    host: { type: 'string', default: '127.0.0.1', value: 'address', help: 'Address to listen on.' },
    token: { type: 'string', value: 'text', help: 'Insist on this bearer token (also WTL_API_TOKEN); else take any.' },
    'known-only': {
      type: 'boolean',
      help: 'Answer 404 to a change of an unknown subscriber instead of taking him in.',
    },
    latency: { type: 'string', value: 'ms', help: 'Time before every answer.' },
    jitter: { type: 'string', value: 'ms', help: 'Random time added to it, at most.' },
    'error-rate': { type: 'string', value: '0..1', help: 'Share of requests answered 503.' },
    'cut-rate': { type: 'string', value: '0..1', help: 'Share of requests applied, then cut without an answer.' },
    outage: { type: 'string', value: 'from+for', help: 'Answer 503 in this window, in seconds from the start: 10+5.' },
    faults: { type: 'string', value: 'file', help: 'All faults as JSON; see docs/simulator.md.' },
    quiet: { type: 'boolean', short: 'q', help: 'Do not print a line for every request.' },
  },
  exits: { 66: 'the faults file cannot be read', 69: 'the port cannot be had, or the key cannot be written' },
  positionals: [0, 0],
  run: simulate,
};

async function simulate(line: CommandLine): Promise<number> {
  const port = wholeNumber(line, 'port', 0, 65535);
  const host = line.values['host'] as string;
  const token = line.values['token'] ?? process.env['WTL_API_TOKEN'];
  const faults = await faultsOf(line);
  const { target } = line.values;
  if (target === 'google-sheets') {
    const { simulateSheets } = await import('./simulate-sheets.ts');
    const key = line.values['key'] as string;
    return await simulateSheets({ host, port }, { faults, key, quiet: line.flags['quiet'] ?? false });
  }
  if (target !== 'wtl') throw new UsageError(`--target must be wtl or google-sheets, not "${target}"`);
  const stopped = stopSignals(() => process.exit(EXIT.failed));
  const simulator = new CoreSimulator({
    host,
    port,
    ...(token && { token }),
    knownOnly: line.flags['known-only'] ?? false,
    faults,
    ...(!line.flags['quiet'] && {
      watcher: {
        refused: (why) => process.stdout.write(`401: ${why}\n`),
        treated: ({ request }, outcome) => process.stdout.write(visible(`${JSON.stringify(request)} → ${outcome}\n`)),
      },
    }),
  });
  const url = await simulator.start().catch((error: unknown) => {
    throw new PlainError(listenFault(error, host, port, LISTEN_OPTIONS), EXIT.unavailable);
  });
  const { origin } = new URL(url);
  process.stdout.write(`Core simulator at ${url} (WTL_API_URL)\n`);
  process.stdout.write(`Look inside: ${origin}/subscribers   faults: ${origin}/faults   counters: ${origin}/stats\n`);
  await stopped;
  await simulator.stop();
  return EXIT.ok;
}

async function faultsOf(line: CommandLine): Promise<Faults> {
  const { faults: file, outage } = line.values;
  const [latency, jitter] = [numberOf(line, 'latency'), numberOf(line, 'jitter')];
  const [errorRate, cutRate] = [numberOf(line, 'error-rate'), numberOf(line, 'cut-rate')];
  const fromFlags = {
    ...(latency !== null && { latency_ms: latency }),
    ...(jitter !== null && { jitter_ms: jitter }),
    ...(errorRate !== null && { error_rate: errorRate }),
    ...(cutRate !== null && { cut_rate: cutRate }),
    ...(outage !== undefined && { outages: [outageOf(outage)] }),
  };
  try {
    return readFaults({ ...(file === undefined ? {} : await readFaultsFile(file)), ...fromFlags });
  } catch (error) {
    if (error instanceof PlainError) throw error;
    throw new UsageError((error as Error).message);
  }
}

function numberOf(line: CommandLine, name: string): number | null {
  const text = line.values[name];
  if (text === undefined) return null;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`--${name} must be a number, not "${text}"`);
  return Number(text);
}

function outageOf(text: string): { from_s: number; for_s: number } {
  const parts = /^(\d+(?:\.\d+)?)\+(\d+(?:\.\d+)?)$/.exec(text);
  if (!parts) throw new UsageError(`--outage must be <from>+<for> in seconds, such as 10+5, not "${text}"`);
  return { from_s: Number(parts[1]), for_s: Number(parts[2]) };
}
