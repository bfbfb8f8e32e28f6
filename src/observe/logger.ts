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

/** A log, and how it ends. */
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
  const stream = pretty({
    colorize: !process.env['NO_COLOR'],
    destination: 1,
    messageKey: 'message',
    timestampKey: 'time',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: ['err'],
    sync: true,
  });
  // Words of others: what JSON leaves as it is may move the cursor, or write from right to left.
  return { write: (line) => stream.write(line.replace(/[\u007f-\u009f]|\p{Cf}/gu, '\ufffd')) };
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
  const shown = shownOf(settings.LOG_PII === 'mask', hide);
  const write = (line: string) => void stream.write(`${hide(line)}\n`);
  const line = (label: 'debug' | 'info' | 'warn') =>
    logger.isLevelEnabled(label) ? lineWriter(levelWords[label] ?? label, shown, write) : () => {};
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: (fields, message) => logger.error(shown.fields(fields), shown.text(message)),
    debugEnabled: logger.isLevelEnabled('debug'),
  };
}

/** What is shown of a line: IMSIs and numbers, or not (`LOG_PII`). */
interface Shown {
  fields(fields: LogFields): LogFields;
  text(text: string): string;
}

function shownOf(masked: boolean, hide: (text: string) => string): Shown {
  if (!masked) return { fields: (fields) => fields, text: (text) => text };
  // Secrets are hidden first: masked digits would make one unrecognisable, and leave the rest of it readable.
  const mask = (text: string) => maskText(hide(text));
  return { fields: (fields) => maskFields(fields, mask), text: mask };
}

/**
 * Writes lines of a level; one of them is written for every event. Taking the fields one by one, as pino must, made an event a
 * fifth dearer; a copy of them with the others was an eighth of the memory that an event took.
 */
function lineWriter(level: string, shown: Shown, write: (line: string) => void) {
  return (fields: LogFields, message: string): void => {
    const told = JSON.stringify(shown.fields(fields)).slice(1, -1);
    const words = JSON.stringify(shown.text(message));
    write(`{"level":"${level}","time":"${isoTime()}",${told}${told === '' ? '' : ','}"message":${words}}`);
  };
}

/** The last line of defence: what a foreign text (the core's words, a library's error) may have carried in. */
function secretHider(secrets: readonly Secret[]): (text: string) => string {
  let known: readonly string[] = [];
  let written: readonly string[] = [];
  return (text) => {
    // A secret is the same string until it is read again.
    if (known.length !== secrets.length || secrets.some((secret, index) => secret.reveal() !== known[index])) {
      known = secrets.map((secret) => secret.reveal());
      const hidden = known.filter((value) => value.length >= SHORTEST_HIDDEN);
      // As it is, and as it looks inside JSON.
      written = [...new Set(hidden.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]))];
    }
    let safe = text;
    for (const secret of written) if (safe.includes(secret)) safe = safe.replaceAll(secret, '[redacted]');
    return safe;
  };
}

let isoAt = Number.NaN;
let iso = '';

/** The wall clock in ISO 8601; many lines share a millisecond, and writing it out costs half of a line. */
function isoTime(): string {
  const now = Date.now();
  if (now !== isoAt) [isoAt, iso] = [now, new Date(now).toISOString()];
  return iso;
}
