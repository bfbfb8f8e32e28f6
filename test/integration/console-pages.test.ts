import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Operated } from '../helpers/operated.ts';

let folder: string;
let site: Operated;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Console</title>');
  await writeFile(join(folder, 'app.js'), 'export {};');
  await writeFile(join(folder, 'app.css'), 'body {}');
  await writeFile(join(folder, 'notes.secret'), 'x');
  site = await Operated.start({}, { consoleFolder: pathToFileURL(`${folder}/`) });
});
after(async () => {
  await site[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const NOBODY = { authorization: '' };
const fetchPlain = (path: string, headers: Record<string, string> = {}) => fetch(site.url + path, { headers });

test('every path of the console is its page, and none is kept', async () => {
  for (const path of [
    '/console',
    '/console/',
    '/console/events',
    '/console/subscribers/001010000020349',
    '/console?x=1',
  ]) {
    const response = await fetchPlain(path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.match(await response.text(), /<title>Console/);
  }
  const posted = await site.ask('/console/events', { method: 'POST', headers: NOBODY });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
});

test('its files have their types, and are asked for again only when they changed', async () => {
  for (const [name, type] of [
    ['app.js', 'text/javascript; charset=utf-8'],
    ['app.css', 'text/css; charset=utf-8'],
  ] as const) {
    for (const path of [`/console/${name}`, `/console/assets/${name}`]) {
      const response = await fetchPlain(path);
      assert.deepEqual([response.status, response.headers.get('content-type')], [200, type]);
      assert.equal(response.headers.get('cache-control'), 'no-cache');
      const etag = response.headers.get('etag') ?? '';
      assert.match(etag, /^"[\w-]{27}"$/);
      await response.body?.cancel();
      assert.equal((await fetchPlain(path, { 'if-none-match': etag })).status, 304);
    }
  }
});

test('nothing else of the disk can be had', async () => {
  for (const name of [
    'notes.secret',
    'nothing.js',
    'index.html',
    '..%2f..%2fpackage.json',
    '%2e%2e%2fpackage.json',
    '',
  ]) {
    const response = await fetchPlain(`/console/assets/${name}`);
    assert.equal(response.status, 404, name);
    await response.body?.cancel();
  }
  assert.match(await (await fetchPlain('/console/notes.secret')).text(), /<title>Console/);
});

test('a build without the console says so', async () => {
  await using bare = await Operated.start({}, { consoleFolder: pathToFileURL(join(folder, 'nothing/')) });
  const { status, body } = await bare.ask('/console');
  assert.deepEqual([status, body.error], [404, 'The console is not part of this build']);
  assert.equal((await bare.ask('/admin/v1/overview')).status, 200);
});
