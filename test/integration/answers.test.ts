import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { CoreStub, inTurn, respond, succeed } from '../helpers/core-stub.ts';
import { anEvent, IMSI, OTHER_IMSI, stamp } from '../helpers/events.ts';
import { get, post } from '../helpers/nsps.ts';
import { CORE_TOKEN, TOKEN } from '../helpers/program.ts';

const core = await CoreStub.start();
const connector = await startApp(core.url, { WTL_RETRIES: '0', WTL_BREAKER_FAILURES: '0', MAX_BODY_BYTES: '100000' });
const lower = await startApp(core.url, { ERROR_TYPE_CASE: 'lower', EVENT_PATH: '/' });

after(async () => {
  await Promise.all([connector.stop(), lower.stop()]);
  await core.stop();
});

beforeEach(() => {
  core.answer = succeed;
  core.calls.length = 0;
});

describe('success', () => {
  test('processed: the core got the full state, our token and both trace ids', async () => {
    const ids = { 'x-b3-traceid': 'abcdef0123456789', 'x-request-id': 'unique-1' };
    const { status, body } = await post(connector.eventUrl, anEvent(), ids);
    assert.deepEqual([status, body], [202, { message: 'Event processed successfully', outcome: 'processed' }]);
    const [call] = core.calls;
    assert.equal(call?.path, '/wtl/hlr/v1/prov');
    assert.equal(call?.headers.authorization, `Bearer ${CORE_TOKEN}`);
    assert.equal(call?.headers['x-b3-traceid'], 'abcdef0123456789');
    assert.equal(call?.headers['x-request-id'], 'unique-1');
    const line = connector.log.lines.at(-1);
    assert.deepEqual([line?.fields['request_id'], line?.fields['unique_id']], ['abcdef0123456789', 'unique-1']);
  });
  test('trace ids are made up when they are absent or no use', async () => {
    await post(connector.eventUrl, anEvent(), { 'x-b3-traceid': 'a b', 'x-request-id': 'x'.repeat(201) });
    const { headers } = core.calls[0] ?? {};
    assert.match(String(headers?.['x-b3-traceid']), /^[0-9a-f]{16}$/);
    assert.match(String(headers?.['x-request-id']), /^[0-9a-f-]{36}$/);
  });
  test('ignored: with the reason, and no call', async () => {
    const { status, body } = await post(connector.eventUrl, anEvent({ event_type: 'SIM/Created' }));
    const reason = 'No defined action for event type: SIM/Created';
    assert.deepEqual([status, body], [202, { message: `Event ignored: ${reason}`, outcome: 'ignored', reason }]);
    assert.equal(core.calls.length, 0);
  });
  test('superseded: an older event is not sent', async () => {
    const sim_info = { imsi: '001010000000777' };
    await post(connector.eventUrl, anEvent({ sim_info, updated_at: stamp(2) }));
    const { status, body } = await post(connector.eventUrl, anEvent({ sim_info, updated_at: stamp(1) }));
    assert.deepEqual([status, body], [202, { message: 'Event superseded by a newer event', outcome: 'superseded' }]);
    assert.equal(core.calls.length, 1);
  });
  test('the same event again is applied again: an operator may replay', async () => {
    const event = anEvent({ sim_info: { imsi: '001010000000778' }, updated_at: stamp(2) });
    await post(connector.eventUrl, event);
    assert.equal((await post(connector.eventUrl, event)).body.outcome, 'processed');
    assert.equal(core.calls.length, 2);
  });
});

