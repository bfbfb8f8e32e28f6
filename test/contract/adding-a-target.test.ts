import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'adding-a-target-'));
after(() => rmSync(copy, { recursive: true }));

/** Does to the copy what one block of code on the page says in its first line. */
function apply(block: string): string {
  const [head = '', ...lines] = block.trimEnd().split('\n');
  const code = lines.join('\n');
  const [, created] = /^\/\/ new file: (\S+)$/.exec(head) ?? [];
  if (created) {
    mkdirSync(dirname(join(copy, created)), { recursive: true });
    writeFileSync(join(copy, created), `${code}\n`);
    return created;
  }
  const [, edited = '', how, anchor = ''] = /^\/\/ (\S+), (after|instead of): (.*)$/.exec(head) ?? [];
  const text = readFileSync(join(copy, edited), 'utf8');
  assert.ok(text.includes(anchor), `${edited} holds ${anchor}`);
  const replacement = how === 'after' ? `${anchor}\n${code}` : code;
  writeFileSync(
    join(copy, edited),
    text.replace(anchor, () => replacement),
  );
  return edited;
}

test('the example of docs/adding-a-target.md compiles, and passes the suite', async () => {
  for (const name of ['src', 'sim', 'tsconfig.json', 'package.json', 'test/contract', 'test/helpers']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const page = readFileSync(join(ROOT, 'docs/adding-a-target.md'), 'utf8');
  const touched = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = '']) => apply(block));
  assert.equal(touched.length, 7);
  await run(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '-p', copy], { cwd: copy }).catch(({ stdout }) =>
    assert.fail(String(stdout)),
  );
  // Not as a part of this test run: then its results would be told to this one's reporter.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await run(process.execPath, ['--test', 'test/contract/rest-hlr.test.ts'], { cwd: copy, env });
  assert.match(stdout, /pass 19\b/);
  assert.match(stdout, /fail 0\b/);
});
