import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { Program, run, serve, TOKEN } from '../helpers/program.ts';
import { Sheets } from '../helpers/sheets.ts';

const folder = await mkdtemp(join(tmpdir(), 'sheets-cli-'));
after(() => rm(folder, { recursive: true }));

/** As `nsps-connector simulate` prints them. */
async function simulated() {
  const key = join(folder, 'google-key.json');
  const program = new Program(['simulate', '--target', 'google-sheets', '--port', '0', '--key', key]);
  const [, url] = await program.says(/GOOGLE_SHEETS_API_URL=(\S+)[\s\S]*counters/);
  const settings = [...program.stdout.matchAll(/^ {2}(\w+)=(.+)$/gm)].map(([, name, value]) => [name, value]);
  const env = Object.fromEntries(settings) as Record<string, string>;
  return { env, url: url as string, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

describe('google-sheets, as an operator uses it', { concurrency: true }, () => {
  test('the simulator prints the settings of a connector, and the sheet can be looked into', async () => {
    await using sheet = await simulated();
    await using site = await serve('http://127.0.0.1:9', sheet.env);
    assert.equal((await post(site.eventUrl, anEvent())).body.outcome, 'processed');
    const rows = (await (await fetch(`${sheet.url}/rows`)).json()) as string[][];
    assert.deepEqual(
      rows.map(([id]) => id),
      ['event_id', 'e-1'],
    );
    const faults = {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"error_rate":1,"error_as":404}',
    };
    assert.equal((await fetch(`${sheet.url}/faults`, faults)).status, 200);
    assert.equal((await post(site.eventUrl, anEvent({ event_id: 'e-2' }))).status, 404);
  });

  test('doctor looks at key, token and sheet, and says what to do', async () => {
    await using sheets = await Sheets.start();
    const env = { ...sheets.env, API_TOKEN: TOKEN };
    const well = await run(['doctor'], env);
    assert.equal(well.code, 0, well.stdout);
    assert.match(well.stdout, /key +is that of nsps-connector@emulator/);
    assert.match(well.stdout, /token +\S+ gives one for the key/);
    assert.match(well.stdout, /sheet +Sheet1 is empty: its first row is written at the first start/);
    const wrong = await run(['doctor'], { ...env, SHEET_NAME: 'Other' });
    assert.deepEqual([wrong.code, /Unable to parse range.*check SHEET_NAME/.test(wrong.stdout)], [1, true]);
    sheets.simulator.grid.rows = [['Date']];
    assert.match((await run(['doctor'], env)).stdout, /another first row: Date; expected event_id \| created_at/);
    assert.doesNotMatch(well.stdout, /PRIVATE/);
  });

  test('another header ends serve with 78, and names both', async () => {
    await using sheets = await Sheets.start();
    sheets.simulator.grid.rows = [['Date']];
    const { code, stderr } = await run(['serve'], { ...sheets.env, API_TOKEN: TOKEN, PORT: '0' });
    assert.equal(code, 78);
    assert.match(
      stderr,
      /SHEET_COLUMNS +do not fit: the sheet's first row is Date, and must be event_id \| created_at/,
    );
  });

  test('explain shows the row; nothing of WTL is asked for', async () => {
    const file = join(folder, 'event.json');
    await writeFile(file, JSON.stringify(anEvent()));
    const { code, stdout } = await run(['explain', file], { TARGET: 'google-sheets', SPREADSHEET_ID: 'abc' });
    assert.equal(code, 0);
    assert.match(stdout, /Would be recorded, once:/);
    assert.match(stdout, /POST https:\/\/sheets.googleapis.com\/v4\/spreadsheets\/abc\/values\/'Sheet1'!A:F:append\?/);
    assert.match(stdout, /\{"values":\[\["e-1",/);
  });

  test('a dead letter is told, and recorded when it is replayed', async () => {
    await using sheets = await Sheets.start();
    const env = { ...sheets.env, DELIVERY: 'queued', STORE_URL: `sqlite:${join(folder, 'connector.db')}` };
    const { grid } = sheets.simulator;
    const append = grid.append.bind(grid);
    grid.append = (range) => append(range, [['x'.repeat(50_001)]]);
    await using site = await serve('http://127.0.0.1:9', env);
    await post(site.eventUrl, anEvent());
    await site.program.says(/Event refused: it is not recorded/);
    const listed = await run(['events'], env);
    assert.match(listed.stdout, /^0 events waiting; 1 dead letter:/);
    assert.match(listed.stdout, /dead +SIM\/Updated .* e-1 .*maximum of 50000 characters/);
    grid.append = append;
    const replayed = await run(['replay', '--dead'], env);
    assert.equal(replayed.code, 0, replayed.stdout + replayed.stderr);
    await until('it is there', () => sheets.ids.includes('e-1'));
    assert.match((await run(['replay', 'e-1'], env)).stdout, /recorded already/);
    assert.match((await run(['event', 'e-1'], env)).stdout, /append +done/);
  });

  test('demo: a life as rows', async () => {
    await using demo = new Program(['demo', '--target', 'google-sheets'], { PORT: '0' });
    await demo.says(/Ctrl-C ends it/);
    assert.match(demo.stdout, /event_id +created_at \| i_account/);
    assert.match(demo.stdout, /demo-01 +2026-01-15T10:01:01/);
    assert.match(demo.stdout, /Account\/Created +→ 202 Event ignored/);
    demo.signal('SIGTERM');
    assert.equal((await demo.exited).code, 0);
  });
});
