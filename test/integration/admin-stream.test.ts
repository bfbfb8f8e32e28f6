import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overview } from '../../src/contract/admin.ts';
import { anEvent } from '../helpers/events.ts';
import { Browser, FROM_CONSOLE, Operated } from '../helpers/operated.ts';
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
  const site = await Operated.start({ SHUTDOWN_TIMEOUT: '3600' });
  const response = await site.fetch(STREAM);
  const told = overviews(response);
  assert.equal((await told.next()).done, false);
  assert.equal(await site.app.stop(), true);
  for await (const _ of told);
  await site.core.stop();
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

test('there are no more streams than are served, and the place of one that left is free', async () => {
  await using site = await Operated.start();
  const controllers = Array.from({ length: 32 }, () => new AbortController());
  const open = await Promise.all(
    controllers.map(({ signal }) => {
      return fetch(site.url + STREAM, { signal, headers: { authorization: 'Bearer token-of-the-admin-13579' } });
    }),
  );
  assert.ok(open.every(({ status }) => status === 200));
  const crowded = await site.ask(STREAM);
  assert.deepEqual([crowded.status, crowded.body.message], [503, 'Too many streams']);
  controllers[0]?.abort();
  await until('a free place', async () => {
    const response = await site.fetch(STREAM);
    await response.body?.cancel();
    return response.status === 200;
  });
  for (const controller of controllers) controller.abort();
});
