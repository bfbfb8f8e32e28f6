import { type DestinationStream, destination, pino } from 'pino';
import type { Secret } from '../config/secret.ts';
import type { Settings } from '../config/table.ts';
import type { LogFields, Logger } from '../ports/runtime.ts';
import { maskFields, maskText } from './mask.ts';

const LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' } as const;

/** pino's words → the Python connector's, which log searches already know. */
const LEVEL_WORDS: Readonly<Record<string, string>> = { warn: 'warning', fatal: 'critical' };

/** Unwritten lines kept at most (bytes) while whoever reads our output is slow; beyond it lines are lost, not memory. */
const MOST_UNWRITTEN = 16 * 1024 * 1024;

/** Shorter secrets would blot out ordinary words; such a token is refused by nobody, but `doctor` says what it is. */
const SHORTEST_HIDDEN = 6;

export interface LogSink {
  readonly log: Logger;
  /** Writes what is still waiting, now. */
  flush(): void;
}

type LogSettings = Pick<Settings, 'LOG_LEVEL' | 'LOG_PII' | 'DEBUG'>;

/**
 * Opens the log: JSON lines on stdout, or readable ones on a terminal with `DEBUG=true`.
 * @param secrets must never appear in a line, whatever text they come in.
 */
export async function openLog(settings: LogSettings, secrets: readonly Secret[]): Promise<LogSink> {
  const readable = settings.DEBUG && process.stdout.isTTY;
  const sink = destination({ fd: 1, sync: readable, maxLength: MOST_UNWRITTEN });
  const stream = readable ? await readableStream(sink) : sink;
  return { log: createLogger(settings, secrets, stream, readable ? {} : LEVEL_WORDS), flush: () => flushQuietly(sink) };
}

async function readableStream(sink: DestinationStream): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    colorize: !process.env['NO_COLOR'],
    destination: sink as unknown as NodeJS.WritableStream,
    messageKey: 'message',
    timestampKey: 'time',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: ['err'],
    sync: true,
  });
}

/** The stream may have failed for good (closed pipe, full disk): that must not keep us from ending. */
function flushQuietly(sink: { flushSync(): void }): void {
  try {
    sink.flushSync();
  } catch {}
}

/** A logger on any stream. */
export function createLogger(
  settings: Pick<LogSettings, 'LOG_LEVEL' | 'LOG_PII'>,
  secrets: readonly Secret[],
  stream: DestinationStream,
  levelWords = LEVEL_WORDS,
): Logger {
  const logger = pino(
    {
      level: LEVELS[settings.LOG_LEVEL],
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: levelWords[label] ?? label }) },
      hooks: { streamWrite: (line) => hideSecrets(line, secrets) },
    },
    stream,
  );
  const [fieldsOf, textOf] =
    settings.LOG_PII === 'mask' ? [maskFields, maskText] : [(fields: LogFields) => fields, (text: string) => text];
  return {
    debug: (fields, message) => logger.debug(fieldsOf(fields), textOf(message)),
    info: (fields, message) => logger.info(fieldsOf(fields), textOf(message)),
    warn: (fields, message) => logger.warn(fieldsOf(fields), textOf(message)),
    error: (fields, message) => logger.error(fieldsOf(fields), textOf(message)),
    debugEnabled: logger.isLevelEnabled('debug'),
  };
}

/** The last line of defence: what a foreign text (the core's words, a library's error) may have carried in. */
function hideSecrets(line: string, secrets: readonly Secret[]): string {
  let safe = line;
  for (const secret of secrets) {
    const escaped = JSON.stringify(secret.reveal()).slice(1, -1);
    if (escaped.length >= SHORTEST_HIDDEN && safe.includes(escaped)) safe = safe.replaceAll(escaped, '[redacted]');
  }
  return safe;
}
