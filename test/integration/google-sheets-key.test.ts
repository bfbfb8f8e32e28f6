import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { anEvent } from '../helpers/events.ts';
import type { MemoryLog } from '../helpers/log.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { Program, TOKEN } from '../helpers/program.ts';
import { Sheets } from '../helpers/sheets.ts';

const keyFile = (sheets: Sheets) => sheets.env['GOOGLE_CREDENTIALS_PATH'] as string;
const count = (log: MemoryLog, message: string) => log.lines.filter((line) => line.message === message).length;
const RELOADED = 'Service account key reloaded';
const HELD_UP = 'Events cannot be recorded until this is mended';

/** The account gets a new key, and the file holds it. */
function putNewKey(sheets: Sheets): void {
  const { tokens, tokenUri } = sheets.simulator;
  tokens.addKey();
  tokens.writeKey(keyFile(sheets), tokenUri);
}

describe("a service account's new key", { concurrency: 4 }, () => {
  test('is taken when the file changes, and on SIGHUP; a file without one leaves the former in force', async () => {
    await using sheets = await Sheets.start();
    const settings = { HOST: '127.0.0.1', PORT: '0', API_TOKEN: TOKEN, ...sheets.env };
    await using program = new Program(['serve'], settings);
    const url = (await program.says(/"url":"([^"]+)"/))[1] as string;
    const record = async (event_id: string) => (await post(url, anEvent({ event_id }))).body.outcome;
    assert.equal(await record('e-1'), 'processed');

    writeFileSync(keyFile(sheets), '{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY----- cut o');
    program.signal('SIGHUP');
    await program.says(
      /"reason":"is not JSON[^"]*".*Service account key cannot be used; the former key stays in force/,
    );
    assert.equal(await record('e-2'), 'processed');
    rmSync(keyFile(sheets));
    program.signal('SIGHUP');
    await program.says(/"reason":"cannot be read: there is no such file or folder \(ENOENT\)".*cannot be used/);
    assert.equal(await record('e-3'), 'processed');

    putNewKey(sheets);
    await program.says(
      /"setting":"GOOGLE_CREDENTIALS_PATH".*"account":"[^"]+@emulator[^"]+".*Service account key reloaded/,
    );
    // Google forgets the former one, and all tokens: only the new key gets any.
    sheets.simulator.tokens.revoke();
    assert.equal(await record('e-4'), 'processed');
    assert.deepEqual(sheets.ids, ['e-1', 'e-2', 'e-3', 'e-4']);
    assert.doesNotMatch(program.stdout, /BEGIN|private_key"/);
  });

  test('is looked for when Google refuses the former one: nobody waits for it to be noticed', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, sheets.env);
    const record = async (event_id: string) => (await post(site.eventUrl, anEvent({ event_id }))).body.outcome;
    assert.equal(await record('e-1'), 'processed');
    const { tokens } = sheets.simulator;
    tokens.deleteKeys();
    tokens.revoke();
    putNewKey(sheets);
    assert.equal(await record('e-2'), 'processed');
    assert.deepEqual([count(site.log, RELOADED), count(site.log, HELD_UP)], [1, 0]);
  });

  test('comes after the former was refused: what was promised waits, and is recorded once it is there', async () => {
    await using sheets = await Sheets.start();
    await using site = await startApp(null, { ...sheets.env, DELIVERY: 'queued' });
    const { tokens } = sheets.simulator;
    tokens.deleteKeys();
    tokens.revoke();
    assert.equal((await post(site.eventUrl, anEvent())).body.outcome, 'queued');
    await site.log.heard(HELD_UP);
    putNewKey(sheets);
    await until('it is recorded', () => sheets.ids.includes('e-1'));
    assert.deepEqual([count(site.log, RELOADED), count(site.log, HELD_UP)], [1, 1]);
  });

  test('is not taken while Google refuses it: the former one goes on, which is said once', async () => {
    await using sheets = await Sheets.start();
    await using stranger = await Sheets.start();
    await using site = await startApp(null, sheets.env);
    const record = async (event_id: string) => (await post(site.eventUrl, anEvent({ event_id }))).body.outcome;
    assert.equal(await record('e-1'), 'processed');
    // Somebody else's key: to our account's Google it is no key at all.
    const { tokens, tokenUri } = sheets.simulator;
    stranger.simulator.tokens.writeKey(keyFile(sheets), tokenUri);
    tokens.revoke();
    assert.equal(await record('e-2'), 'processed');
    assert.equal(await record('e-3'), 'processed');
    const refused = 'Google refuses the new service account key; the former key stays in force';
    assert.deepEqual([count(site.log, refused), count(site.log, HELD_UP)], [1, 0]);
  });
});