describe('SIM swap', () => {
  const swap = anEvent({ event_type: 'SIM/Replaced', sim_info: { imsi: OTHER_IMSI }, prev_sim_info: { imsi: IMSI } });
  test('releases the number before it gives it again', async () => {
    assert.equal((await post(connector.eventUrl, swap)).status, 202);
    assert.deepEqual(
      core.calls.map(({ request }) => [request['imsi'], request['msisdn']]),
      [
        [IMSI, []],
        [OTHER_IMSI, ['79123456789']],
      ],
    );
  });
  test('gives nothing when the release failed, and says whose', async () => {
    core.answer = respond(500, { error: 'Oops' });
    const { status, body } = await post(connector.eventUrl, swap);
    assert.equal(status, 500);
    assert.deepEqual(body.details, [{ path: 'core', message: 'Oops', status: 500, imsi: IMSI }]);
    assert.equal(core.calls.length, 1);
  });
});

describe('refused before anything is read', () => {
  for (const authorization of [
    '',
    'Bearer',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    TOKEN,
    `Bearer ${TOKEN} x`,
  ]) {
    test(`401 for ${JSON.stringify(authorization)}, whatever the body`, async () => {
      const { status, headers, body } = await post(connector.eventUrl, 'not json', { authorization });
      assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer']);
      assert.deepEqual(body, { message: 'Invalid access token', error: 'Unauthorized', type: 'AUTHENTICATION_ERROR' });
    });
  }
  test('404 and 405 come before the token', async () => {
    assert.equal((await get(`${connector.url}/nowhere`)).status, 404);
    const { status, headers, body } = await get(connector.eventUrl);
    assert.deepEqual([status, headers.get('allow')], [405, 'POST']);
    assert.deepEqual(body, { message: 'Method not allowed', error: 'Method not allowed', type: 'VALIDATION_ERROR' });
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      assert.equal((await get(connector.eventUrl, {}, method)).status, 405);
    assert.equal((await get(`${connector.url}/health`, {}, 'POST')).headers.get('allow'), 'GET, HEAD');
  });
  test('a scheme in other case and a token after several spaces are fine', async () => {
    assert.equal((await post(connector.eventUrl, anEvent(), { authorization: `bearer   ${TOKEN}` })).status, 202);
  });
  test('413, also before the content type and when the length is not told', async () => {
    const large = 'x'.repeat(100_001);
    for (const headers of [{}, { 'content-type': 'text/plain' }]) {
      const { status, body } = await post(connector.eventUrl, large, headers);
      assert.deepEqual([status, body.message, body.type], [413, 'Payload too large', 'VALIDATION_ERROR']);
    }
    const stream = ReadableStream.from([Buffer.from(large)]);
    const response = await fetch(connector.eventUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: stream,
      duplex: 'half',
    });
    assert.equal(response.status, 413);
  });
  for (const headers of [
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/json; charset=latin1' },
    { 'content-type': 'application/jsonx' },
    { 'content-encoding': 'gzip' },
  ]) {
    test(`415 for ${JSON.stringify(headers)}`, async () => {
      const { status, body } = await post(connector.eventUrl, anEvent(), headers);
      assert.deepEqual([status, body.message, body.type], [415, 'Unsupported media type', 'VALIDATION_ERROR']);
    });
  }
  for (const type of [
    'application/json',
    'application/json;charset=UTF-8',
    'Application/JSON ; charset="utf-8"',
    'application/vnd.nsps+json',
  ]) {
    test(`${type} is JSON`, async () => {
      assert.equal((await post(connector.eventUrl, anEvent(), { 'content-type': type })).status, 202);
    });
  }
});

