import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, afterEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { startApp } from '../helpers/app.ts';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { get, post } from '../helpers/nsps.ts';
import { TOKEN } from '../helpers/program.ts';
import { parseRaw, sendRaw } from '../helpers/raw.ts';

const core = await CoreStub.start();
const connector = await startApp(core.url, { INTAKE_TIMEOUT: '0.3' });
const { eventUrl } = connector;

after(async () => {
  await connector.stop();
  await core.stop();
});

afterEach(async () => {
  assert.equal((await get(`${connector.url}/health`)).status, 200, 'it is still there');
  const faults = connector.log.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(faults, [], 'nothing was a fault of ours');
});

/** An event with something put into it as raw JSON. */
function eventWith(raw: string): string {
  return `{"event_id":"e","data":{"event_type":"SIM/Updated","variables":{"x":${raw}}},"pb_data":{"x":${raw}}}`;
}

describe('bodies', () => {
  const deep = (open: string, close: string) => open.repeat(100_000) + close.repeat(100_000);
  const cases: Record<string, [body: string | Uint8Array, status: number]> = {
    'nothing at all': ['', 422],
    'broken JSON': ['{"event_id":', 422],
    'two documents': ['{}{}', 422],
    'a byte order mark': ['\ufeff{}', 422],
    'a number': ['1', 422],
    'a string': ['"event"', 422],
    null: ['null', 422],
    'a list': ['[]', 422],
    'deep lists': [deep('[', ']'), 422],
    'deep objects': [deep('{"a":', '}').replace(/:}/, ':1}'), 422],
    'deep lists inside an event': [eventWith(deep('[', ']')), 202],
    'a number beyond all bounds': [eventWith('1e999'), 202],
    'a very long number': [eventWith('9'.repeat(10_000)), 202],
    'a prototype as a field': [
      eventWith('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
      202,
    ],
    'the same key twice': ['{"event_id":"a","event_id":"b","data":{"event_type":"x"}}', 202],
    'half a surrogate pair': [eventWith('"\\ud800"'), 202],
    'zero characters': ['{"event_id":"\\u0000","data":{"event_type":"\\u0000"}}', 202],
    'a megabyte of event id': [`{"event_id":"${'x'.repeat(1_000_000)}","data":{"event_type":"x"}}`, 202],
    'invalid UTF-8': [Buffer.from('7b22ff223a317d', 'hex'), 422],
    'UTF-16': [Buffer.from('{}', 'utf16le'), 422],
    'a million wrong attributes': [
      `{"event_id":"a","data":{"event_type":"x"},"pb_data":{"access_policy_info":{"attributes":[${'1,'.repeat(500_000)}1]}}}`,
      422,
    ],
    'a wrong attribute far down': [
      `{"event_id":"a","data":{"event_type":"x"},"pb_data":{"access_policy_info":{"attributes":[${'{},'.repeat(500)}1]}}}`,
      422,
    ],
    'wrong types everywhere': ['{"event_id":[],"data":"x","pb_data":7,"created_at":{}}', 422],
  };
  for (const [name, [body, status]] of Object.entries(cases)) {
    test(`${name} → ${status}`, async () => {
      const answer = await post(eventUrl, body);
      assert.equal(answer.status, status, JSON.stringify(answer.body).slice(0, 300));
      assert.ok(answer.body.message);
      assert.ok(JSON.stringify(answer.body).length < 5_000, 'the answer is short');
      assert.doesNotMatch(JSON.stringify(answer.body), /\bat .*\.[jt]s:\d/, 'no stack');
    });
  }
  test('nothing was polluted', () => assert.equal(({} as { polluted?: number }).polluted, undefined));

  test('any JSON and any text gets 202 or 422', async () => {
    const body = fc.oneof(fc.json(), fc.string(), fc.uint8Array());
    await fc.assert(
      fc.asyncProperty(body, async (raw) => {
        const { status } = await post(eventUrl, raw as string | Uint8Array);
        assert.ok(status === 202 || status === 422, `${status}`);
      }),
      { numRuns: 200 },
    );
  });

  test('any value in any place of an event gets 202 or 422', async () => {
    const places = [
      'account_info',
      'sim_info',
      'prev_sim_info',
      'access_policy_info',
      'event_type',
      'variables',
      'updated_at',
    ] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.jsonValue(), async (place, value) => {
        const { status } = await post(eventUrl, anEvent({ event_type: 'SIM/Replaced', [place]: value }));
        assert.ok(status === 202 || status === 422, `${status}`);
      }),
      { numRuns: 300 },
    );
  });
});

