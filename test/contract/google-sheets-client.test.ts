import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auth, sheets, type sheets_v4 } from '@googleapis/sheets';
import { SheetsSimulator } from '../../sim/google-sheets/sheets-simulator.ts';
import { readServiceKey } from '../../src/config/google-key.ts';
import { systemClock } from '../../src/observe/clock.ts';
import { Tokens } from '../../src/targets/google-sheets/token.ts';

/** Google's own client at our emulator: what it makes of the answers keeps the emulator honest. */
async function open(options: { perMinute?: number } = {}) {
  const simulator = new SheetsSimulator({ port: 0, ...options });
  const rootUrl = `${await simulator.start()}/`;
  const key = readServiceKey(JSON.stringify(simulator.key));
  assert.ok(typeof key === 'object');
  // Its own way to a token is fixed to Google's address: it is given one that the emulator gave for a signed assertion.
  const token = await new Tokens(key, systemClock).get(5_000);
  assert.equal(token.kind, 'done');
  const client = new auth.OAuth2();
  client.setCredentials({ access_token: token.kind === 'done' ? token.value : '' });
  const api = sheets({ version: 'v4', auth: client, rootUrl, retry: false });
  const place = { spreadsheetId: simulator.spreadsheetId, range: 'Sheet1!A:C' };
  const append = async (
    values: string[][],
    more: Partial<sheets_v4.Params$Resource$Spreadsheets$Values$Append> = {},
  ) => {
    const how = { valueInputOption: 'RAW', insertDataOption: 'INSERT_ROWS' };
    return (await api.spreadsheets.values.append({ ...place, ...how, requestBody: { values }, ...more })).data;
  };
  return { simulator, api, place, append, [Symbol.asyncDispose]: () => simulator.stop() };
}

describe("Google's own client at the emulator", () => {
  test('appends rows, and reads them by rows and by columns', async () => {
    await using bench = await open();
    const { api, append, place } = bench;
    const first = await append([['id', 'a', 'b']]);
    assert.equal(first.updates?.updatedRange, 'Sheet1!A1:C1');
    const { updates } = await append([
      ['1', '001', '=1+1'],
      ['2', '', ''],
    ]);
    assert.deepEqual([updates?.updatedRange, updates?.updatedRows], ['Sheet1!A2:C3', 2]);
    const rows = await api.spreadsheets.values.get(place);
    assert.deepEqual(rows.data.values, [['id', 'a', 'b'], ['1', '001', '=1+1'], ['2']]);
    const ids = await api.spreadsheets.values.get({ ...place, range: 'Sheet1!A2:A', majorDimension: 'COLUMNS' });
    assert.deepEqual(ids.data.values, [['1', '2']]);
  });

  test('updates cells, and is told how large the sheet is', async () => {
    await using bench = await open();
    const { api, simulator, place } = bench;
    const { spreadsheetId } = place;
    await api.spreadsheets.values.update({
      spreadsheetId,
      range: 'Sheet1!A1:C1',
      valueInputOption: 'RAW',
      requestBody: { values: [['x', 'y', 'z']] },
    });
    assert.deepEqual(simulator.grid.rows, [['x', 'y', 'z']]);
    const { data } = await api.spreadsheets.get({
      spreadsheetId,
      fields: 'sheets.properties(title,gridProperties.rowCount)',
    });
    assert.equal(data.sheets?.[0]?.properties?.gridProperties?.rowCount, 1000);
  });

  test('hears what is wrong as Google says it', async () => {
    await using bench = await open();
    const { api, append, place, simulator } = bench;
    await assert.rejects(append([['x'.repeat(50_001)]]), { code: 400, message: /maximum of 50000 characters/ });
    await assert.rejects(append([['x']], { range: 'Other!A:C' }), {
      code: 400,
      message: 'Unable to parse range: Other!A:C',
    });
    await assert.rejects(append([['x']], { spreadsheetId: 'other' }), { code: 404, message: /was not found/ });
    await assert.rejects(api.spreadsheets.values.get({ ...place, range: 'Sheet1!A5000:A' }), {
      code: 400,
      message: /exceeds grid limits\. Max rows: 1000/,
    });
    simulator.tokens.revoke();
    await assert.rejects(append([['x']]), { code: 401 });
  });

  test('is told to slow down after so many writes a minute', async () => {
    await using bench = await open({ perMinute: 2 });
    const { append } = bench;
    await append([['1']]);
    await append([['2']]);
    await assert.rejects(append([['3']]), { code: 429, message: /^Quota exceeded for quota metric 'Write requests'/ });
  });

  test('an append that was applied and then cut looks like a failure, and the row exists', async () => {
    await using bench = await open();
    const { append, simulator } = bench;
    simulator.setFaults({ script: [{ as: 'cut' }] });
    await assert.rejects(append([['1']]));
    assert.deepEqual(simulator.grid.rows, [['1']]);
  });
});
