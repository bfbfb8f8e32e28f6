import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { Collector, type HeardSpan } from '../helpers/collector.ts';
import { CoreStub, hang, inTurn, respond } from '../helpers/core-stub.ts';
import { anEvent, IMSI, NUMBER, stamp } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { freePort } from '../helpers/ports.ts';

const TRACE = '463ac35c9f6413ad48485a3953bb6124';
const SHORT_TRACE = '00000000deadbeef';
const SPAN = 'a2fb4a1d1a96d312';

function startTraced(core: CoreStub, collector: { url: string }, env: Record<string, string> = {}) {
  return startApp(core.url, { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`, ...env });
}

const padded = (id: string) => id.padStart(32, '0');

/** A span's name with those of all that it is part of, outermost first. */
function pathOf(span: HeardSpan, spans: readonly HeardSpan[]): string {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent ? `${pathOf(parent, spans)} > ${span.name}` : span.name;
}

test('an event goes on with the trace of NSPS, step by step, out to the core', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start();
  await using app = await startTraced(core, collector);
  const headers = { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1', 'x-request-id': 'u-1' };
  await post(app.eventUrl, anEvent(), headers);
  await app.stop();
  const paths = collector.spans.map((span) => pathOf(span, collector.spans)).sort();
  assert.deepEqual(paths, [
    'event',
    'event > core call',
    'event > decide',
    'event > store claim',
    'event > store write',
  ]);
  assert.deepEqual(new Set(collector.spans.map(({ traceId }) => traceId)), new Set([TRACE]));
  const event = await collector.heard('event');
  assert.equal(event.parentSpanId, SPAN);
  const { event_id, event_type, imsi, outcome, status_code, unique_id } = event.attributes;
  assert.deepEqual(
    { event_id, event_type, imsi, outcome, status_code, unique_id },
    {
      event_id: 'e-1',
      event_type: 'SIM/Updated',
      imsi: IMSI,
      outcome: 'processed',
      status_code: 202,
      unique_id: 'u-1',
    },
  );
  assert.equal(event.resource['service.name'], 'wtl-hlr-hss-connector');
  const call = await collector.heard('core call');
  assert.equal(call.attributes['http.response.status_code'], 200);
  assert.deepEqual([call.attributes['result'], call.attributes['action']], ['done', 'update']);
  const sent = core.calls[0]?.headers ?? {};
  assert.equal(sent['traceparent'], `00-${TRACE}-${call.spanId}-01`);
  assert.deepEqual([sent['x-b3-traceid'], sent['x-request-id']], [TRACE, 'u-1']);
  assert.deepEqual([sent['x-b3-spanid'], sent['x-b3-sampled']], [call.spanId, '1']);
});

test('without tracing the core gets the ids it always got, and no more', async () => {
  await using core = await CoreStub.start();
  await using app = await startApp(core.url);
  await post(app.eventUrl, anEvent(), { 'x-b3-traceid': SHORT_TRACE, 'x-b3-spanid': SPAN });
  const sent = core.calls[0]?.headers ?? {};
  assert.equal(sent['x-b3-traceid'], SHORT_TRACE);
  for (const name of ['traceparent', 'x-b3-spanid', 'x-b3-sampled']) assert.equal(sent[name], undefined);
});

test('an id without a span names the trace; a short one is padded; without any the log has the id', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start();
  await using app = await startTraced(core, collector);
  await post(app.eventUrl, anEvent({ event_id: 'a' }), { 'x-b3-traceid': SHORT_TRACE });
  await post(app.eventUrl, anEvent({ event_id: 'b' }), { b3: `${TRACE}-${SPAN}-1` });
  await post(app.eventUrl, anEvent({ event_id: 'c' }), { traceparent: `00-${TRACE}-${SPAN}-01` });
  await post(app.eventUrl, anEvent({ event_id: 'd' }));
  await post(app.eventUrl, anEvent({ event_id: 'e' }), { 'x-b3-traceid': 'no hex' });
  await app.stop();
  const of = (id: string) => collector.spans.find(({ attributes }) => attributes['event_id'] === id) as HeardSpan;
  assert.deepEqual([of('a').traceId, of('a').parentSpanId ?? ''], [padded(SHORT_TRACE), '']);
  for (const id of ['b', 'c']) assert.deepEqual([of(id).traceId, of(id).parentSpanId], [TRACE, SPAN]);
  assert.equal(of('d').traceId, padded(of('d').attributes['request_id'] as string));
  assert.match(of('e').traceId, /^[\da-f]{32}$/);
  // What the core hears first is kept: the id of the log. It is not this trace's, so no span of it is named in B3.
  assert.match(core.calls[1]?.headers['traceparent'] as string, new RegExp(`^00-${TRACE}-`));
  assert.equal(core.calls[1]?.headers['x-b3-spanid'], undefined);
});

test('every call is a span of its own, with what came of it', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start(
    inTurn(respond(503, ''), respond(200, { result: false, error: 'No such profile' })),
  );
  await using app = await startTraced(core, collector);
  await post(app.eventUrl, anEvent());
  await app.stop();
  const calls = collector.spans.filter(({ name }) => name === 'core call');
  const told = calls.map(({ attributes, status }) => [
    attributes['http.response.status_code'],
    attributes['result'],
    status.code,
  ]);
  assert.deepEqual(told, [
    [503, 'busy', 2],
    [200, 'refused', 2],
  ]);
  assert.equal(calls[1]?.status.message, 'No such profile');
  const event = await collector.heard('event');
  assert.deepEqual([event.status.code, event.attributes['status_code']], [2, 422]);
  assert.deepEqual(
    core.calls.map(({ headers }) => String(headers['traceparent']).split('-')[2]),
    calls.map(({ spanId }) => spanId),
  );
});

test('events at a time do not mix', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start();
  await using app = await startTraced(core, collector);
  const traces = Array.from({ length: 20 }, (_, index) => String(index + 1).padStart(32, 'a'));
  const imsiOf = (index: number) => `0010100000${String(index).padStart(5, '0')}`;
  await Promise.all(
    traces.map((id, index) =>
      post(app.eventUrl, anEvent({ event_id: id, sim_info: { imsi: imsiOf(index) } }), { 'x-b3-traceid': id }),
    ),
  );
  await app.stop();
  for (const [index, id] of traces.entries()) {
    const spans = collector.spans.filter(({ traceId }) => traceId === id);
    assert.equal(spans.length, 5);
    assert.equal(spans.find(({ name }) => name === 'core call')?.attributes['imsi'], imsiOf(index));
  }
});

test('LOG_PII=mask holds in traces, in the words of the core too', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start(respond(200, { result: false, error: `${IMSI} may not have ${NUMBER}` }));
  await using app = await startTraced(core, collector, { LOG_PII: 'mask' });
  await post(app.eventUrl, anEvent());
  await app.stop();
  const text = JSON.stringify(collector.spans.map(({ attributes, status }) => ({ attributes, status })));
  assert.doesNotMatch(text, new RegExp(`${IMSI}|${NUMBER}`));
  assert.equal((await collector.heard('event')).attributes['imsi'], '************349');
  assert.match((await collector.heard('core call')).status.message ?? '', /^\*+349 may not have \*+789$/);
});

test('NSPS decides what is kept; where it does not, OTEL_TRACES_SAMPLER_ARG does', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start();
  await using app = await startTraced(core, collector, { OTEL_TRACES_SAMPLER_ARG: '0' });
  const ids = { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN };
  await post(app.eventUrl, anEvent({ event_id: 'ours' }), ids);
  await post(app.eventUrl, anEvent({ event_id: 'kept' }), { ...ids, 'x-b3-sampled': '1' });
  await post(app.eventUrl, anEvent({ event_id: 'dropped' }), { 'x-b3-traceid': TRACE, 'x-b3-sampled': '0' });
  await app.stop();
  const events = collector.spans.filter(({ name }) => name === 'event').map(({ attributes }) => attributes['event_id']);
  assert.deepEqual(events, ['kept']);
  assert.match(core.calls[0]?.headers['traceparent'] as string, new RegExp(`^00-${TRACE}-[\\da-f]{16}-00$`));
});

test('queued, the call is a trace of its own that leads back to its event', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start();
  await using app = await startTraced(core, collector, { DELIVERY: 'queued' });
  await post(app.eventUrl, anEvent({ updated_at: stamp(1) }), { 'x-b3-traceid': TRACE });
  await core.called(1);
  await app.stop();
  const [event, work, call] = await Promise.all(
    ['event', 'bring up to date', 'core call'].map((name) => collector.heard(name)),
  );
  assert.ok(event && work && call);
  assert.notEqual(work.traceId, event.traceId);
  assert.deepEqual(
    work.links.map(({ traceId, spanId }) => [traceId, spanId]),
    [[TRACE, event.spanId]],
  );
  assert.deepEqual([call.traceId, call.parentSpanId], [work.traceId, work.spanId]);
  assert.deepEqual([work.attributes['event_id'], work.attributes['outcome']], ['e-1', 'processed']);
});

test('a collector that is down costs an event nothing; it is said once, and once that it is back', async () => {
  await using core = await CoreStub.start();
  const port = await freePort();
  await using app = await startTraced(core, { url: `http://127.0.0.1:${port}` });
  const lines = (message: string) => app.log.lines.filter((line) => line.message === message).length;
  const lost = 'The collector does not take traces: they are lost meanwhile';
  const back = 'The collector takes traces again';
  for (let round = 1; round <= 2; round++) {
    const answer = await post(app.eventUrl, anEvent({ event_id: `e-${round}`, updated_at: stamp(round) }));
    assert.equal(answer.status, 202);
    await app.log.heard(lost);
  }
  await using collector = await Collector.start(port);
  let next = 2;
  await until('the collector has heard of an event', async () => {
    await post(app.eventUrl, anEvent({ event_id: `e-${++next}`, updated_at: stamp(next) }));
    return collector.spans.length > 0;
  });
  await app.log.heard(back);
  assert.deepEqual([lines(lost), lines(back)], [1, 1]);
});

test('a collector that hangs holds up neither events nor the end', async () => {
  await using collector = await Collector.start();
  collector.answer = () => {};
  await using core = await CoreStub.start();
  await using app = await startTraced(core, collector);
  for (let count = 0; count < 50; count++) {
    const answer = await post(app.eventUrl, anEvent({ event_id: `e-${count}`, updated_at: stamp(count) }));
    assert.equal(answer.status, 202);
  }
  assert.equal(await app.stop(), true);
  assert.ok(collector.asked.length > 0);
});

test('a call that never ends is told of with its event', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start(hang);
  await using app = await startTraced(core, collector, { WTL_HTTP_REQUESTS_TIMEOUT: '0.2' });
  await post(app.eventUrl, anEvent());
  await app.stop();
  assert.equal((await collector.heard('core call')).attributes['result'], 'timeout');
});

test('the collector is asked where its settings say, whole URL or base', async () => {
  await using collector = await Collector.start();
  await using core = await CoreStub.start();
  const bases = [
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/otlp/` },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/in` },
  ];
  for (const env of bases) {
    await using app = await startApp(core.url, env);
    await post(app.eventUrl, anEvent());
    await app.stop();
  }
  assert.deepEqual(
    collector.asked.map(({ path }) => path),
    ['/v1/traces', '/otlp/v1/traces', '/in'],
  );
});
