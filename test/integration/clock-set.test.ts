import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

test('it is told once, whatever it was found with', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nsps-clock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [file, program] = [join(folder, 'set-by'), join(folder, 'program.mjs')];
  writeFileSync(file, '0');
  const of = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  // What a connector does that only records events, and writes in several messages at a time.
  writeFileSync(
    program,
    `import { writeFileSync } from 'node:fs';
    import { SqliteStore } from ${of('../../src/store/sqlite/index.ts')};
    const onClockSet = (byMs) => console.log('set by', Math.round(byMs / 1000));
    const store = await SqliteStore.open({ file: ':memory:', limits: {}, onClockSet });
    const setBy = (ms) => writeFileSync(process.env.CLOCK_SET_BY_FILE, String(ms));
    setBy(7_200_000);
    await store.outbox.conclude([], null);
    setBy(0);
    await Promise.all(Array.from({ length: 99 }, () => store.write({ entry: null, story: null, effects: [] })));
    await store.close();`,
  );
  const env = { ...process.env, CLOCK_SET_BY_FILE: file };
  const { stdout } = await promisify(execFile)(process.execPath, [`--import=${PRELOADED}`, program], { env });
  assert.equal(stdout, 'set by 7200\nset by -7200\n');
});
