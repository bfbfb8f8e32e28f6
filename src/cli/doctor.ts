import { ConfigError } from '../config/faults.ts';
import { type Config, loadConfig, readEnvironment } from '../config/load.ts';
import { misspeltWords } from '../config/misspelt.ts';
import type { Secret } from '../config/secret.ts';
import { absentSecretFiles } from '../config/secret-files.ts';
import { systemClock } from '../observe/clock.ts';
import type { Finding } from '../ports/target.ts';
import { probeStore } from '../store/probe.ts';
import { probeTarget } from '../targets/registry.ts';
import { type Command, type CommandLine, columns, EXIT } from './command.ts';
import { Progress, QUIET_MS } from './progress.ts';
import { printable, styled, visible } from './wording.ts';

export const command: Command = {
  name: 'doctor',
  synopsis: '',
  about:
    'Checks what the connector needs, a line each: settings, strength of the tokens, the store, the way to the core,\n' +
    'and whether the core takes our token. It changes nothing: WTL is asked with an empty request, which names no\n' +
    'subscriber; osmo-hlr about a subscriber that nobody is.',
  options: { json: { type: 'boolean', help: 'Print the findings as JSON.' } },
  exits: { 1: 'something would keep the connector from working', 78: 'settings are wrong' },
  positionals: [0, 0],
  run: doctor,
};

async function doctor(line: CommandLine): Promise<number> {
  const { findings, exitCode } = await examine();
  process.stdout.write(line.flags['json'] ? `${visible(JSON.stringify(findings, null, 2))}\n` : readable(findings));
  return exitCode;
}

async function examine(): Promise<{ findings: Finding[]; exitCode: number }> {
  let config: Config;
  try {
    config = loadConfig(readEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = error.faults.map(({ name, message }): Finding => ({ verdict: 'fail', subject: name, message }));
    return { findings, exitCode: EXIT.config };
  }
  const findings = [...settingsFindings(config), ...tokenFindings(config), ...(await probe(config))];
  return { findings, exitCode: findings.some(({ verdict }) => verdict === 'fail') ? EXIT.failed : EXIT.ok };
}

/** Looks at what is elsewhere, and may not answer: whoever waits sees how much of it is still to come. */
async function probe(config: Config): Promise<Finding[]> {
  const progress = new Progress(2, { quietMs: QUIET_MS });
  const target = await probeTarget(config, systemClock);
  progress.advance();
  const store = await probeStore(config.settings);
  progress.clear();
  return [...target, store];
}

function settingsFindings(config: Config): Finding[] {
  const strangers = config.unknown.map(
    (name): Finding => ({
      verdict: 'warn',
      subject: name,
      message: misspeltWords(name),
    }),
  );
  const absent = absentSecretFiles(config).map(
    ({ setting, words }): Finding => ({ verdict: 'warn', subject: setting, message: words }),
  );
  return [{ verdict: 'ok', subject: 'settings', message: 'all settings can be read' }, ...strangers, ...absent];
}

/** 128 bits as hex, or a little less than that in base64: what nobody guesses. */
const LONG_ENOUGH = 20;

function tokenFindings({ settings }: Config): Finding[] {
  const { API_TOKEN: own, WTL_API_TOKEN: core, API_TOKEN_PREVIOUS: previous } = settings;
  const findings = [
    weakness('API_TOKEN', own),
    weakness('API_TOKEN_PREVIOUS', previous),
    weakness('ADMIN_TOKEN', settings.ADMIN_TOKEN),
    weakness('CONSOLE_TOKEN', settings.CONSOLE_TOKEN),
    weakness('METRICS_TOKEN', settings.METRICS_TOKEN),
  ].filter((finding) => finding !== null);
  if (own && core && own.reveal() === core.reveal()) {
    const message = 'is the same as WTL_API_TOKEN: whoever has one has both';
    findings.push({ verdict: 'warn', subject: 'API_TOKEN', message });
  }
  if (previous && previous.reveal() !== '') {
    const message = 'is still accepted: remove it once NSPS sends the new token';
    findings.push({ verdict: 'warn', subject: 'API_TOKEN_PREVIOUS', message });
  }
  return findings;
}

function weakness(subject: string, token: Secret | null): Finding | null {
  const text = token?.reveal() ?? '';
  if (text === '') return null;
  const strong = text.length >= LONG_ENOUGH && new Set(text).size >= 8;
  return strong
    ? { verdict: 'ok', subject, message: 'is long enough' }
    : { verdict: 'warn', subject, message: 'is easy to guess: take one from "openssl rand -hex 32"' };
}

const MARKS = { ok: ['green', '✔'], warn: ['yellow', '!'], fail: ['red', '✘'] } as const;

function readable(findings: readonly Finding[]): string {
  const rows = findings.map(({ verdict, subject, message }) => {
    const [colour, mark] = MARKS[verdict];
    return [`${styled(colour, mark)} ${printable(subject)}`, printable(message)] as const;
  });
  return `${columns(rows).join('\n')}\n`;
}
