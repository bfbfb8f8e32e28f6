import { type Environment, loadConfig, readEnvironment } from '../config/load.ts';
import type { Settings } from '../config/table.ts';
import { type Command, type CommandLine, EXIT, PlainError, UsageError, wholeNumber } from './command.ts';
import { readEventFiles, type SavedEvent } from './event-files.ts';
import { Poster, type PostResult } from './poster.ts';
import { Progress } from './progress.ts';
import { counted, jsonLine, printable, styled } from './wording.ts';

export const command: Command = {
  name: 'send',
  synopsis: '<file|folder>...',
  about:
    'Posts saved events to a connector as NSPS does: bearer token (API_TOKEN), both trace headers, and the same event\n' +
    'again, more and more slowly, while the answer may change (408, 429, 5xx, no connection). A file holds one event, a\n' +
    'list, or one a line; "-" is standard input. With one connection the order of the files is kept.',
  options: {
    url: {
      type: 'string',
      short: 'u',
      value: 'url',
      help: 'Where to; absent: by HOST, PORT and EVENT_PATH.',
    },
    concurrency: { type: 'string', short: 'c', default: '1', value: 'number', help: 'Events at a time.' },
    retries: {
      type: 'string',
      short: 'r',
      default: '5',
      value: 'number',
      help: 'Repeats of an event that was not taken.',
    },
    json: { type: 'boolean', help: 'Print one JSON object an event.' },
    verbose: { type: 'boolean', short: 'v', help: 'Print every answer, also when there are more than 20 events.' },
  },
  exits: {
    1: 'the connector did not take every event',
    66: 'a file cannot be read',
    69: 'the connector cannot be reached',
    78: 'API_TOKEN is missing or wrong',
  },
  positionals: [1, 10_000],
  run: send,
};

interface Sent extends PostResult {
  readonly source: string;
}

async function send(line: CommandLine): Promise<number> {
  const { settings } = loadConfig(ownSettings(readEnvironment()), { requireAll: false });
  const url = urlOf(line, settings);
  const concurrency = wholeNumber(line, 'concurrency', 1, 1000);
  const retries = wholeNumber(line, 'retries', 0, 1000);
  const token = tokenOf(settings);
  const events = await readEventFiles(line.positionals);
  const poster = new Poster({ url, token, retries, concurrency });
  try {
    return await sendAll(events, poster, concurrency, line);
  } finally {
    await poster.close();
  }
}

async function sendAll(
  events: readonly SavedEvent[],
  poster: Poster,
  concurrency: number,
  line: CommandLine,
): Promise<number> {
  const progress = new Progress(events.length);
  const showAll = events.length <= 20 || line.flags['verbose'];
  const results: Sent[] = [];
  const queue = events.values();
  const worker = async () => {
    for (const { source, json } of queue) {
      const result: Sent = { source, ...(await poster.post(json)) };
      results.push(result);
      if (line.flags['json'] || showAll || !isTaken(result)) {
        progress.clear();
        process.stdout.write(line.flags['json'] ? jsonLine(result) : `${lineOf(result)}\n`);
      }
      progress.advance();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  progress.clear();
  if (!line.flags['json']) process.stdout.write(summary(results));
  if (results.every(isTaken)) return EXIT.ok;
  return results.every(({ status }) => status === null) ? EXIT.unavailable : EXIT.failed;
}

function isTaken({ status }: PostResult): boolean {
  return status !== null && status < 300;
}

function lineOf({ source, status, body, attempts, durationMs }: Sent): string {
  const colour = status === null || status >= 500 ? 'red' : status >= 300 ? 'yellow' : 'green';
  const code = styled(colour, String(status ?? '---'));
  const said = body as { message?: string; error?: string } | string | null;
  const words = typeof said === 'string' ? said : [said?.message, said?.error].filter(Boolean).join(': ');
  const repeats = attempts > 1 ? `, ${attempts} attempts` : '';
  return `${code}  ${source}  ${printable(words)}  (${Math.round(durationMs)} ms${repeats})`;
}

function summary(results: readonly Sent[]): string {
  const counts = Map.groupBy(results, ({ status, body }) => {
    const outcome = (body as { outcome?: string } | null)?.outcome;
    return outcome ?? (status === null ? 'no answer' : String(status));
  });
  const parts = [...counts].map(([outcome, { length }]) => `${length} ${printable(String(outcome))}`);
  return `${counted(results.length, 'event')}: ${parts.join(', ')}\n`;
}

function urlOf(line: CommandLine, settings: Settings): string {
  const text = line.values['url'];
  if (text === undefined) return ownUrl(settings);
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return url.href;
  throw new UsageError(`--url must be an http:// or https:// URL, not "${text}"`);
}

/** Where a connector with these settings takes events. */
function ownUrl({ HOST, PORT, EVENT_PATH }: Settings): string {
  if (PORT === 0) throw new UsageError('PORT=0 takes a free port, which nobody knows here: give --url');
  const host = HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}${EVENT_PATH}`;
}

function tokenOf({ API_TOKEN: token }: Settings): string {
  if (token) return token.reveal();
  throw new PlainError('API_TOKEN is not set: export the token that the connector expects', EXIT.config);
}

/** The other settings are the connector's, not ours: they may be absent or wrong here. */
function ownSettings(environment: Environment): Environment {
  const names = ['API_TOKEN', 'API_TOKEN_FILE', 'HOST', 'PORT', 'EVENT_PATH'];
  return Object.fromEntries(names.map((name) => [name, environment[name]]));
}
