import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overview } from '../../src/contract/admin.ts';
import { anEvent } from '../helpers/events.ts';
import { ADMIN_TOKEN, Browser, FROM_CONSOLE, Operated } from '../helpers/operated.ts';
import { until } from '../helpers/polling.ts';

const STREAM = '/admin/v1/overview/stream';

/** What a stream says, event by event. */
async function* overviews(response: Response): AsyncGenerator<Overview> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body as ReadableStream<Uint8Array>) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const data = /^event: overview\ndata: (.*)$/.exec(part)?.[1];
      if (data !== undefined) yield JSON.parse(data) as Overview;
    }
  }
}

test('the overview comes again and again, and changes with what happens', async () => {
  await using site = await Operated.start();
  const response = await site.fetch(STREAM);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  let posted = false;
  for await (const { lastMinute } of overviews(response)) {
    if (lastMinute.events['processed'] === 1) break;
    if (!posted) await site.post(anEvent());
    posted = true;
  }
});

test('streams end when the connector stops, and do not hold it up', async () => {
  await using site = await Operated.start({ SHUTDOWN_TIMEOUT: '3600' });
  const response = await site.fetch(STREAM);
  const told = overviews(response);
  assert.equal((await told.next()).done, false);
  assert.equal(await site.app.stop(), true);
  for await (const _ of told);
});

test('a stream ends with its session', async () => {
  await using site = await Operated.start();
  const browser = new Browser(site);
  await browser.signIn();
  const told = overviews(await browser.fetch(STREAM));
  assert.equal((await told.next()).done, false);
  await browser.fetch('/console/session', { method: 'DELETE', headers: FROM_CONSOLE });
  for await (const _ of told);
});

test('there are no more streams than are served, nor of one operator, and the place of one that left is free', async () => {
  await using site = await Operated.start();
  const responses: Response[] = [];
  const open = async (headers: Record<string, string>) => {
    const response = await fetch(site.url + STREAM, { headers });
    responses.push(response);
    return response.status;
  };
  const all = (headers: Record<string, string>, many: number) => {
    return Promise.all(Array.from({ length: many }, () => open(headers)));
  };
  const token = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const [browser, another] = [new Browser(site), new Browser(site)];
  await browser.signIn();
  await another.signIn();
  assert.deepEqual(new Set(await all(token, 16)), new Set([200]));
  const crowded = await site.ask(STREAM);
  assert.deepEqual([crowded.status, crowded.body.message], [503, 'Too many streams']);
  assert.deepEqual(
    new Set(await all({ cookie: browser.cookie }, 16)),
    new Set([200]),
    'others have places of their own',
  );
  assert.equal(await open({ cookie: another.cookie }), 503);
  assert.equal((await fetch(site.url + STREAM)).status, 401);
  for (const response of responses) await response.body?.cancel();
  await until('a free place', async () => {
    const response = await site.fetch(STREAM);
    await response.body?.cancel();
    return response.status === 200;
  });
});

test('a stream that is only asked for its head takes no place', async () => {
  await using site = await Operated.start();
  for (let count = 0; count < 40; count++) assert.equal((await site.fetch(STREAM, { method: 'HEAD' })).status, 200);
});
