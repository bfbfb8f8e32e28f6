import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { postgresBench } from '../helpers/postgres.ts';
import { CORE_TOKEN, Program, serve, TOKEN } from '../helpers/program.ts';

test('a new password of the database is used for new connections, without a restart', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'password-'));
  const file = join(folder.path, 'password');
  await using bench = await postgresBench();
  const role = `role_${new URL(bench.url).pathname.slice(1)}`;
  await bench.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'the-first-password'`);
  await using _role = {
    [Symbol.asyncDispose]: async () => void (await bench.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)),
  };
  await writeFile(file, 'the-first-password\n');
  const STORE_URL = Object.assign(new URL(bench.url), { username: role, password: '' }).href;

  await using core = await CoreStub.start();
  await using connector = await serve(core.url, { STORE_URL, STORE_PASSWORD_FILE: file });
  const ask = async (event_id: string) => (await post(connector.eventUrl, anEvent({ event_id }))).status;
  assert.equal(await ask('before'), 202);

  await bench.query(`ALTER ROLE ${role} PASSWORD 'the-second/password'`);
  await writeFile(file, 'the-second/password\n');
  connector.program.signal('SIGHUP');
  await connector.program.says(/"setting":"STORE_PASSWORD".*Secret reloaded/);
  assert.equal(await ask('over the connections there are'), 202);
  await bench.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
  await until('it is connected again', async () => (await ask('after')) === 202);
  assert.doesNotMatch(connector.program.stdout, /the-(first|second)/);
});

test('a weaker mode of TLS is taken for the strict one, without a word of the driver', async () => {
  await using bench = await postgresBench();
  for (const mode of ['require', 'verify-ca', 'verify-full']) {
    const settings = { API_TOKEN: TOKEN, WTL_API_URL: 'http://127.0.0.1:1', WTL_API_TOKEN: CORE_TOKEN };
    const STORE_URL = `${bench.url}?sslmode=${mode}`;
    await using doctor = new Program(['doctor'], { ...settings, STORE_URL });
    await doctor.exited;
    assert.match(doctor.stdout, /does not support SSL/);
    assert.equal(doctor.stderr, '');
  }
});
