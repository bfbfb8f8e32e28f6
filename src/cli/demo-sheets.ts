import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SheetsSimulator } from '../../sim/google-sheets/sheets-simulator.ts';
import { App } from '../app.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { columns, EXIT, heading, PlainError } from './command.ts';
import { quietUntilToldOtherwise } from './demo-log.ts';
import { story } from './demo-story.ts';
import { listenFault } from './listen-fault.ts';
import { Poster } from './poster.ts';
import { stopSignals } from './signals.ts';

const HOST = '127.0.0.1';
const TOKEN = 'demo-token';

/** The demo with a sheet: events become rows, each once, however often it comes. */
export async function demoSheets(): Promise<number> {
  const stopped = stopSignals(() => process.exit(EXIT.failed));
  const folder = await mkdtemp(join(tmpdir(), 'nsps-demo-'));
  const sheets = new SheetsSimulator({ host: HOST, port: 0 });
  const url = await sheets.start();
  const end = async () => {
    await sheets.stop();
    await rm(folder, { recursive: true });
  };
  try {
    return await run(sheets, url, join(folder, 'key.json'), stopped);
  } finally {
    await end();
  }
}

async function run(sheets: SheetsSimulator, url: string, key: string, stopped: Promise<unknown>): Promise<number> {
  sheets.tokens.writeKey(key, sheets.tokenUri);
  const config = demoConfig(sheets, url, key);
  const log = quietUntilToldOtherwise(config);
  const app = new App(config, log);
  const own = await app.start().catch((error: unknown) => {
    throw new PlainError(listenFault(error, HOST, config.settings.PORT), EXIT.unavailable);
  });
  await play(`${own}/process-event`);
  process.stdout.write(`\n${heading('The sheet')}\n\n${table(sheets.grid.rows)}\n\n`);
  process.stdout.write(`${heading('Still running:')} connector ${own}/process-event   rows ${url}/rows\n`);
  process.stdout.write(`Authorization: Bearer ${TOKEN}. Ctrl-C ends it. Log lines of the connector follow.\n\n`);
  log.speak();
  await stopped;
  await app.stop();
  process.stdout.write('\nStopped.\n');
  return EXIT.ok;
}

/** Only the port is taken from outside: a demo must not touch a real sheet. */
function demoConfig(sheets: SheetsSimulator, url: string, key: string): Config {
  return loadConfig({
    HOST,
    PORT: process.env['PORT'] || '8000',
    APP_NAME: 'nsps-connector-demo',
    API_TOKEN: TOKEN,
    TARGET: 'google-sheets',
    GOOGLE_SHEETS_API_URL: url,
    GOOGLE_CREDENTIALS_PATH: key,
    SPREADSHEET_ID: sheets.spreadsheetId,
    STORE_URL: 'memory:',
  });
}

/** A write a second is what Google allows: events that are posted together share one. */
async function play(url: string): Promise<void> {
  const scenes = story();
  const poster = new Poster({ url, token: TOKEN, retries: 0, concurrency: scenes.length });
  process.stdout.write(`\n${heading('event → answer')}\n\n`);
  const results = await Promise.all(scenes.map(({ event }) => poster.post(JSON.stringify(event))));
  for (const [index, { title, event }] of scenes.entries()) {
    const { status, body } = results[index] as (typeof results)[number];
    const { message } = body as { message: string };
    process.stdout.write(`${title.padEnd(34)} ${event.data.event_type.padEnd(15)} → ${status} ${message}\n`);
  }
  await poster.close();
}

function table(rows: readonly (readonly string[])[]): string {
  return columns(rows.map(([id = '', ...cells]) => [id, cells.map((cell) => cell || '-').join(' | ')])).join('\n');
}
