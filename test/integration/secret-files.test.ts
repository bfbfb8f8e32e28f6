import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { CORE_TOKEN, Program, TOKEN } from '../helpers/program.ts';

test('tokens are rotated without a restart: on SIGHUP, and by themselves when the file changes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  writeFileSync(path('token'), `${TOKEN}\n`);
  writeFileSync(path('core-1'), CORE_TOKEN);
  symlinkSync('core-1', path('core'));

  await using core = await CoreStub.start();
  await using program = new Program(['serve'], {
    HOST: '127.0.0.1',
    PORT: '0',
    API_TOKEN_FILE: path('token'),
    API_TOKEN_PREVIOUS_FILE: path('previous'),
    ADMIN_TOKEN_FILE: path('admin'),
    WTL_API_URL: core.url,
    WTL_API_TOKEN_FILE: path('core'),
  });
  const url = (await program.says(/"url":"([^"]+)"/))[1] as string;
  for (const name of ['API_TOKEN_PREVIOUS', 'ADMIN_TOKEN']) {
    const line = program.lines.find(({ setting }) => setting === `${name}_FILE`);
    assert.match(String(line?.['message']), new RegExp(`_FILE names .*, which is not there: ${name} is not set until`));
  }
  const status = async (token: string) => (await post(url, anEvent(), { authorization: `Bearer ${token}` })).status;
  assert.equal(await status(TOKEN), 202);

  // NSPS is given a new token; the old one stays valid meanwhile.
  writeFileSync(path('previous'), TOKEN);
  writeFileSync(path('token'), 'the-new-token-of-nsps');
  program.signal('SIGHUP');
  await program.says(/"setting":"API_TOKEN_PREVIOUS".*Secret reloaded/);
  assert.deepEqual([await status('the-new-token-of-nsps'), await status(TOKEN)], [202, 202]);

  // The old one is revoked.
  rmSync(path('previous'));
  program.signal('SIGHUP');
  await program.says(/Secret revoked/);
  assert.deepEqual([await status('the-new-token-of-nsps'), await status(TOKEN)], [202, 401]);

  // Kubernetes swaps a symbolic link and sends no signal.
  writeFileSync(path('core-2'), 'the-new-token-of-the-core');
  symlinkSync('core-2', path('core-new'));
  renameSync(path('core-new'), path('core'));
  await program.says(/"setting":"WTL_API_TOKEN".*Secret reloaded/);
  assert.equal(await status('the-new-token-of-nsps'), 202);
  assert.equal(core.calls.at(-1)?.headers.authorization, 'Bearer the-new-token-of-the-core');

  // NSPS does not become an operator by mistake; one of his own is let in, and out again.
  const look = async (token: string) => {
    const response = await fetch(new URL('/admin/v1/overview', url), { headers: { authorization: `Bearer ${token}` } });
    await response.body?.cancel();
    return response.status;
  };
  writeFileSync(path('admin'), 'the-new-token-of-nsps');
  program.signal('SIGHUP');
  await program.says(/"setting":"ADMIN_TOKEN".*"reason":"the same as API_TOKEN".*cannot be used/);
  assert.equal(await look('the-new-token-of-nsps'), 401);
  writeFileSync(path('admin'), 'the-new-token-of-the-admin');
  program.signal('SIGHUP');
  await program.says(/"setting":"ADMIN_TOKEN".*Secret reloaded/);
  assert.equal(await look('the-new-token-of-the-admin'), 200);
  rmSync(path('admin'));
  program.signal('SIGHUP');
  await program.says(/"setting":"ADMIN_TOKEN".*Secret revoked/);
  assert.equal(await look('the-new-token-of-the-admin'), 401);

  // A broken file leaves the secret in force.
  writeFileSync(path('token'), 'two words');
  program.signal('SIGHUP');
  await program.says(/"setting":"API_TOKEN".*cannot be used/);
  assert.equal(await status('the-new-token-of-nsps'), 202);
  assert.doesNotMatch(program.stdout, /the-new-token|two words/);
});
