import { type DestinationStream, pino } from 'pino';
import type { Secret } from '../config/secret.ts';
import type { Settings } from '../config/table.ts';
import type { LogFields, Logger } from '../ports/runtime.ts';
import { maskFields, maskText } from './mask.ts';
import { openStdout } from './stdout.ts';

const LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' } as const;

/** pino's words → the Python connector's, which log searches already know. */
const LEVEL_WORDS: Readonly<Record<string, string>> = { warn: 'warning', fatal: 'critical' };

/** A shorter secret would blot out ordinary words; `doctor` calls it easy to guess. */
const SHORTEST_HIDDEN = 6;

export interface OpenLog {
  readonly log: Logger;
  /** Takes no more lines; resolves when what was logged is written, or after `ms`. */
  end(ms: number): Promise<void>;
}

type LogSettings = Pick<Settings, 'LOG_LEVEL' | 'LOG_PII' | 'DEBUG'>;

/**
 * Opens the log: JSON lines on stdout, or readable ones on a terminal with `DEBUG=true`.
 * @param secrets must never appear in a line, whatever text they come in.
 */
export async function openLog(settings: LogSettings, secrets: readonly Secret[]): Promise<OpenLog> {
  if (settings.DEBUG && process.stdout.isTTY) {
    return { log: createLogger(settings, secrets, await readableStream(), {}), end: async () => {} };
  }
  const output = openStdout();
  return { log: createLogger(settings, secrets, output), end: output.end };
}

async function readableStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    colorize: !process.env['NO_COLOR'],
    destination: 1,
    messageKey: 'message',
    timestampKey: 'time',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: ['err'],
    sync: true,
  });
}

/** A logger on any stream. */
export function createLogger(
  settings: Pick<LogSettings, 'LOG_LEVEL' | 'LOG_PII'>,
  secrets: readonly Secret[],
  stream: DestinationStream,
  levelWords = LEVEL_WORDS,
): Logger {
  const hide = secretHider(secrets);
  const logger = pino(
    {
      level: LEVELS[settings.LOG_LEVEL],
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: levelWords[label] ?? label }) },
      hooks: { streamWrite: hide },
    },
    stream,
  );
  // Secrets are hidden first: masked digits would make one unrecognisable, and leave the rest of it readable.
  const mask = (text: string) => maskText(hide(text));
  const masked = settings.LOG_PII === 'mask';
  const fieldsOf = masked ? (fields: LogFields) => maskFields(fields, mask) : (fields: LogFields) => fields;
  const textOf = masked ? mask : (text: string) => text;
  // One of these is written for every event. Taking the fields one by one, as pino must, made an event a fifth dearer.
  const line = (label: 'debug' | 'info' | 'warn') => {
    if (!logger.isLevelEnabled(label)) return () => {};
    const level = levelWords[label] ?? label;
    return (fields: LogFields, message: string) => {
      const time = new Date().toISOString();
      stream.write(`${hide(JSON.stringify({ level, time, ...fieldsOf(fields), message: textOf(message) }))}\n`);
    };
  };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: (fields, message) => logger.error(fieldsOf(fields), textOf(message)),
    debugEnabled: logger.isLevelEnabled('debug'),
  };
}

/** The last line of defence: what a foreign text (the core's words, a library's error) may have carried in. */
function secretHider(secrets: readonly Secret[]): (text: string) => string {
  let known = '';
  let written: readonly string[] = [];
  return (text) => {
    const values = secrets.map((secret) => secret.reveal());
    if (values.join('\n') !== known) {
      known = values.join('\n');
      const hidden = values.filter((value) => value.length >= SHORTEST_HIDDEN);
      // As it is, and as it looks inside JSON.
      written = [...new Set(hidden.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]))];
    }
    return written.reduce(
      (safe, secret) => (safe.includes(secret) ? safe.replaceAll(secret, '[redacted]') : safe),
      text,
    );
  };
}
