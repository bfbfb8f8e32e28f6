import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SqliteStore } from '../../src/store/sqlite/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsps-priority-'));
after(() => rmSync(folder, { recursive: true }));

/** Of every thread of this process (proc(5): the 19th field, the 17th after the name). */
function nicenesses(): number[] {
  return readdirSync('/proc/self/task').map((id) => {
    const fields = readFileSync(`/proc/self/task/${id}/stat`, 'utf8').replace(/^.*\) /s, '');
    return Number(fields.split(' ')[16]);
  });
}

test('the main thread goes first, then who writes, and last who looks things up', {
  skip: process.platform !== 'linux' && 'only Linux has a priority for each thread',
}, async (t) => {
  const limits = { settleAfterMs: 60_000, maxAttempts: 0, maxAgeMs: 0, longestRestMs: 3_600_000 };
  const store = await SqliteStore.open({ file: join(folder, 'connector.db'), limits });
  t.after(() => store.close());
  const ours = getPriority();
  const lower = () => nicenesses().filter((niceness) => niceness !== ours);
  const nicer = (by: number) => Math.min(19, ours + by);
  assert.deepEqual(lower(), [nicer(3)]);
  await store.views.backlog();
  assert.deepEqual(lower(), [nicer(3), nicer(10)]);
  assert.equal(getPriority(), ours);
});
