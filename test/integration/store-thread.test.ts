import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { serve } from '../helpers/program.ts';
import { sqliteBench } from '../helpers/sqlite-bench.ts';
import { acceptanceOf } from '../helpers/subscribers.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsps-thread-'));
after(() => rmSync(folder, { recursive: true }));

/** Loaded before the program in each of its threads: ends the one of the store once a file is there. */
function saboteur(name: string, deed: string): { preload: string; order: string } {
  const [preload, order] = [join(folder, `${name}.mjs`), join(folder, `${name}.now`)];
  writeFileSync(
    preload,
    `import { existsSync } from 'node:fs';
    import { isMainThread } from 'node:worker_threads';
    if (!isMainThread) setInterval(() => { if (existsSync(${JSON.stringify(order)})) { ${deed} } }, 10);`,
  );
  return { preload: pathToFileURL(preload).href, order };
}

describe("when the store's thread", () => {
  for (const [name, deed] of [
    ['ends', 'process.exit(3);'],
    ['throws', "throw new Error('out of order');"],
    ['runs out of memory', 'const all = []; for (;;) all.push(new Array(1e5).fill(all));'],
  ] as const) {
    test(`${name}, the program says so and ends, and the next start goes on`, async () => {
      await using core = await CoreStub.start();
      const { preload, order } = saboteur(name.replaceAll(' ', '-'), deed);
      const env = { STORE_URL: `sqlite:${join(folder, `${name}.db`)}` };
      await using connector = await serve(core.url, {
        ...env,
        NODE_OPTIONS: `--import=${preload} --max-old-space-size=128`,
      });
      assert.equal((await post(connector.eventUrl, anEvent())).status, 202);
      writeFileSync(order, '');
      assert.deepEqual(await connector.program.exited, { code: 70, signal: null });
      assert.match(connector.program.stdout, /"level":"error".*the store's thread has ended/);
      await using next = await serve(core.url, env);
      assert.equal((await post(next.eventUrl, anEvent({ event_id: 'e-2' }))).status, 202);
    });
  }
});

test('a store that is closed has everything in the database, also when somebody looked into it', async () => {
  for (let round = 1; round <= 5; round++) {
    await using bench = await sqliteBench();
    const store = await bench.open();
    await store.write(acceptanceOf(1));
    assert.equal((await store.views.events({ limit: 9 })).length, 1);
    await store.close();
    assert.equal(existsSync(`${bench.file}-wal`), false, `round ${round}`);
  }
});
