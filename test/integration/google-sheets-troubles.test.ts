import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SheetsSimulator } from '../../sim/google-sheets/sheets-simulator.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/observe/clock.ts';
import { probeTarget } from '../../src/targets/registry.ts';
import { startApp } from '../helpers/app.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { freePort } from '../helpers/ports.ts';
import { CORE_TOKEN, TOKEN } from '../helpers/program.ts';
import { Sheets } from '../helpers/sheets.ts';

const HELD_UP = 'Events cannot be recorded until this is mended';
const ACCOUNT = 'nsps-connector@emulator.iam.gserviceaccount.com';

interface Trouble {
  readonly name: string;
  readonly env?: Record<string, string>;
  readonly begins?: (simulator: SheetsSimulator) => void;
  /** What the log, NSPS and `doctor` are told. */
  readonly words: RegExp;
  readonly status: number;
  /** `doctor` changes nothing, so it cannot know. */
  readonly hidden?: true;
}

const TROUBLES: readonly Trouble[] = [
  {
    name: 'another spreadsheet id',
    env: { SPREADSHEET_ID: 'nobody-knows-this-one' },
    words: /^Resource not found: Requested entity was not found: check SPREADSHEET_ID$/,
    status: 404,
  },
  {
    name: 'another tab',
    env: { SHEET_NAME: 'Sheet9' },
    words: /^Resource not found: Unable to parse range: 'Sheet9'!A1:F1: check SHEET_NAME, the name of the tab$/,
    status: 404,
  },
  {
    name: 'more columns than the sheet has',
    env: { RANGE: 'X:AC' },
    words: /^Resource not found: Range .* exceeds grid limits.*: the sheet has fewer columns than RANGE$/,
    status: 404,
  },
  {
    name: 'not shared',
    begins: (simulator) => {
      simulator.access = 'none';
    },
    words:
      /^Google answered 403: The caller does not have permission: share the spreadsheet with nsps-\S+ as an editor$/,
    status: 503,
  },
  {
    name: 'shared for reading only',
    begins: (simulator) => {
      simulator.access = 'reader';
    },
    words:
      /^Google answered 403: The caller does not have permission: share the spreadsheet with nsps-\S+ as an editor$/,
    status: 503,
    hidden: true,
  },
  {
    name: 'the key was deleted',
    begins: ({ tokens }) => tokens.deleteKeys(),
    words:
      /No token for the service account: Google answered 400: invalid_grant: Invalid JWT Signature: the key or its account was deleted, or is disabled; put a new key into GOOGLE_CREDENTIALS_PATH$/,
    status: 503,
  },
  {
    name: 'the clock is an hour fast',
    begins: ({ tokens }) => {
      tokens.aheadMs = -3_600_000;
    },
    words:
      /No token for the service account: Google answered 400: invalid_grant: Invalid JWT: .*: the clock here is 60 minutes fast; set it right$/,
    status: 503,
  },
  {
    name: 'the spreadsheet is full',
    begins: ({ grid }) => {
      grid.rows = [['event_id', 'created_at', 'i_account', 'bill_status (billing_model)', 'i_sim_card', 'imsi']];
      grid.mostCells = 26_000 - 1;
    },
    words:
      /^Google answered 400: .* above the limit of \d+ cells: the spreadsheet is full; take a new one \(SPREADSHEET_ID\)$/,
    status: 503,
    hidden: true,
  },
];

/** What `doctor` says of the target; the last line is the one it could not get beyond. */
async function probed(sheets: Sheets, env: Record<string, string>) {
  const config = loadConfig({
    API_TOKEN: TOKEN,
    WTL_API_TOKEN: CORE_TOKEN,
    STORE_URL: 'memory:',
    ...sheets.env,
    ...env,
  });
  return await probeTarget(config, systemClock);
}

