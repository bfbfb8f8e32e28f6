import { type ParseArgsOptionsConfig, parseArgs, styleText } from 'node:util';
import type { Kind } from '../config/kinds.ts';

/** Exit codes, after sysexits.h where it has one. */
export const EXIT = {
  ok: 0,
  /** The command worked; its answer is "no". */
  failed: 1,
  usage: 2,
  noInput: 66,
  unavailable: 69,
  internal: 70,
  ioError: 74,
  config: 78,
  // As a shell tells of a program that SIGPIPE ended.
  unread: 141,
} as const;

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly default?: string | boolean;
  /** How the value is called in the help: `--port <number>`. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandLine {
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, boolean>>;
  readonly values: Readonly<Record<string, string | undefined>>;
}

/** One command: what its help says, and what it does. */
export interface Command {
  readonly name: string;
  /** After the command's name in the usage line. */
  readonly synopsis: string;
  readonly about: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Lines about exit codes that are its own. */
  readonly exits: Readonly<Record<number, string>>;
  /** How many positional arguments there may be. */
  readonly positionals: readonly [least: number, most: number];
  run(line: CommandLine): Promise<number>;
}

/** Wrong use: is printed with a pointer to the help, and exits with 2. */
export class UsageError extends Error {}

/** Something a person can mend outside the program: is printed as it is, without a stack. */
export class PlainError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @throws UsageError naming what is wrong. */
export function parseCommandLine(command: Command, args: readonly string[]): CommandLine {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { type, short, default: fallback }]) => [
      name,
      { type, ...(short && { short }), ...(fallback !== undefined && { default: fallback }) },
    ]),
  ) as ParseArgsOptionsConfig;
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
  const [least, most] = command.positionals;
  if (parsed.positionals.length < least) throw new UsageError(`missing argument: ${command.synopsis}`);
  if (parsed.positionals.length > most) {
    throw new UsageError(`unexpected argument: ${parsed.positionals[most]}`);
  }
  const entries = Object.entries(parsed.values);
  return {
    positionals: parsed.positionals,
    flags: Object.fromEntries(entries.filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean')),
    values: Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
  };
}

/** Reads an option that is a whole number. @throws UsageError */
export function wholeNumber(line: CommandLine, name: string, min: number, max: number): number {
  const text = line.values[name] ?? '';
  const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`);
}

/** Reads an option that is of a kind of setting; what may hold a secret is not repeated. @throws UsageError */
export function optionOf<T>(kind: Kind<T>, name: string, text: string): T {
  try {
    return kind.parse(text);
  } catch {
    const found = kind.mayHideSecret?.(text) ? '' : `, not "${text}"`;
    throw new UsageError(`--${name} must be ${kind.expected}${found}`);
  }
}

/** What `--help` prints, with the end of its last line. */
export function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.options, help: HELP_OPTION }).map(([name, option]) => {
    const short = option.short ? `-${option.short}, ` : '    ';
    const value = option.type === 'string' ? ` <${option.value ?? 'text'}>` : '';
    const fallback = typeof option.default === 'string' ? ` [${option.default}]` : '';
    return [`${short}--${name}${value}`, `${option.help}${fallback}`] as const;
  });
  const exits = Object.entries({ 0: 'success', ...command.exits, 2: 'wrong use' });
  return [
    `Usage: nsps-connector ${command.name}${command.synopsis && ` ${command.synopsis}`} [options]`,
    '',
    command.about,
    '',
    heading('Options'),
    ...columns(rows),
    '',
    heading('Exit codes'),
    ...columns(exits),
    '',
  ].join('\n');
}

export const HELP_OPTION: Option = { type: 'boolean', short: 'h', help: 'Show this help.' };

/** In bold, where standard output is a terminal that shows it. */
export function heading(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

/** Two columns, the first as wide as its widest cell. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
