import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { OsmoHlr } from '../../sim/osmo-hlr.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { skip } from '../helpers/osmo.ts';
import { OsmoStandIn } from '../helpers/osmo-stand-in.ts';
import { Program, run, TOKEN } from '../helpers/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsps-osmo-'));
after(() => rmSync(folder, { recursive: true }));

function saved(event: unknown): string {
  const file = join(folder, 'event.json');
  writeFileSync(file, JSON.stringify(event));
  return file;
}

describe('demo --target osmo-hlr', () => {
  test('plays on a daemon of its own, and leaves none behind', { skip }, async () => {
    await using demo = new Program(['demo', '--target', 'osmo-hlr'], { PORT: '0' });
    await demo.says(/Ctrl-C ends it/);
    assert.match(demo.stdout, /001010000000003 +network access cs\+ps +79123456709/);
    const [, host = '', port] = demo.stdout.match(/osmo-hlr on (\S+): control interface (\d+)/) ?? [];
    demo.signal('SIGINT');
    assert.equal((await demo.exited).code, 0);
    const settings = { TARGET: 'osmo-hlr', API_TOKEN: TOKEN, OSMO_HLR_HOST: host, OSMO_HLR_CTRL_PORT: port as string };
    const { stdout } = await run(['doctor'], settings);
    assert.match(stdout, /✘ control interface +.*Connection refused/);
  });
  test('says what to install where there is none', async () => {
    const { code, stderr } = await run(['demo', '--target', 'osmo-hlr'], { PORT: '0', PATH: folder });
    assert.equal(code, 69);
    assert.match(stderr, /osmo-hlr is not installed here.*apt-get install osmo-hlr/);
  });
  test('knows no other', async () => {
    const { code, stderr } = await run(['demo', '--target', 'hss']);
    assert.equal(code, 2);
    assert.match(stderr, /--target must be one of wtl, osmo-hlr, google-sheets, not "hss"/);
  });
});

describe('TARGET=osmo-hlr', () => {
  test('serve needs no setting of WTL, and what is posted is provisioned', { skip }, async () => {
    await using hlr = await OsmoHlr.start();
    const env = { HOST: '127.0.0.1', PORT: '0', API_TOKEN: TOKEN, ...hlr.settings };
    await using connector = new Program(['serve'], env);
    const [, eventUrl = ''] = await connector.says(/"url":"([^"]+)"/);
    assert.equal((await post(eventUrl, anEvent())).status, 202);
    const expected = { imsi: '001010000020349', msisdn: '79123456789', nam_cs: 1, nam_ps: 1 };
    assert.deepEqual(hlr.subscribers(), [expected]);
  });
  test('doctor finds both interfaces', async () => {
    await using hlr = await OsmoStandIn.start();
    const ports = { OSMO_HLR_CTRL_PORT: String(hlr.ctrlPort), OSMO_HLR_VTY_PORT: String(hlr.vtyPort) };
    const env = { TARGET: 'osmo-hlr', API_TOKEN: TOKEN, ...ports };
    const good = await run(['doctor'], env);
    assert.equal(good.code, 0, good.stdout);
    assert.match(good.stdout, /✔ control interface +127\.0\.0\.1:\d+ answers, and can read its database/);
    assert.match(good.stdout, /✔ VTY +127\.0\.0\.1:\d+ answers, and takes commands/);
    assert.equal(hlr.rows.size, 0);
    hlr.greeting = 'Password: ';
    const closed = await run(['doctor'], env);
    assert.equal(closed.code, 1);
    assert.match(closed.stdout, /✘ VTY +.*put "no login" under "line vty"/);
    // The ports the other way round.
    const swapped = await run(['doctor'], { ...env, OSMO_HLR_CTRL_PORT: ports.OSMO_HLR_VTY_PORT });
    assert.match(
      swapped.stdout,
      /✘ control interface +.*not the control interface of osmo-hlr: Password.*OSMO_HLR_CTRL_PORT/,
    );
  });
  test('explain shows what would be said', async () => {
    const { code, stdout } = await run(['explain', saved(anEvent())], { TARGET: 'osmo-hlr' });
    assert.equal(code, 0);
    assert.match(stdout, /CTRL\+VTY osmo-hlr:\/\/127\.0\.0\.1:4259,4258/);
    assert.match(stdout, /ctrl: SET subscriber\.create 001010000020349/);
    assert.match(stdout, /vty: subscriber imsi 001010000020349 update network-access-mode cs\+ps/);
  });
});