test('queued: calls and log lines of a delivery carry the ids that NSPS sent its event with, also when it is repeated', async () => {
  core.answer = inTurn(respond(503, ''), succeed);
  await using queued = await startApp(core.url, {
    DELIVERY: 'queued',
    WTL_BREAKER_FAILURES: '0',
    RETRY_FIRST_PAUSE: '0.01',
  });
  const ids = { 'x-b3-traceid': 'abcdef0123456789', 'x-request-id': 'unique-1' };
  assert.equal((await post(queued.eventUrl, anEvent(), ids)).body.outcome, 'queued');
  await queued.log.heard('Subscriber brought up to date');
  assert.deepEqual(
    core.calls.map(({ headers }) => [headers['x-b3-traceid'], headers['x-request-id']]),
    [Object.values(ids), Object.values(ids)],
  );
  const lines = queued.log.lines.filter(({ fields }) => fields['request_id'] === ids['x-b3-traceid']);
  assert.deepEqual(
    lines.map(({ level, message, fields }) => [level, message, fields['unique_id'], fields['event_id']]),
    [
      ['info', 'Event accepted for processing', 'unique-1', 'e-1'],
      ['debug', 'Core call', 'unique-1', 'e-1'],
      ['warn', 'Subscriber not brought up to date yet', 'unique-1', 'e-1'],
      ['debug', 'Core call', 'unique-1', 'e-1'],
      ['info', 'Subscriber brought up to date', 'unique-1', 'e-1'],
    ],
  );
});

describe('422', () => {
  test('not JSON', async () => {
    const { status, body } = await post(connector.eventUrl, '{"event_id": ');
    assert.deepEqual([status, body.message, body.type], [422, 'Validation failed', 'VALIDATION_ERROR']);
    assert.match(body.error, /^\(body\) is not JSON/);
  });
  test('schema: every fault with its path', async () => {
    const { status, body } = await post(connector.eventUrl, {
      event_id: '',
      data: {},
      pb_data: { sim_info: { imsi: 1 } },
    });
    assert.equal(status, 422);
    assert.deepEqual(body.details, [
      { path: 'event_id', message: 'must not be empty' },
      { path: 'data.event_type', message: 'is required' },
      { path: 'pb_data.sim_info.imsi', message: 'must be either string or null' },
    ]);
  });
  test('schema: the log names the event where it can be read', async () => {
    const named = async (body: unknown) => {
      assert.equal((await post(connector.eventUrl, body)).status, 422);
      return connector.log.lines.at(-1)?.fields['event_id'];
    };
    assert.equal(await named({ event_id: 'e-77', data: {} }), 'e-77');
    assert.equal(await named({ event_id: 'x'.repeat(500), data: {} }), `${'x'.repeat(200)}…`);
    for (const body of [{ event_id: '', data: {} }, { event_id: 7 }, {}, 'null', '[]', '{']) {
      assert.equal(await named(body), undefined, JSON.stringify(body));
    }
  });
  test('the log calls it rejected, as the journal does, and what may pass later failed', async () => {
    const outcome = () =>
      connector.log.lines.filter(({ message }) => message !== 'Core call').at(-1)?.fields['outcome'];
    await post(connector.eventUrl, anEvent({ sim_info: { imsi: '123' } }));
    assert.equal(outcome(), 'rejected');
    core.answer = respond(400, { error: 'No such profile' });
    await post(connector.eventUrl, anEvent());
    assert.equal(outcome(), 'rejected');
    core.answer = respond(503, '');
    await post(connector.eventUrl, anEvent());
    assert.equal(outcome(), 'failed');
  });
  test('decision: a value the core cannot take', async () => {
    const { status, body } = await post(connector.eventUrl, anEvent({ sim_info: { imsi: '123' } }));
    assert.equal(status, 422);
    assert.equal(body.error, 'pb_data.sim_info.imsi must be 15 digits');
    assert.deepEqual(body.details, [{ path: 'pb_data.sim_info.imsi', message: 'must be 15 digits' }]);
    assert.equal(core.calls.length, 0);
  });
});

