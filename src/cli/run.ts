import { VERSION } from '../version.ts';
import {
  type Command,
  columns,
  EXIT,
  HELP_OPTION,
  heading,
  helpOf,
  PlainError,
  parseCommandLine,
  UsageError,
} from './command.ts';
import { visible } from './wording.ts';

interface Entry {
  readonly summary: string;
  /** Each command is read from disk only when it is the one. */
  load(): Promise<{ command: Command }>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: { summary: 'Take events from NSPS and provision the core.', load: () => import('./serve.ts') },
  simulate: { summary: 'Run a stand-in for the core, with faults if wanted.', load: () => import('./simulate.ts') },
  send: { summary: 'Post saved events to a connector, as NSPS does.', load: () => import('./send.ts') },
  explain: { summary: 'Say what an event would do and why; send nothing.', load: () => import('./explain.ts') },
  events: { summary: 'List the events that came, and what still has to be done.', load: () => import('./events.ts') },
  event: { summary: 'Tell the whole story of one event.', load: () => import('./event.ts') },
  replay: { summary: 'Deliver events of the journal again, dead letters too.', load: () => import('./replay.ts') },
  resync: { summary: "Send subscribers' newest state to the core again.", load: () => import('./resync.ts') },
  discard: { summary: 'Give dead letters up for good.', load: () => import('./discard.ts') },
  audit: { summary: 'List what operators did.', load: () => import('./audit.ts') },
  doctor: { summary: 'Check settings, tokens and the way to the core.', load: () => import('./doctor.ts') },
  storm: {
    summary: 'Try connectors with a faulty core and a restless NSPS, and compare.',
    load: () => import('./storm.ts'),
  },
  demo: { summary: 'Play a short life of a few subscribers.', load: () => import('./demo.ts') },
};

/** Runs one command. @returns the exit code; everything it has to say is printed. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === '--version' || name === '-V') return say(VERSION);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const about = args[0] && Object.hasOwn(COMMANDS, args[0]) ? await helpFor(args[0]) : overview();
    // Nothing asked is a slip, not a wish.
    return name === undefined ? complain(about) : say(about);
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    return complain(`nsps-connector: there is no command "${name}"${similar(name)}\n\n${overview()}`);
  }
  const { command } = await (COMMANDS[name] as Entry).load();
  if (args.includes('--help') || args.includes('-h')) return say(helpOf(command));
  try {
    return await command.run(parseCommandLine(command, args));
  } catch (error) {
    return explainError(name, error);
  }
}

async function explainError(name: string, error: unknown): Promise<number> {
  if (error instanceof UsageError) {
    return complain(`nsps-connector ${name}: ${visible(error.message)}\nTry "nsps-connector ${name} --help".`);
  }
  if (error instanceof PlainError) return complain(`nsps-connector ${name}: ${visible(error.message)}`, error.exitCode);
  if (error instanceof Error && 'faults' in error) {
    const { configFaults } = await import('./config-faults.ts');
    return complain(configFaults(name, error.faults as { name: string; message: string }[]), EXIT.config);
  }
  const stack = error instanceof Error ? error.stack : String(error);
  return complain(`nsps-connector ${name}: a fault of the program, please report it:\n${stack}`, EXIT.internal);
}

async function helpFor(name: string): Promise<string> {
  return helpOf((await (COMMANDS[name] as Entry).load()).command);
}

function overview(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  return [
    'Usage: nsps-connector <command> [options]',
    '',
    "Keeps a mobile network's HLR/HSS equal to PortaBilling: takes events from NSPS, provisions subscribers.",
    '',
    heading('Commands'),
    ...columns(commands),
    '',
    heading('Options'),
    ...columns([
      ['-h, --help', HELP_OPTION.help],
      ['-V, --version', 'Show the version.'],
    ]),
    '',
    'Settings come from the environment and from .env; "nsps-connector doctor" checks them.',
    'Every command has its own help: "nsps-connector serve --help".',
    '',
  ].join('\n');
}

function similar(name: string): string {
  const near = Object.keys(COMMANDS).find((known) => known.startsWith(name.slice(0, 2)) || known.includes(name));
  return near ? `; did you mean "${near}"?` : '';
}

function say(text: string): number {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return EXIT.ok;
}

function complain(text: string, exitCode: number = EXIT.usage): number {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  return exitCode;
}
