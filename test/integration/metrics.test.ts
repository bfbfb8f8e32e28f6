import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startApp } from '../helpers/app.ts';
import { CoreStub, hang, inTurn, respond, succeed } from '../helpers/core-stub.ts';
import { anEvent, IMSI, OTHER_IMSI, stamp } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { until } from '../helpers/polling.ts';
import { CORE_TOKEN, TOKEN } from '../helpers/program.ts';
import { Scrape } from '../helpers/prometheus.ts';

const METRICS_TOKEN = 'token-of-prometheus-12345';

/** A connector with metrics behind a token; `scrape` reads them. */
async function startMeasured(core: CoreStub, env: Record<string, string> = {}) {
  const app = await startApp(core.url, { METRICS_TOKEN, ...env });
  const scrape = () => Scrape.of(`${app.url}/metrics`, { authorization: `Bearer ${METRICS_TOKEN}` });
  return Object.assign(app, { scrape });
}

test('metrics need a token of their own, and are not there when nobody asked for them', async () => {
  await using core = await CoreStub.start();
  await using measured = await startMeasured(core);
  await using plain = await startApp(core.url);
  const ask = (url: string, token?: string) =>
    fetch(`${url}/metrics`, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  for (const token of [undefined, TOKEN, CORE_TOKEN, `${METRICS_TOKEN}x`]) {
    const refused = await ask(measured.url, token);
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
  }
  const answer = await ask(measured.url, METRICS_TOKEN);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  for (const token of [undefined, TOKEN, METRICS_TOKEN]) assert.equal((await ask(plain.url, token)).status, 404);
  // And their token opens nothing else.
  const event = await post(measured.eventUrl, anEvent(), { authorization: `Bearer ${METRICS_TOKEN}` });
  assert.equal(event.status, 401);
  const wrongMethod = await fetch(`${measured.url}/metrics`, { method: 'POST' });
  assert.deepEqual([wrongMethod.status, wrongMethod.headers.get('allow')], [405, 'GET, HEAD']);
});

test('on a port of their own they need no token, and nothing else is there', async () => {
  await using core = await CoreStub.start();
  await using app = await startApp(core.url, { METRICS_PORT: '0', METRICS_HOST: '127.0.0.1' });
  const [{ fields }] = app.log.lines.filter(({ message }) => message === 'Metrics are served') as [
    (typeof app.log.lines)[number],
  ];
  const url = `http://127.0.0.1:${fields['port']}`;
  const scrape = await Scrape.of(`${url}/metrics`);
  assert.equal(scrape.value('nsps_connector_store_up'), 1);
  for (const path of ['/', '/health', '/process-event', '/openapi.json']) {
    assert.equal((await fetch(url + path)).status, 404);
  }
  assert.equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 405);
  assert.equal((await fetch(`${app.url}/metrics`)).status, 404);
});

test('what happens is counted, with its outcome, its duration and what the core answered', async () => {
  const refuses = respond(200, { result: false, error: 'No such profile' });
  await using core = await CoreStub.start(inTurn(succeed, refuses, respond(503, ''), succeed));
  await using app = await startMeasured(core);
  await post(app.eventUrl, anEvent({ event_id: 'a', updated_at: stamp(1) }));
  await post(app.eventUrl, anEvent({ event_id: 'b', updated_at: stamp(2) }));
  // Twice: it is busy first, and the call is repeated.
  await post(app.eventUrl, anEvent({ event_id: 'c', updated_at: stamp(3) }));
  await post(app.eventUrl, anEvent({ event_id: 'd', updated_at: stamp(1) }));
  await post(app.eventUrl, anEvent({ event_id: 'e', event_type: 'SIM/Created' }));
  await post(app.eventUrl, 'no JSON');
  await post(app.eventUrl, anEvent(), { authorization: 'Bearer wrong' });
  const scrape = await app.scrape();
  const events = (type: string, outcome: string) => scrape.value('nsps_connector_events_total', { type, outcome });
  assert.deepEqual(
    ['processed', 'rejected', 'failed', 'superseded'].map((outcome) => events('SIM/Updated', outcome)),
    [2, 1, 0, 1],
  );
  assert.deepEqual([events('other', 'ignored'), events('other', 'rejected')], [1, 1]);
  const answers = (status: string) => scrape.value('nsps_connector_answers_total', { status });
  assert.deepEqual([answers('202'), answers('422'), answers('401')], [4, 2, 1]);
  const calls = (result: string) => scrape.value('nsps_connector_core_calls_total', { action: 'update', result });
  assert.deepEqual([calls('done'), calls('refused'), calls('busy')], [2, 1, 1]);
  assert.equal(scrape.value('nsps_connector_core_call_duration_seconds_count'), 4);
  assert.equal(scrape.value('nsps_connector_core_repeats_total', { by: 'event' }), 1);
  assert.equal(scrape.value('nsps_connector_refused_requests_total', { reason: 'unauthorized' }), 1);
  assert.equal(scrape.value('nsps_connector_event_duration_seconds_count', { outcome: 'processed' }), 2);
  assert.ok((scrape.value('nsps_connector_store_operation_duration_seconds_count', { operation: 'write' }) ?? 0) > 4);
  assert.ok((scrape.value('nsps_connector_store_operation_duration_seconds_count', { operation: 'claim' }) ?? 0) >= 4);
  assert.equal(scrape.value('nsps_connector_dead_letters'), 0);
  const build = scrape.samples.find(({ name }) => name === 'nsps_connector_build_info');
  assert.deepEqual(
    { ...build?.labels, version: '' },
    { version: '', target: 'wtl', delivery: 'inline', store: 'memory' },
  );
});