describe("the core's answer", () => {
  const cases: [
    core: [number, unknown, Record<string, string>?],
    ours: [number, string, string, string],
    retryAfter?: string,
  ][] = [
    [
      [404, { error: 'No such IMSI' }],
      [404, 'Resource not found', 'Not found', 'VALIDATION_ERROR'],
    ],
    [
      [400, { error: 'Bad profile' }],
      [422, 'WTL service error', 'Bad profile', 'SERVICE_ERROR'],
    ],
    [
      [409, { error: 'Taken' }],
      [422, 'WTL service error', 'Taken', 'SERVICE_ERROR'],
    ],
    [
      [200, { result: false, error: 'Taken' }],
      [422, 'WTL service error', 'Taken', 'SERVICE_ERROR'],
    ],
    [
      [429, {}, { 'retry-after': '17' }],
      [429, 'Too many requests to API Core', 'Rate limit exceeded', 'RATE_LIMIT_ERROR'],
      '17',
    ],
    [
      [500, { error: 'Oops' }],
      [500, 'API Core HTTP error', 'Oops', 'SERVICE_ERROR'],
    ],
    [
      [502, ''],
      [500, 'API Core HTTP error', 'HTTP 502', 'SERVICE_ERROR'],
    ],
    [
      [200, 'OK'],
      [500, 'API Core HTTP error', 'The core answered 200 with something else than its JSON: OK', 'SERVICE_ERROR'],
    ],
    [
      [302, ''],
      [500, 'API Core HTTP error', 'HTTP 302', 'SERVICE_ERROR'],
    ],
    [
      [401, { error: 'Who?' }],
      [500, 'WTL API authentication failed', 'Invalid API token', 'AUTHENTICATION_ERROR'],
    ],
    [
      [403, ''],
      [500, 'WTL API authentication failed', 'Invalid API token', 'AUTHENTICATION_ERROR'],
    ],
    [[408, ''], [503, 'Core service is not available', 'HTTP 408', 'CONNECTION_ERROR'], '5'],
    [[503, { error: 'Later' }], [503, 'Core service is not available', 'Later', 'CONNECTION_ERROR'], '5'],
  ];
  for (const [[status, words, headers], [ours, message, error, type], retryAfter] of cases) {
    test(`${status} ${JSON.stringify(words)} → ${ours} ${message}`, async () => {
      core.answer = respond(status, words, headers);
      const answer = await post(connector.eventUrl, anEvent());
      assert.deepEqual(
        [answer.status, answer.body.message, answer.body.error, answer.body.type],
        [ours, message, error, type],
      );
      assert.equal(answer.headers.get('retry-after'), retryAfter ?? null);
      assert.equal(answer.body.details[0].status, status);
    });
  }
  test('our own token in its words is not passed on', async () => {
    core.answer = (call, response) =>
      void response.writeHead(400).end(JSON.stringify({ error: call.headers.authorization }));
    const answer = await post(connector.eventUrl, anEvent());
    assert.equal(answer.body.error, 'Bearer [redacted]');
  });
  test('ERROR_TYPE_CASE=lower spells the type as the older document does; the event path may be the root', async () => {
    core.answer = inTurn(respond(409, { error: 'Taken' }));
    assert.equal((await post(lower.eventUrl, anEvent())).body.type, 'service_error');
    assert.equal((await get(lower.eventUrl)).body.type, 'validation_error');
  });
});

describe('other routes', () => {
  test('/health and /ready need no token', async () => {
    const health = await get(`${connector.url}/health`);
    assert.deepEqual([health.status, health.body], [200, { status: 'Healthy', service: 'wtl-hlr-hss-connector' }]);
    assert.equal((await get(`${connector.url}/ready`)).status, 200);
    assert.equal((await get(`${connector.url}/health`, {}, 'HEAD')).status, 200);
  });
  test('/openapi.json needs one, and describes the path in use', async () => {
    assert.equal((await get(`${lower.url}/openapi.json`)).status, 401);
    const { status, body } = await get(`${lower.url}/openapi.json`, { authorization: `Bearer ${TOKEN}` });
    assert.equal(status, 200);
    assert.equal(body.openapi, '3.1.0');
    assert.ok(body.paths['/'].post.responses['422']);
  });
  test('no header tells what we are made of', async () => {
    const { headers } = await post(connector.eventUrl, anEvent());
    assert.deepEqual([...headers.keys()].sort(), [
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
    ]);
  });
});
