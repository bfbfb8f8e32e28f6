import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, test } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { Collector, type HeardSpan } from '../helpers/collector.ts';
import { anEvent, IMSI } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { Sheets } from '../helpers/sheets.ts';

const TRACE = '463ac35c9f6413ad48485a3953bb6124';
const SPAN = 'a2fb4a1d1a96d312';
const NSPS = { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' };

function startTraced(sheets: Sheets, collector: Collector, env: Record<string, string> = {}) {
  return startApp(null, { ...sheets.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env });
}

/** A span's name with those of all that it is part of, outermost first. */
function pathOf(span: HeardSpan, spans: readonly HeardSpan[]): string {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent ? `${pathOf(parent, spans)} > ${span.name}` : span.name;
}

const linksOf = ({ links }: HeardSpan) => links.map(({ traceId, spanId }) => [traceId, spanId]);

describe('traces of events that are recorded', { concurrency: 4 }, () => {
  test('an event shows its wait and its batch; the batch, with its calls to Google, is a trace of its own', async () => {
    await using sheets = await Sheets.start();
    await using collector = await Collector.start();
    const app = await startTraced(sheets, collector);
    assert.equal((await post(app.eventUrl, anEvent(), NSPS)).body.outcome, 'processed');
    await app.stop();
    const paths = collector.spans.map((span) => pathOf(span, collector.spans)).sort();
    assert.deepEqual(paths, [
      'append rows',
      'append rows > google append',
      'append rows > store conclude',
      'append rows > store conclude',
      'event',
      'event > decide',
      'event > in its batch',
      'event > store put',
      'event > wait for its batch',
      'look at the header',
      'look at the header',
      'look at the header > google read header',
      'look at the header > google read header',
      'look at the header > google token',
      'look at the header > google write header',
      'look at the header > store conclude',
      'look at the header > store conclude',
    ]);
    const [event, batch, append, wait, inside] = (await Promise.all(
      ['event', 'append rows', 'google append', 'wait for its batch', 'in its batch'].map((name) =>
        collector.heard(name),
      ),
    )) as [HeardSpan, HeardSpan, HeardSpan, HeardSpan, HeardSpan];
    assert.notEqual(batch.traceId, event.traceId);
    assert.deepEqual(linksOf(batch), [[TRACE, event.spanId]]);
    assert.deepEqual([batch.attributes['events'], batch.attributes['first_event_id']], [1, 'e-1']);
    for (const span of [wait, inside]) {
      assert.deepEqual([span.traceId, linksOf(span)], [TRACE, [[batch.traceId, batch.spanId]]]);
      assert.equal(span.attributes['attempt'], 1);
    }
    assert.deepEqual([inside.attributes['result'], inside.attributes['events']], ['done', 1]);
    assert.equal(typeof wait.attributes['waited_ms'], 'number');
    const told = [append.attributes['http.response.status_code'], append.attributes['result']];
    assert.deepEqual(told, [200, 'done']);
    assert.equal(append.kind, 3, 'a call of a client');
  });
  test('queued: a batch leads back to each of its events, and each of them to the batch', async () => {
    await using sheets = await Sheets.start();
    await using collector = await Collector.start();
    const app = await startTraced(sheets, collector, { DELIVERY: 'queued' });
    const ids = Array.from({ length: 30 }, (_, index) => `e-${index}`);
    const traces = ids.map((_, index) => String(index + 1).padStart(32, 'a'));
    await Promise.all(
      ids.map((event_id, index) => post(app.eventUrl, anEvent({ event_id }), { 'x-b3-traceid': traces[index] ?? '' })),
    );
    await until('all are recorded', () => sheets.rows.length === ids.length);
    await app.stop();
    const batches = collector.spans.filter(({ name }) => name === 'append rows');
    const linked = batches.flatMap(({ links }) => links.map(({ traceId }) => traceId));
    assert.deepEqual(linked.sort(), [...traces].sort());
    const spanIds = new Set(batches.map(({ spanId }) => spanId));
    for (const traceId of traces) {
      const inside = collector.spans.filter((span) => span.traceId === traceId && span.name === 'in its batch');
      assert.deepEqual(
        inside.map(({ links }) => spanIds.has(links[0]?.spanId ?? '')),
        [true],
      );
    }
  });

  for (const [as, result, attempt] of [
    ['cut', 'found there', 1],
    [429, 'done', 2],
    [401, 'done', 2],
  ] as const) {
    test(`an append that fails with ${as}: the event says which attempt brought it in`, async () => {
      await using sheets = await Sheets.start();
      await using collector = await Collector.start();
      await using app = await startTraced(sheets, collector);
      await post(app.eventUrl, anEvent({ event_id: 'e-0' }), { 'x-b3-traceid': 'ab'.repeat(16) });
      sheets.simulator.setFaults({ script: [{ as }] });
      await post(app.eventUrl, anEvent(), NSPS);
      const inside = await collector.heard('in its batch', ({ traceId }) => traceId === TRACE);
      assert.deepEqual([inside.attributes['result'], inside.attributes['attempt']], [result, attempt]);
      const brought = await collector.heard('append rows', ({ spanId }) => spanId === inside.links[0]?.spanId);
      assert.equal(brought.traceId, inside.links[0]?.traceId);
      const first = await collector.heard('google append', ({ status }) => status.code === 2);
      assert.equal(first.attributes['result'], { cut: 'cut', 429: 'rate_limited', 401: 'unauthorized' }[as]);
    });
  }

  test('what NSPS does not keep is linked to nothing, and its batch is not kept either', async () => {
    await using sheets = await Sheets.start();
    await using collector = await Collector.start();
    const app = await startTraced(sheets, collector);
    await post(app.eventUrl, anEvent(), { 'x-b3-traceid': TRACE, 'x-b3-sampled': '0' });
    await app.stop();
    const names = new Set(collector.spans.map(({ name }) => name));
    assert.deepEqual([names.has('event'), names.has('append rows'), names.has('in its batch')], [false, false, false]);
  });

  test('no span holds a secret, a token or a cell, and LOG_PII=mask holds in the words of Google', async () => {
    await using sheets = await Sheets.start();
    await using collector = await Collector.start();
    const refuse = sheets.simulator.grid.append.bind(sheets.simulator.grid);
    sheets.simulator.grid.append = (range, values) => refuse(range, [['x'.repeat(50_001)], ...values]);
    const app = await startTraced(sheets, collector, { LOG_PII: 'mask' });
    const event = anEvent({ account_info: { firstname: 'Wilhelmina' }, sim_info: { imsi: IMSI, iccid: '8988303' } });
    assert.equal((await post(app.eventUrl, event, NSPS)).status, 422);
    await app.stop();
    const text = JSON.stringify(collector.spans.map(({ name, attributes, status }) => ({ name, attributes, status })));
    assert.match(text, /a row is refused/);
    assert.doesNotMatch(text, new RegExp(`${IMSI}|ya29|PRIVATE|Bearer|Wilhelmina|8988303`));
  });

  test('Google is sent nothing of a trace', async () => {
    await using sheets = await Sheets.start();
    await using collector = await Collector.start();
    const heard: string[] = [];
    const { host } = new URL(sheets.env['GOOGLE_SHEETS_API_URL'] as string);
    const listener = (message: unknown) => {
      const { request } = message as { request: { origin: string; path: string; headers: unknown } };
      if (new URL(request.origin).host === host) heard.push(`${request.path} ${JSON.stringify(request.headers)}`);
    };
    subscribe('undici:request:create', listener);
    try {
      const app = await startTraced(sheets, collector);
      await post(app.eventUrl, anEvent(), NSPS);
      await app.stop();
    } finally {
      unsubscribe('undici:request:create', listener);
    }
    assert.ok(heard.some((line) => line.startsWith('/token')) && heard.some((line) => line.includes(':append')));
    assert.doesNotMatch(heard.join('\n'), new RegExp(`traceparent|tracestate|"(x-)?b3|${TRACE}`, 'i'));
  });
});
