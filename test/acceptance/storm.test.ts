import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { NaiveConnector } from '../helpers/naive-connector.ts';
import { get } from '../helpers/nsps.ts';
import { Program, run, serve, TOKEN } from '../helpers/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'storm-test-'));
after(() => rmSync(folder, { recursive: true }));

/** The storm keeps its things below this folder, so that a test sees what is left. */
const env = { TMPDIR: folder };

const TINY = ['--subscribers', '8', '--changes', '4', '--seed', '3', '--time-scale', '0.0003', '--store', 'memory:'];
const CALM = [...TINY, '--faults', 'none'];

describe('storm', () => {
  test('starts a core and connectors, tells what it found, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await run(['storm', ...CALM], env);
    assert.deepEqual([code, stderr], [0, ''], stdout);
    assert.match(stdout, /^32 events, seed 3$/m);
    assert.match(stdout, /acknowledged +32 of 32 events/);
    for (const promise of ['acknowledged', 'converges', 'never backwards', 'one at a time', 'numbers']) {
      assert.match(stdout, new RegExp(`${promise} +✔`));
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  test('kills connectors that come back, and reports as JSON', async () => {
    const { code, stdout } = await run(['storm', ...CALM, '--kills', '2', '--json', '--keep', '--settle', '0.1'], env);
    const report = JSON.parse(stdout);
    assert.equal(code, report.ok ? 0 : 1);
    assert.deepEqual([report.acknowledged, report.kills], [32, 2]);
    const [kept] = readdirSync(folder) as [string];
    const log = readFileSync(join(folder, kept, 'connector-1.log'), 'utf8');
    assert.equal(log.match(/Connector started/g)?.length, 3);
    rmSync(join(folder, kept), { recursive: true });
  });

  test('has its connectors create and delete SIMs when it is told to, and says how to play that again', async () => {
    const { code, stdout } = await run(['storm', ...CALM, '--lives', 'full', '--known-only'], env);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /\(--seed 3 --lives full --known-only\)/);
  });

  test('has nothing to say when it is quiet and all is well', async () => {
    assert.deepEqual(await run(['storm', ...CALM, '--quiet'], env), { code: 0, stdout: '', stderr: '' });
  });

  test('takes connectors that run already', async () => {
    const { coreUrl, corePort } = await freeCorePort();
    await using connector = await serve(coreUrl);
    const where = ['--connector', connector.eventUrl, '--core-port', corePort, '--token', TOKEN];
    const { code, stdout } = await run(['storm', ...CALM, ...where], env);
    assert.equal(code, 0, stdout);
    assert.equal((await get(`${connector.url}/health`)).status, 200, 'it is left running');
  });

  test('shows what was broken, who is wrong in the core, and how that came', async () => {
    const { coreUrl, corePort } = await freeCorePort();
    await using connector = await NaiveConnector.start(coreUrl);
    const where = ['--connector', connector.eventUrl, '--core-port', corePort, '--settle', '0.1'];
    const { code, stdout } = await run(['storm', ...CALM, ...where, '-n', '40'], { ...env, API_TOKEN: TOKEN });
    assert.equal(code, 1);
    assert.match(stdout, /never backwards +✘ \d+ old states? sent/);
    assert.match(stdout, /Broken.*\n +\d+ ms \d{15} {2}change \d was sent when change \d had been applied/);
    assert.match(
      stdout,
      /Wrong in the core.*\n {2}\d{15} {2}expected .*\n +found .*\n +\d+ ms change \d .* applied at \d+ ms/,
    );
  });

  test('ends its connectors on Ctrl-C and also when it is killed', async () => {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      await using storm = new Program(['storm', ...CALM, '--keep', '--time-scale', '1'], env);
      await storm.says(/events, seed/);
      const url = await connectorUrl();
      storm.signal(signal);
      assert.equal((await storm.exited).code, signal === 'SIGINT' ? 1 : null);
      while (await get(`${url}/health`).catch(() => null)) await new Promise(setImmediate);
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    }
  });

  test('names what is wrong with its options, and with the settings of its connectors', async () => {
    for (const [option, value] of [
      ['--subscribers', '0'],
      ['--kills', 'x'],
      ['--time-scale', '0'],
      ['--settle', 'soon'],
      ['--seed', '-1'],
      ['--lives', 'nine'],
      ['--connector', 'nowhere'],
    ] as const) {
      const { code, stderr } = await run(['storm', `${option}=${value}`], env);
      assert.equal(code, 2);
      assert.ok(stderr.includes(option), stderr);
    }
    const url = 'http://127.0.0.1:1/process-event';
    assert.match((await run(['storm', '--connector', url])).stderr, /--token/);
    assert.match((await run(['storm', '--connector', url, '--kills', '1'])).stderr, /--kills/);
    assert.match((await run(['storm', '--known-only'])).stderr, /--known-only needs --lives full/);
    assert.equal((await run(['storm', '--faults', join(folder, 'absent')], env)).code, 66);
    const wrong = await run(['storm', '--store', 'nonsense'], env);
    assert.equal(wrong.code, 69);
    assert.match(wrong.stderr, /did not start[\s\S]*STORE_URL/);
    assert.deepEqual(readdirSync(folder), []);
  });
});

/** A core's port must be known before it listens: one is taken and given back. */
async function freeCorePort(): Promise<{ coreUrl: string; corePort: string }> {
  await using placeholder = new Program(['simulate', '--port', '0', '--quiet']);
  const [, coreUrl] = await placeholder.says(/(http:\S+v1)/);
  return { coreUrl: coreUrl as string, corePort: new URL(coreUrl as string).port };
}

/** The address of the storm's first connector, from its log. */
async function connectorUrl(): Promise<string> {
  for (;;) {
    const [name] = readdirSync(folder);
    const log = name ? read(join(folder, name, 'connector-1.log')) : '';
    const [, url] = /"url":"([^"]+)"/.exec(log) ?? [];
    if (url) return new URL(url).origin;
    await new Promise(setImmediate);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
