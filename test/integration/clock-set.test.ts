import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { serve } from '../helpers/program.ts';

const PRELOADED = fileURLToPath(new URL('../fixtures/clock-of-a-file.mjs', import.meta.url));

test("an operator is told when the machine's clock was set, and by how much", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nsps-clock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'set-by');
  writeFileSync(file, '0');
  const core = await CoreStub.start();
  t.after(() => core.stop());
  const settings = { NODE_OPTIONS: `--import=${PRELOADED}`, CLOCK_SET_BY_FILE: file };
  await using connector = await serve(core.url, { ...settings, STORE_URL: `sqlite:${join(folder, 'connector.db')}` });
  const told = () =>
    connector.program.lines
      .filter(({ set_by_s }) => set_by_s !== undefined)
      .map(({ level, set_by_s }) => [level, set_by_s]);

  assert.equal((await post(connector.eventUrl, anEvent())).status, 202);
  assert.deepEqual(told(), []);
  writeFileSync(file, '-7200000');
  await connector.program.says(/clock was set/);
  assert.equal((await post(connector.eventUrl, anEvent())).status, 202);
  assert.deepEqual(told(), [['warning', -7200]]);
});
