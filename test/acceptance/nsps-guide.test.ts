import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CoreStub, hang, inTurn, respond, succeed } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { get, post } from '../helpers/nsps.ts';
import { CORE_TOKEN, serve, TOKEN } from '../helpers/program.ts';

/** The test cases of the NSPS connector guide, against the started program. */

const QUICK = { WTL_RETRIES: '0', WTL_HTTP_REQUESTS_TIMEOUT: '0.3' };

describe('the NSPS guide', async () => {
  test('1. health', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    const { status, body } = await get(`${connector.url}/health`);
    assert.deepEqual([status, body], [200, { status: 'Healthy', service: 'wtl-hlr-hss-connector' }]);
  });

  test('2. a valid event reaches the core', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    const { status, body } = await post(connector.eventUrl, anEvent());
    assert.deepEqual([status, body.message], [202, 'Event processed successfully']);
    assert.deepEqual(core.calls[0]?.request, {
      imsi: '001010000020349',
      subscriber_status: 'serviceGranted',
      msisdn: ['79123456789'],
      cs_profile: 'default',
      eps_profile: 'default',
      action: 'update',
    });
  });

  test('3. a bad token', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    const { status, headers, body } = await post(connector.eventUrl, anEvent(), { authorization: 'Bearer wrong' });
    assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer']);
    assert.deepEqual(body, { message: 'Invalid access token', error: 'Unauthorized', type: 'AUTHENTICATION_ERROR' });
    assert.equal(core.calls.length, 0);
  });

  test('4. a subscriber the core does not know: 404', async () => {
    await using core = await CoreStub.start(respond(404, { result: false, error: 'Subscriber not found' }));
    await using connector = await serve(core.url);
    const { status, body } = await post(connector.eventUrl, anEvent());
    assert.deepEqual(
      [status, body.message, body.error, body.type],
      [404, 'Resource not found', 'Not found', 'VALIDATION_ERROR'],
    );
    assert.equal(body.details[0].message, 'Subscriber not found');
  });

  test('5. a wrong method: 405', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    const { status, headers } = await get(connector.eventUrl);
    assert.deepEqual([status, headers.get('allow')], [405, 'POST']);
  });

  test('6. an event that breaks the schema: 422', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    const { status, body } = await post(connector.eventUrl, { data: { event_type: 'SIM/Updated' } });
    assert.deepEqual(
      [status, body.message, body.details],
      [422, 'Validation failed', [{ path: 'event_id', message: 'is required' }]],
    );
  });

  test('7. the core limits our rate: 429', async () => {
    await using core = await CoreStub.start(respond(429, { error: 'Slow down' }, { 'retry-after': '7' }));
    await using connector = await serve(core.url, QUICK);
    const { status, headers, body } = await post(connector.eventUrl, anEvent());
    assert.deepEqual([status, headers.get('retry-after'), body.type], [429, '7', 'RATE_LIMIT_ERROR']);
  });

  test('8. the core breaks: 500', async () => {
    await using core = await CoreStub.start(respond(500, { error: 'Database down' }));
    await using connector = await serve(core.url);
    const { status, body } = await post(connector.eventUrl, anEvent());
    assert.deepEqual(
      [status, body.message, body.error, body.type],
      [500, 'API Core HTTP error', 'Database down', 'SERVICE_ERROR'],
    );
  });

  test('9. the core is away, or does not answer: 503', async () => {
    const gone = await CoreStub.start();
    const { url } = gone;
    await gone.stop();
    await using refused = await serve(url, QUICK);
    const away = await post(refused.eventUrl, anEvent());
    assert.deepEqual([away.status, away.body.error, away.body.type], [503, 'Connection refused', 'CONNECTION_ERROR']);

    await using core = await CoreStub.start(hang);
    await using connector = await serve(core.url, QUICK);
    const late = await post(connector.eventUrl, anEvent());
    assert.deepEqual([late.status, late.body.error], [503, 'Connection timeout']);
    assert.ok(Number(late.headers.get('retry-after')) > 0);
  });

  test('10. SIGTERM: what is in flight is finished, nothing new is taken, exit 0', async () => {
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    await using core = await CoreStub.start(
      inTurn((call, response, socket) => void hold.then(() => succeed(call, response, socket)), succeed),
    );
    await using connector = await serve(core.url);
    const inFlight = post(connector.eventUrl, anEvent());
    await core.called(1);
    connector.program.signal('SIGTERM');
    await connector.program.says(/"Stopping/);
    assert.equal((await get(`${connector.url}/ready`)).status, 503);
    assert.equal((await get(`${connector.url}/health`)).status, 200);
    const refused = await post(connector.eventUrl, anEvent({ event_id: 'e-2' }));
    assert.deepEqual(
      [refused.status, refused.body.error, refused.headers.get('connection')],
      [503, 'The connector is stopping', 'close'],
    );
    release();
    assert.equal((await inFlight).status, 202);
    assert.deepEqual(await connector.program.exited, { code: 0, signal: null });
    assert.equal(core.calls.length, 1);
  });
});