describe('what an operator is told', { concurrency: 8 }, () => {
  for (const { name, env = {}, begins, words, status, hidden } of TROUBLES) {
    test(`${name}: the log, NSPS and doctor name it, and what to do`, async () => {
      await using sheets = await Sheets.start();
      begins?.(sheets.simulator);
      const found = (await probed(sheets, env)).at(-1);
      assert.equal(found?.verdict, hidden ? 'ok' : 'fail');
      if (!hidden) assert.match(found?.message.replace(/^http:\S+ /, '') ?? '', words);
      await using site = await startApp(null, { ...sheets.env, ...env });
      const answer = await post(site.eventUrl, anEvent());
      await site.log.heard(HELD_UP);
      const line = site.log.lines.find(({ message }) => message === HELD_UP);
      assert.match(String(line?.fields['error']), words);
      assert.deepEqual([answer.status, words.test(answer.body.error)], [status, true], answer.body.error);
      const ready = await fetch(new URL('/ready', site.url));
      assert.deepEqual([ready.status, await ready.text()].slice(0, 1), [200], 'NSPS is still answered, and truly');
    });
  }

  test('out of quota: nobody has to mend that; it is said as what it is, and goes on by itself', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, sheets.env);
    await post(site.eventUrl, anEvent({ event_id: 'e-0' }));
    sheets.simulator.setFaults({ script: [{ as: 429 }] });
    assert.equal((await post(site.eventUrl, anEvent())).body.outcome, 'processed');
    const line = site.log.lines.find(({ message }) => message === 'Events not recorded yet');
    assert.match(
      String(line?.fields['error']),
      /^Google answered 429: Quota exceeded for quota metric 'Write requests'/,
    );
    assert.equal(site.log.lines.filter(({ message }) => message === HELD_UP).length, 0);
  });

  test('who cannot be reached is named: tokens and sheets have hosts of their own', async () => {
    await using sheets = await Sheets.start();
    const nobody = `127.0.0.1:${await freePort()}`;
    const messages = await probed(sheets, { GOOGLE_SHEETS_API_URL: `http://${nobody}` });
    assert.deepEqual(messages.at(-1), {
      verdict: 'fail',
      subject: 'sheet',
      message: `Connection refused (${nobody})`,
    });
    const key = sheets.env['GOOGLE_CREDENTIALS_PATH'] as string;
    sheets.simulator.tokens.writeKey(key, `http://${nobody}/token`);
    await using site = await startApp(null, sheets.env);
    assert.equal((await post(site.eventUrl, anEvent())).body.outcome, 'queued');
    await site.log.heard('Events not recorded yet');
    const line = site.log.lines.find(({ message }) => message === 'Events not recorded yet');
    assert.equal(line?.fields['error'], `No token: Connection refused (${nobody})`);
  });

  test('a text that no cell can hold is cut, and says so in its cell', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, SHEET_COLUMNS: 'Name=pb_data.account_info.firstname' });
    const event = anEvent({ account_info: { firstname: 'ü'.repeat(60_000) } });
    assert.equal((await post(site.eventUrl, event)).body.outcome, 'processed');
    const cell = sheets.rows[0]?.[1] ?? '';
    assert.deepEqual([cell.length, cell.endsWith('ü… (cut)')], [50_000, true]);
  });

  test('a document that is no sheet keeps the header from being read: somebody has to mend that', async () => {
    await using sheets = await Sheets.start();
    const words = 'This operation is not supported for this document';
    sheets.simulator.grid.read = () => {
      throw Object.assign(new Error(words), { statusCode: 400 });
    };
    await using site = await startApp(null, sheets.env);
    const answer = await post(site.eventUrl, anEvent());
    await site.log.heard(HELD_UP);
    assert.deepEqual([answer.status, (await probed(sheets, {})).at(-1)?.verdict], [503, 'fail']);
    assert.match(answer.body.error, /not supported for this document: SPREADSHEET_ID names an Office file/);
  });

  test('the console is told that calls are held back, why, and when the next one goes; then that they go again', async () => {
    await using sheets = await Sheets.start();
    sheets.simulator.access = 'none';
    const env = { ...sheets.env, ADMIN_TOKEN: 'admin-token-0123456789', DELIVERY: 'queued' };
    await using site = await startApp(null, env);
    const circuit = async () => {
      const headers = { authorization: 'Bearer admin-token-0123456789' };
      const response = await fetch(new URL('/admin/v1/overview', site.url), { headers });
      return ((await response.json()) as { circuit: Record<string, unknown> }).circuit;
    };
    await post(site.eventUrl, anEvent());
    await site.log.heard(HELD_UP);
    const held = await circuit();
    assert.deepEqual([held['state'], typeof held['retryInMs']], ['open', 'number']);
    assert.match(String(held['fault']), new RegExp(`share the spreadsheet with ${ACCOUNT}`));
    sheets.simulator.access = 'editor';
    await site.log.heard('Events can be recorded again');
    assert.deepEqual(await circuit(), { state: 'closed', retryInMs: null, fault: null });
  });
});
