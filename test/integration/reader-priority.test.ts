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

test('who looks things up gives way to events, and nobody else does', {
  skip: process.platform !== 'linux' && 'only Linux has a priority for each thread',
}, async () => {
  const limits = { settleAfterMs: 60_000, maxAttempts: 0, maxAgeMs: 0 };
  const store = await SqliteStore.open({ file: join(folder, 'connector.db'), limits });
  const ours = getPriority();
  const lower = () => nicenesses().filter((niceness) => niceness !== ours);
  assert.deepEqual(lower(), []);
  await store.views.backlog();
  assert.deepEqual(lower(), [Math.min(19, ours + 10)]);
  assert.equal(getPriority(), ours);
  await store.close();
});