describe('ending', () => {
  test('at once when there is nothing to wait for, also with a kept-alive connection', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url);
    await get(`${connector.url}/health`);
    connector.program.signal('SIGINT');
    assert.deepEqual(await connector.program.exited, { code: 0, signal: null });
  });

  test('a second signal ends it at once', async () => {
    await using core = await CoreStub.start(hang);
    await using connector = await serve(core.url);
    const cut = assert.rejects(post(connector.eventUrl, anEvent()));
    await core.called(1);
    connector.program.signal('SIGTERM');
    await connector.program.says(/"Stopping/);
    // Signals this close together are one (npm passes on what the terminal sent already).
    const repeat = setInterval(() => connector.program.signal('SIGTERM'), 60);
    const { code } = await connector.program.exited;
    clearInterval(repeat);
    assert.equal(code, 1);
    assert.match(connector.program.stdout, /Second signal/);
    await cut;
  });

  test('SHUTDOWN_TIMEOUT cuts off what does not end, and says so', async () => {
    await using core = await CoreStub.start(hang);
    await using connector = await serve(core.url, { SHUTDOWN_TIMEOUT: '0.1' });
    const cut = assert.rejects(post(connector.eventUrl, anEvent()));
    await core.called(1);
    connector.program.signal('SIGTERM');
    assert.equal((await connector.program.exited).code, 1);
    const line = connector.program.lines.find(({ level }) => level === 'error');
    assert.equal(line?.['events'], 1);
    await cut;
  });
});

describe('the log', () => {
  test('has a start-up line without secrets, and one wide line an event', async () => {
    await using core = await CoreStub.start();
    await using connector = await serve(core.url, { LOG_LEVEL: 'DEBUG', WTL_API_TOKN: 'oops' });
    const ids = { 'x-b3-traceid': '00000000deadbeef', 'x-request-id': 'u-1' };
    await post(connector.eventUrl, anEvent({ event_id: 'e-77' }), ids);
    connector.program.signal('SIGTERM');
    await connector.program.exited;
    const { lines, stdout } = connector.program;
    const started = lines.find(({ message }) => message === 'Connector started');
    assert.match(String(started?.['version']), /^\d+\.\d+\.\d+/);
    assert.match(JSON.stringify(started), /"API_TOKEN":"\[redacted\]"/);
    assert.equal(lines.find(({ level }) => level === 'warning')?.['setting'], 'WTL_API_TOKN');
    const [event, ...more] = lines.filter(({ event_id, level }) => event_id === 'e-77' && level === 'info');
    assert.equal(more.length, 0, 'one line an event');
    const { time, duration_ms, core_ms, ...fields } = event ?? {};
    assert.ok(time && typeof duration_ms === 'number' && typeof core_ms === 'number');
    assert.deepEqual(fields, {
      level: 'info',
      request_id: '00000000deadbeef',
      unique_id: 'u-1',
      event_id: 'e-77',
      event_type: 'SIM/Updated',
      imsi: '001010000020349',
      action: 'update',
      outcome: 'processed',
      status_code: 202,
      attempts: 1,
      message: 'Event processed successfully',
    });
    const attempt = lines.find(({ message }) => message === 'Core call');
    assert.deepEqual(
      [attempt?.['attempt'], attempt?.['outcome'], attempt?.['request_id']],
      [1, 'done', '00000000deadbeef'],
    );
    assert.ok(!stdout.includes(TOKEN) && !stdout.includes(CORE_TOKEN));
  });

  test('LOG_PII=mask: no IMSI and no number in it, in any outcome', async () => {
    await using core = await CoreStub.start(respond(409, { error: 'MSISDN 79123456789 is used by 001010000020357' }));
    await using connector = await serve(core.url, { LOG_PII: 'mask', LOG_LEVEL: 'DEBUG', WTL_IMSI_REGEXP: '^0010' });
    await post(connector.eventUrl, anEvent());
    await post(connector.eventUrl, anEvent({ sim_info: { imsi: '999010000020349' } }));
    await post(connector.eventUrl, '{"imsi":"001010000020349",');
    connector.program.signal('SIGTERM');
    await connector.program.exited;
    assert.equal(connector.program.lines.filter(({ status_code }) => status_code !== undefined).length, 3);
    // Of these, and of no other digits: the trace ids are random.
    assert.doesNotMatch(connector.program.stdout, /01000002|7912345/);
  });
});
