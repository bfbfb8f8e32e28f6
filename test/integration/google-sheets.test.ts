import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ConfigError } from '../../src/config/faults.ts';
import { startApp } from '../helpers/app.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { listening } from '../helpers/ports.ts';
import { Sheets } from '../helpers/sheets.ts';

const TITLES = ['event_id', 'created_at', 'i_account', 'bill_status (billing_model)', 'i_sim_card', 'imsi'];

function eventOf(id: string, more: Parameters<typeof anEvent>[0] = {}) {
  return anEvent({
    event_id: id,
    created_at: '2026-01-15T10:00:00.000001+00:00',
    account_info: { bill_status: 'open', billing_model: 'credit_account', i_account: 277147 },
    sim_info: { imsi: '001010000020349', i_sim_card: 3793 },
    ...more,
  });
}

/** The first append is answered with a page, and reaches the sheet two seconds later. */
async function pageFirst(url: string) {
  const { promise: forwarded, resolve } = Promise.withResolvers<void>();
  let appends = 0;
  const server = await listening(
    createServer(async (request, response) => {
      const { method = '', headers } = request;
      const body = method === 'GET' ? null : await text(request);
      const path = `${url}${request.url}`;
      const late = path.includes(':append') && appends++ === 0;
      if (late) response.writeHead(503, { 'content-type': 'text/html' }).end('<html>Error 503</html>');
      if (late) await setTimeout(2_000);
      const { authorization = '' } = headers;
      const answer = await fetch(path, {
        method,
        body,
        headers: { authorization, 'content-type': 'application/json' },
      });
      const told = await answer.text();
      if (late) resolve();
      else response.writeHead(answer.status).end(told);
    }),
  );
  return Object.assign(server, { forwarded });
}