describe('requests that are not HTTP', () => {
  const head = `POST /process-event HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n`;
  const cases: Record<string, [bytes: string, status: number]> = {
    garbage: ['\u0000\u0001\u0002 garbage\r\n\r\n', 400],
    'no such method': ['FETCH / HTTP/1.1\r\n\r\n', 400],
    'two lengths': [`${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
    'a length and chunks': [`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    'broken chunks': [`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
    'headers without end': [`${head}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    'a bad URL': ['GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 404],
    'no Host': [`GET /nowhere HTTP/1.1\r\n\r\n`, 404],
    CONNECT: ['CONNECT core:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    'an upgrade': ['GET /process-event HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 405],
    'a method we never heard of': ['QUERY /process-event HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx', 405],
    'a method we never heard of, nowhere': ['QUERY /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx', 404],
    'a strange expectation': [`${head}Expect: magic\r\nContent-Length: 2\r\n\r\n{}`, 422],
  };
  for (const [name, [bytes, expected]] of Object.entries(cases)) {
    test(`${name} → ${expected}, as JSON`, async () => {
      const { status, body } = parseRaw(await sendRaw(connector.url, bytes));
      assert.equal(status, expected);
      assert.deepEqual(Object.keys(body).slice(0, 3), ['message', 'error', 'type']);
    });
  }
});

test("a reset in the middle of CONNECT is nobody's end", async () => {
  const { hostname, port } = new URL(connector.url);
  for (let time = 0; time < 20; time++) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write('CONNECT core:443 HTTP/1.1\r\nHost: x\r\n\r\n', () => socket.resetAndDestroy());
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  }
});

test('a CONNECT that is held open is hung up on', async () => {
  const answer = await sendRaw(connector.url, 'CONNECT core:443 HTTP/1.1\r\nHost: x\r\n\r\n', { hold: true });
  assert.match(answer, /^HTTP\/1\.1 405 [\s\S]*allow: GET, HEAD, POST/);
});

describe('slow clients', () => {
  test('headers that never end → 408', async () => {
    const { status } = parseRaw(
      await sendRaw(connector.url, 'POST /process-event HTTP/1.1\r\nHost: x\r\n', { hold: true }),
    );
    assert.equal(status, 408);
  });
  test('a body that never ends → 408', async () => {
    const head = `POST /process-event HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
    const { status } = parseRaw(await sendRaw(connector.url, head, { hold: true }));
    assert.equal(status, 408);
  });
  test('a client that hangs up in the middle leaves nothing behind', async () => {
    const { hostname, port } = new URL(connector.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `POST /process-event HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
        );
        socket.destroySoon();
      });
      socket.on('close', () => resolve());
    });
  });
  test('an upload without a token is not read to its end', async () => {
    const head =
      'POST /process-event HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n';
    assert.equal(parseRaw(await sendRaw(connector.url, head, { hold: true })).status, 401);
  });
  test('a client in the middle of a large upload sees why it is refused', async () => {
    const large = Buffer.alloc(8 * 1024 * 1024, 'x');
    assert.equal((await post(eventUrl, large)).status, 413);
    assert.equal((await post(eventUrl, large, { authorization: 'Bearer wrong' })).status, 401);
  });
});
