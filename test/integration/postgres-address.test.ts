import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { listening } from '../helpers/ports.ts';
import { postgresBench } from '../helpers/postgres.ts';
import { CORE_TOKEN, Program, run, serve, TOKEN } from '../helpers/program.ts';

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

test('that something else than PostgreSQL listens there is said with what to do, at the start and by doctor', async () => {
  await using core = await CoreStub.start();
  const ended = 'the connection was ended without an answer: is it PostgreSQL that listens there, and is it up\\?';
  const cases: [greet: (socket: Socket) => void, mode: string, words: string][] = [
    [(socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), '', ended],
    [(socket) => socket.write('J\0\0\0\n8.0.36'), '', 'what answers there is not PostgreSQL: check host and port'],
    [(socket) => socket.write('-ERR\r\n'), '?sslmode=require', 'what answers there is not PostgreSQL, or not ready'],
    [(socket) => socket.write('N'), '?sslmode=require', 'it speaks no TLS: turn that on there, or leave sslmode out'],
  ];
  for (const [greet, mode, words] of cases) {
    await using other = await listening(
      createServer((socket) => socket.on('error', () => {}).once('data', () => greet(socket))),
    );
    const STORE_URL = `postgres://me@127.0.0.1:${other.port}/db${mode}`;
    const settings = { API_TOKEN: TOKEN, WTL_API_URL: core.url, WTL_API_TOKEN: CORE_TOKEN, STORE_URL, PORT: '0' };
    const [started, doctor] = [await run(['serve'], settings), await run(['doctor'], settings)];
    assert.equal(started.code, 69);
    for (const text of [started.stderr, doctor.stdout]) {
      assert.match(text, new RegExp(`127.0.0.1:${other.port}/db: ${words}`));
    }
  }
});

test('what never hangs up keeps neither the start nor doctor waiting', async () => {
  await using core = await CoreStub.start();
  await using stubborn = await listening(
    createServer({ allowHalfOpen: true }, (socket) =>
      socket.on('error', () => {}).once('data', () => socket.write('N')),
    ),
  );
  const STORE_URL = `postgres://me@127.0.0.1:${stubborn.port}/db?sslmode=require`;
  const settings = { API_TOKEN: TOKEN, WTL_API_URL: core.url, WTL_API_TOKEN: CORE_TOKEN, STORE_URL, PORT: '0' };
  const [started, doctor] = await Promise.all([run(['serve'], settings), run(['doctor'], settings)]);
  assert.equal(started.code, 69);
  for (const text of [started.stderr, doctor.stdout]) assert.match(text, /it speaks no TLS/);
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