// Mostly waiting for the pace that Google asks for: together they take as long as the longest.
describe('google-sheets', { concurrency: 8 }, () => {
  test('an event becomes a row of text under the header that PortaOne describes', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, sheets.env);
    const answer = await post(site.eventUrl, eventOf('e-1'));
    assert.deepEqual([answer.status, answer.body.outcome], [202, 'processed']);
    const row = [
      'e-1',
      '2026-01-15T10:00:00.000001+00:00',
      '277147',
      'open (credit_account)',
      '3793',
      '001010000020349',
    ];
    assert.deepEqual(sheets.simulator.grid.rows, [TITLES, row]);
  });

  test('an event that comes again is recorded once, and answered as it stands', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, sheets.env);
    await post(site.eventUrl, eventOf('e-1'));
    const again = await post(site.eventUrl, eventOf('e-1'));
    assert.deepEqual([again.status, again.body.outcome], [202, 'processed']);
    assert.deepEqual(sheets.ids, ['e-1']);
  });

  test('queued: answered at once, recorded in the order in which it came, many in a write', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, DELIVERY: 'queued' });
    const ids = Array.from({ length: 40 }, (_, index) => `e-${index}`);
    for (const id of ids) assert.equal((await post(site.eventUrl, eventOf(id))).body.outcome, 'queued');
    await until('all are recorded', () => sheets.rows.length === ids.length);
    assert.deepEqual(sheets.ids, ids);
  });

  test('other types are ignored, unless they are mapped; no rule of a subscriber is asked', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, EVENT_ACTIONS: 'SIM/Created=insert' });
    const ignored = await post(site.eventUrl, eventOf('e-1', { event_type: 'SIM/Replaced' }));
    assert.equal(ignored.body.outcome, 'ignored');
    const bare = { event_id: 'e-2', data: { event_type: 'SIM/Created' } };
    assert.equal((await post(site.eventUrl, bare)).body.outcome, 'processed');
    assert.deepEqual(sheets.rows, [['e-2', '', '', '', '', '']]);
  });

  for (const as of ['late', 'refuse', 503, 500, 502, 429, 401, 'garbage'] as const) {
    test(`one append fails with ${as}: the row is there once`, async () => {
      await using sheets = await Sheets.start();
      await using site = await startApp(null, { ...sheets.env, GOOGLE_HTTP_REQUESTS_TIMEOUT: '0.3' });
      await post(site.eventUrl, eventOf('e-0'));
      sheets.simulator.setFaults({ script: [{ as }], late_ms: 400 });
      assert.equal((await post(site.eventUrl, eventOf('e-1'))).status, 202);
      await until('it is known to be recorded', async () => {
        return (await post(site.eventUrl, eventOf('e-1'))).body.outcome === 'processed';
      });
      assert.deepEqual(sheets.ids, ['e-0', 'e-1']);
    });
  }

  test('people sort and delete rows while it is not known what came of a write: the whole column is read', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, DELIVERY: 'queued' });
    for (const id of ['e-1', 'e-2', 'e-3']) await post(site.eventUrl, eventOf(id));
    await until('they are recorded', () => sheets.rows.length === 3);
    sheets.simulator.setFaults({ script: [{ as: 'cut' }, { as: 503, times: 2 }] });
    await post(site.eventUrl, eventOf('e-0'));
    await until('it is there', () => sheets.rows.length === 4);
    const { grid } = sheets.simulator;
    grid.rows = [grid.rows[0] as string[], ...grid.rows.slice(1).sort()].filter(([id]) => id !== 'e-3');
    await post(site.eventUrl, eventOf('e-4'));
    await until('the next one is recorded', () => sheets.ids.includes('e-4'));
    assert.deepEqual(sheets.ids, ['e-0', 'e-1', 'e-2', 'e-4']);
  });

  test('a row that Google refuses does not keep others: it is a dead letter, in its words', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, DELIVERY: 'queued' });
    // The emulator refuses what real rows never hold: the cell that the connector would not send.
    const refuse = sheets.simulator.grid.append.bind(sheets.simulator.grid);
    sheets.simulator.grid.append = (range, values) => {
      const bad = values.some(([id]) => id === 'bad');
      return refuse(range, bad ? [['x'.repeat(50_001)]] : values);
    };
    for (const id of ['e-1', 'e-2', 'bad', 'e-3']) await post(site.eventUrl, eventOf(id));
    await until('the others are recorded', () => sheets.rows.length === 3);
    assert.deepEqual(sheets.ids, ['e-1', 'e-2', 'e-3']);
    await site.log.heard('Event refused: it is not recorded');
    const line = site.log.lines.find(({ message }) => message === 'Event refused: it is not recorded');
    assert.equal(line?.fields['event_id'], 'bad');
    assert.match(String(line?.fields['error']), /maximum of 50000 characters/);
  });

  test('nor does a row that somebody on the way finds too large', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, DELIVERY: 'queued' });
    const { grid } = sheets.simulator;
    const append = grid.append.bind(grid);
    grid.append = (range, values) => {
      if (!values.some(([id]) => id === 'large')) return append(range, values);
      throw Object.assign(new Error('Request Entity Too Large'), { statusCode: 413 });
    };
    for (const id of ['e-1', 'large', 'e-2']) await post(site.eventUrl, eventOf(id));
    await until('the others are recorded', () => sheets.rows.length === 2);
    assert.deepEqual(sheets.ids, ['e-1', 'e-2']);
  });

  test('a page of 503 is not the word of whoever may still be appending: it is waited for', async () => {
    await using sheets = await Sheets.start();
    await using proxy = await pageFirst(sheets.env['GOOGLE_SHEETS_API_URL'] as string);
    await using site = await startApp(null, {
      ...sheets.env,
      DELIVERY: 'queued',
      GOOGLE_SHEETS_API_URL: `http://127.0.0.1:${proxy.port}`,
      SETTLE_AFTER: '20',
    });
    await post(site.eventUrl, eventOf('e-1'));
    await proxy.forwarded;
    await post(site.eventUrl, eventOf('e-2'));
    await until('the next one is recorded', () => sheets.ids.includes('e-2'));
    assert.deepEqual(sheets.ids, ['e-1', 'e-2']);
  });

  test('a sheet that people emptied holds no rows without their header: that is said at once', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, DELIVERY: 'queued' });
    await post(site.eventUrl, eventOf('e-1'));
    await until('it is recorded', () => sheets.ids.length === 1);
    sheets.simulator.grid.rows = [];
    await post(site.eventUrl, eventOf('e-2'));
    await site.log.heard('Events cannot be recorded until this is mended');
    const line = site.log.lines.find(({ message }) => message.startsWith('Events cannot be recorded'));
    assert.match(String(line?.fields['error']), /first row is e-2 \|.*, and must be event_id \|/);
    await post(site.eventUrl, eventOf('e-3'));
    sheets.simulator.grid.rows = [];
    await until('all goes on below a header', () => sheets.ids.includes('e-3'));
    assert.deepEqual(sheets.simulator.grid.rows[0], TITLES);
  });

  test('a spreadsheet that is not there: NSPS is told, and keeps the event; once it is there, all goes on', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, sheets.env);
    await post(site.eventUrl, eventOf('e-1'));
    sheets.simulator.setFaults({ error_rate: 1, error_as: 404 });
    const waited = await post(site.eventUrl, eventOf('e-2'));
    assert.deepEqual([waited.status, waited.body.message], [404, 'Resource not found']);
    assert.match(waited.body.error, /^Resource not found: /);
    const known = await post(site.eventUrl, eventOf('e-3'));
    assert.equal(known.status, 404);
    assert.equal((await post(site.eventUrl, eventOf('e-1'))).body.outcome, 'processed', 'what is recorded stays so');
    sheets.simulator.setFaults({});
    await site.log.heard('Events can be recorded again');
    assert.deepEqual(sheets.ids, ['e-1'], 'what NSPS was told has failed is its own');
    assert.equal((await post(site.eventUrl, eventOf('e-3'))).body.outcome, 'processed');
    assert.deepEqual(sheets.ids, ['e-1', 'e-3']);
    assert.equal(site.log.lines.filter(({ message }) => message.startsWith('Events cannot be recorded')).length, 1);
  });

  test('what may be there already is not given back to NSPS, though nothing can be read any more', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, GOOGLE_HTTP_REQUESTS_TIMEOUT: '2' });
    const outcomeOf = async (id: string) => (await post(site.eventUrl, eventOf(id))).body.outcome;
    await until('the first is known to be recorded', async () => (await outcomeOf('e-1')) === 'processed');
    sheets.simulator.setFaults({ script: [{ as: 'cut' }], error_rate: 1, error_as: 404 });
    assert.equal(await outcomeOf('e-2'), 'queued');
    await site.log.heard('Events cannot be recorded until this is mended');
    sheets.simulator.setFaults({});
    await site.log.heard('Events can be recorded again');
    await until('it is known to be recorded', async () => (await outcomeOf('e-2')) === 'processed');
    assert.deepEqual(sheets.ids, ['e-1', 'e-2']);
  });

  test('a key that is not taken any more holds up what was promised, and loses none of it', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, DELIVERY: 'queued' });
    sheets.simulator.setFaults({ error_rate: 1, error_as: 403 });
    assert.equal((await post(site.eventUrl, eventOf('e-1'))).body.outcome, 'queued');
    await site.log.heard('Events cannot be recorded until this is mended');
    sheets.simulator.setFaults({});
    await until('it is recorded', () => sheets.ids.includes('e-1'));
  });

  test('another header keeps it from starting, and both are named', async () => {
    await using sheets = await Sheets.start();
    sheets.simulator.grid.rows = [['Date', 'Name']];
    await assert.rejects(startApp(null, sheets.env), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.faults[0]?.message ?? '', /first row is Date \| Name, and must be event_id \| created_at/);
      return true;
    });
  });

  test('what does not fit together in the settings is said before anything starts', async () => {
    await using sheets = await Sheets.start();
    const faultsOf = async (env: Record<string, string>) => {
      const error = await startApp(null, { ...sheets.env, ...env }).catch((fault: unknown) => fault);
      assert.ok(error instanceof ConfigError);
      return error.faults.map(({ name, message }) => `${name} ${message}`).join('; ');
    };
    assert.match(await faultsOf({ RANGE: 'A:E' }), /^RANGE must have 6 columns, such as A:F/);
    assert.match(await faultsOf({ STORE_URL: 'postgres://u:secret@h/db' }), /^STORE_URL must be sqlite:.*one writer/);
    assert.match(await faultsOf({ SHEET_COLUMNS: 'imsi={a' }), /^SHEET_COLUMNS must be a list/);
    const bad = join(sheets.folder, 'bad.json');
    await writeFile(bad, '{"type":"service_account","client_email":"a@b","private_key":"secret"}');
    assert.match(await faultsOf({ GOOGLE_CREDENTIALS_PATH: bad }), /has no RSA key in "private_key"/);
    assert.doesNotMatch(await faultsOf({ GOOGLE_CREDENTIALS_PATH: bad }), /secret/);
  });

  test('columns of its own, elsewhere in the sheet; formulas stay text', async () => {
    await using sheets = await Sheets.start({ sheet: "It's mine" });
    await using site = await startApp(null, {
      ...sheets.env,
      SHEET_NAME: "It's mine",
      SHEET_COLUMNS: 'Name=pb_data.account_info.firstname,Who={data.event_type} of {handler_id|event_id}',
      RANGE: 'C:E',
    });
    await post(site.eventUrl, eventOf('e-1', { account_info: { firstname: '=1+1' } }));
    assert.deepEqual(sheets.simulator.grid.rows, [
      ['', '', 'event_id', 'Name', 'Who'],
      ['', '', 'e-1', '=1+1', 'SIM/Updated of e-1'],
    ]);
  });
});