test('what is under way, and the circuit, are told as they are', async () => {
  await using core = await CoreStub.start(hang);
  const limits = { WTL_MAX_CONCURRENCY: '1', WTL_HTTP_REQUESTS_TIMEOUT: '0.6', WTL_MAX_RPS: '500' };
  await using app = await startMeasured(core, { ...limits, WTL_BREAKER_FAILURES: '1', WTL_RETRIES: '0' });
  const circuit = async (state: string) => (await app.scrape()).value('nsps_connector_circuit_state', { state });
  assert.deepEqual([await circuit('closed'), await circuit('open'), await circuit('half-open')], [1, 0, 0]);
  const first = post(app.eventUrl, anEvent({ event_id: 'a' }));
  await core.called(1);
  const second = post(app.eventUrl, anEvent({ event_id: 'b', sim_info: { imsi: OTHER_IMSI } }));
  await until('both are inside, and one waits for the other', async () => {
    const scrape = await app.scrape();
    const now = (name: string) => scrape.value(`nsps_connector_${name}`);
    return now('events_inside') === 2 && now('core_calls_in_flight') === 1 && now('core_calls_waiting') === 1;
  });
  await Promise.all([first, second]);
  await until('the circuit is open', async () => (await circuit('open')) === 1 && (await circuit('closed')) === 0);
  const scrape = await app.scrape();
  assert.equal(scrape.value('nsps_connector_circuit_openings_total'), 1);
  assert.equal(app.log.lines.filter(({ message }) => message.startsWith('The circuit opened')).length, 1);
  assert.equal(scrape.value('nsps_connector_core_calls_limit'), 1);
  assert.equal(scrape.value('nsps_connector_core_calls_per_second_limit'), 500);
});

test('a change that is overtaken while it waits is counted, and so is what waits and what was given up', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using core = await CoreStub.start(async (_call, response) => {
    await released;
    response.end('{"result":true}');
  });
  await using app = await startMeasured(core, { DELIVERY: 'queued' });
  await post(app.eventUrl, anEvent({ event_id: 'a', updated_at: stamp(1) }));
  await core.called(1);
  // The first is with the core; the second waits, and the third overtakes it.
  await post(app.eventUrl, anEvent({ event_id: 'b', updated_at: stamp(2) }));
  await post(app.eventUrl, anEvent({ event_id: 'c', updated_at: stamp(3) }));
  const scrape = await app.scrape();
  assert.equal(scrape.value('nsps_connector_coalesced_changes_total'), 1);
  assert.equal(scrape.value('nsps_connector_backlog_subscribers'), 1);
  assert.ok((scrape.value('nsps_connector_backlog_oldest_age_seconds') ?? -1) >= 0);
  release();
});

test('whoever sends events cannot make series', async () => {
  await using core = await CoreStub.start();
  await using app = await startMeasured(core, { EVENT_ACTIONS: 'SIM/Created=insert' });
  await post(app.eventUrl, anEvent());
  await post(app.eventUrl, anEvent({ event_type: 'SIM/Anything' }));
  await fetch(`${app.url}/nowhere`);
  const series = async () =>
    (await app.scrape()).samples
      .filter(({ name }) => name.startsWith('nsps_connector_'))
      .map(({ name, labels }) => name + JSON.stringify(labels))
      .sort();
  const before = await series();
  const hostile = [
    '__proto__',
    'constructor',
    'a"b\n# HELP x',
    '{le="1"}',
    'x'.repeat(5000),
    'SIM/updated',
    '',
    ' ',
    '🦄',
  ];
  for (const [index, event_type] of hostile.entries()) {
    await post(app.eventUrl, anEvent({ event_id: `${event_type}-${index}`, event_type }));
    await fetch(`${app.url}/nowhere/${index}`);
  }
  assert.deepEqual(await series(), before);
  assert.ok(!before.some((name) => name.includes(IMSI)));
});

test('every metric says what it is, has a name with its unit, and a bounded number of series', async () => {
  await using core = await CoreStub.start();
  await using app = await startMeasured(core);
  await post(app.eventUrl, anEvent());
  const scrape = await app.scrape();
  for (const [family, type] of scrape.types) {
    assert.ok((scrape.helps.get(family) ?? '').length > 10, family);
    if (!family.startsWith('nsps_connector_')) continue;
    assert.equal(type === 'counter', family.endsWith('_total'), family);
    if (type === 'histogram') assert.match(family, /_duration_seconds$/);
  }
  assert.ok(scrape.names.has('nodejs_eventloop_lag_p99_seconds'));
  assert.ok(scrape.names.has('process_resident_memory_bytes'));
});

async function loadedWith(env: Record<string, string>): Promise<string[]> {
  const script = fileURLToPath(new URL('../helpers/loaded-libraries.ts', import.meta.url));
  const args = [script, JSON.stringify(env), JSON.stringify(anEvent())];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: {} });
  return JSON.parse(stdout) as string[];
}

test('what is not asked for is not even loaded', async () => {
  assert.deepEqual(await loadedWith({}), []);
  // prom-client's own wish, for exemplars.
  assert.deepEqual(await loadedWith({ METRICS_PORT: '0' }), ['@opentelemetry/api', 'prom-client']);
  const traced = await loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  assert.ok(traced.includes('@opentelemetry/sdk-trace') && !traced.includes('prom-client'), traced.join());
});
