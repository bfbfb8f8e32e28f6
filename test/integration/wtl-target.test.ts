import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Action, Change } from '../../src/core/types.ts';
import { systemClock } from '../../src/observe/clock.ts';
import { provisioningUrl, WtlTarget } from '../../src/targets/wtl/target.ts';
import { startApp } from '../helpers/app.ts';
import { CoreStub, hang, inTurn, respond, type StubAnswer, succeed } from '../helpers/core-stub.ts';
import { anEvent, IMSI, stamp } from '../helpers/events.ts';
import { get, post } from '../helpers/nsps.ts';
import { listening } from '../helpers/ports.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

function aChange(action: Action = 'update'): Change {
  const state = { imsi: IMSI, status: 'serviceGranted', msisdn: null, csProfile: 'cs', epsProfile: 'eps' } as const;
  return { action, state };
}

/** To be had with `await using`: its connections end with the test. */
function targetAt(url: string, more: Partial<ConstructorParameters<typeof WtlTarget>[0]> = {}, clock = systemClock) {
  const options = { url: new URL(url), token: () => 'core-token-1', connections: 4, connectTimeoutMs: 500, ...more };
  const target = new WtlTarget(options, clock);
  return Object.assign(target, { [Symbol.asyncDispose]: () => target.close() });
}

/** One call, within `ms`. */
async function callOnce(target: WtlTarget, ms = 2_000): Promise<Outcome> {
  return target.apply(aChange(), { requestId: 'r', uniqueId: 'u', deadline: systemClock.now() + ms });
}

async function outcomeOf(answer: StubAnswer, ms?: number): Promise<string> {
  await using core = await CoreStub.start(answer);
  await using target = targetAt(core.url);
  return told(await callOnce(target, ms));
}

function told(outcome: Outcome): string {
  return outcome.kind === 'done' ? 'done' : `${outcome.failure.code}: ${outcome.failure.why}`;
}

/** What is HTTP's own; what is common to all targets is in `test/contract/target/`. */
describe('one call', () => {
  test('a core that answers byte by byte times out at the deadline', async () => {
    const trickle: StubAnswer = (_call, response) => {
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    };
    assert.equal(await outcomeOf(trickle, 100), 'timeout: Connection timeout');
  });
  test('a connection cut in the middle of the answer is not known to be lost', async () => {
    const inTheAnswer: StubAnswer = (_call, response, socket) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"res');
      setImmediate(() => socket.destroy());
    };
    assert.match(await outcomeOf(inTheAnswer), /^cut: Connection reset/);
  });
  test('a reset after the header is no end of an answer whose length nobody told', async () => {
    const headOnly: StubAnswer = (_call, _response, socket) => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n';
      socket.write(head, () => socket.resetAndDestroy());
    };
    assert.match(await outcomeOf(headOnly), /^cut: Connection reset: .*\(ECONNRESET\)$/);
    assert.equal(await outcomeOf((_call, _response, socket) => void socket.end('HTTP/1.0 200 OK\r\n\r\n')), 'done');
  });
  test('bytes that are not HTTP', async () => {
    assert.match(
      await outcomeOf((_call, _response, socket) => void socket.end('nonsense\r\n\r\n')),
      /^cut: Connection broken: .*not HTTP/,
    );
  });
  test('an answer without end is cut off, not kept', async () => {
    const flood: StubAnswer = (_call, response) => {
      const more = () => {
        while (response.writable && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    };
    assert.match(await outcomeOf(flood), /^not_understood: The core answered 200/);
  });
  test('an informational answer is not the answer', async () => {
    const early: StubAnswer = (call, response, socket) => {
      response.writeProcessing();
      return succeed(call, response, socket);
    };
    assert.equal(await outcomeOf(early), 'done');
  });
  test('a host name nobody knows', async () => {
    await using target = targetAt('http://core.invalid');
    assert.match(told(await callOnce(target)), /^connect_failed: Host name (not found|lookup failed)$/);
  });
});

test('a token that was changed while the core took its time is not told either', async () => {
  await using core = await CoreStub.start();
  let current = 'old-token';
  core.answer = (call, response, socket) => {
    current = 'new-token';
    return respond(401, { error: `Unknown: ${call.headers.authorization}` })(call, response, socket);
  };
  await using target = targetAt(core.url, { token: () => current });
  assert.match(told(await callOnce(target)), /^credentials: .*: Unknown: Bearer \[redacted\]$/);
});

test('connections are kept and used again', async () => {
  await using core = await CoreStub.start();
  await using target = targetAt(core.url);
  const ports = new Set<number | undefined>();
  core.answer = (call, response, socket) => {
    ports.add(socket.remotePort);
    return succeed(call, response, socket);
  };
  for (let call = 0; call < 20; call++) assert.equal(told(await callOnce(target)), 'done');
  assert.ok(ports.size <= 2, 'the next call may come before the last connection is free again');
});

describe('a single connection', () => {
  const single = (url: string) => targetAt(url, { connections: 1 });
  const named = (target: WtlTarget, uniqueId: string, ms = 5_000) =>
    target.apply(aChange(), { requestId: 'r', uniqueId, deadline: systemClock.now() + ms }).then(told);

  test('is free again whatever came of its call', async () => {
    await using core = await CoreStub.start();
    await using target = single(core.url);
    const flood: StubAnswer = (_call, response) => void response.end('x'.repeat(2 * 1024 * 1024));
    const ends: [StubAnswer, RegExp][] = [
      [hang, /^timeout/],
      [(_call, _response, socket) => void socket.destroy(), /^cut/],
      [(_call, _response, socket) => void socket.end('nonsense\r\n\r\n'), /^cut/],
      [flood, /^not_understood/],
      [respond(503, { error: 'busy' }, { connection: 'close' }), /^busy/],
    ];
    for (const [answer, expected] of ends) {
      core.answer = answer;
      assert.match(await named(target, 'odd', 200), expected);
      core.answer = succeed;
      assert.equal(await named(target, 'plain'), 'done');
    }
  });

  test('is free again when the core could not be reached', async () => {
    const gone = await CoreStub.start();
    const { port, url } = gone;
    await gone.stop();
    await using target = single(url);
    assert.match(await named(target, 'a'), /^connect_failed: Connection refused/);
    await using _core = await CoreStub.start(succeed, port);
    assert.equal(await named(target, 'b'), 'done');
  });

  test('is waited for in turn, and a call whose time is over is never sent', async () => {
    await using core = await CoreStub.start();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    core.answer = async (call, response, socket) => {
      await held;
      return succeed(call, response, socket);
    };
    await using target = single(core.url);
    const calls = [named(target, 'a'), named(target, 'b'), named(target, 'late', 30), named(target, 'c')];
    assert.match((await calls[2]) ?? '', /^connect_failed: Connection timeout: no connection/);
    release();
    await Promise.all(calls);
    assert.deepEqual(
      core.calls.map(({ headers }) => headers['x-request-id']),
      ['a', 'b', 'c'],
    );
  });

  test('that is reset while it has nothing to do, or cannot be had, fails nobody but whom it must', async () => {
    const peers: Socket[] = [];
    await using core = await listening(
      createTcpServer((socket) => {
        peers.push(socket);
        socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
      }),
    );
    await using target = single(`http://127.0.0.1:${core.port}`);
    assert.equal(await named(target, 'first'), 'done');
    // Its reset, and three calls, one of which gets the connection, in the same turn of the loop.
    peers[0]?.resetAndDestroy();
    await new Promise((resolve) => peers[0]?.once('close', resolve));
    const [a, ...others] = await Promise.all(['a', 'b', 'c'].map((name) => named(target, name)));
    assert.match(a ?? '', /^(done|connect_failed: Connection reset)$/);
    assert.deepEqual(others, ['done', 'done']);
    await core.close();
    const refused = await Promise.all(['d', 'e', 'f'].map((name) => named(target, name)));
    for (const answer of refused) assert.match(answer, /^connect_failed: Connection re(fused|set)/);
  });

  test('that the core closes after each answer without a word is not used again', async () => {
    await using core = await listening(
      createTcpServer((socket) => {
        socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
      }),
    );
    await using target = single(`http://127.0.0.1:${core.port}`);
    const calls = Array.from({ length: 40 }, (_, number) => named(target, String(number)));
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(['done']));
  });

  test('that brings more bytes than its answer has is not used again, and they are nobody’s answer', async () => {
    const none = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
    const refusal = '{"result":false,"error":"No such profile"}';
    const another = `HTTP/1.1 200 OK\r\ncontent-length: ${refusal.length}\r\n\r\n${refusal}`;
    for (const surplus of [refusal, another]) {
      let connections = 0;
      await using core = await listening(
        createTcpServer((socket) => {
          const first = ++connections === 1;
          socket.on('error', () => {}).on('data', () => socket.write(first ? none + surplus : none));
        }),
      );
      await using target = targetAt(`http://127.0.0.1:${core.port}`, { connections: 1 });
      const outcomes = [await callOnce(target), await callOnce(target), await callOnce(target)];
      assert.deepEqual(outcomes.map(told), ['done', 'done', 'done'], 'an empty answer is a success');
      assert.equal(connections, 2);
    }
  });
  test('a target that is closed leaves nobody waiting for it', async () => {
    await using core = await CoreStub.start(hang);
    await using target = single(core.url);
    const calls = [named(target, 'a'), named(target, 'b')];
    await core.called(1);
    await target.close();
    assert.match((await calls[0]) ?? '', /^cut: the connector is stopping/);
    assert.match((await calls[1]) ?? '', /^connect_failed: the connector is stopping/);
    assert.match(await named(target, 'c'), /^connect_failed: the connector is stopping/);
    assert.equal(core.calls.length, 1);
  });
});

test('a connection that cannot be opened does not keep calls from one that works', async () => {
  const answered: Socket[] = [];
  // The first connection is served; what comes after it is closed, unheard, when that has been answered.
  await using core = await listening(
    createTcpServer((socket) => {
      if (answered.length > 0) return void setTimeout(() => socket.resetAndDestroy(), 20);
      answered.push(socket);
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
    }),
  );
  await using target = targetAt(`http://127.0.0.1:${core.port}`);
  const first = callOnce(target);
  await Promise.all([first, callOnce(target), callOnce(target)]);
  for (let call = 0; call < 5; call++) assert.equal(told(await callOnce(target)), 'done');
});

test('a request that waited for its connection beyond the deadline is never sent', async () => {
  // A server that accepts nothing until told: the TCP handshake succeeds, TLS does not begin.
  await using silent = await listening(createTcpServer());
  await using target = targetAt(`https://127.0.0.1:${silent.port}`, { connectTimeoutMs: 10_000 });
  assert.match(told(await callOnce(target, 100)), /^connect_failed: Connection timeout/);
});

test('nor is one whose connection was made while the process stood still beyond the deadline (G1)', async () => {
  await using core = await CoreStub.start();
  let stoodStillMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + stoodStillMs };
  await using target = targetAt(core.url, {}, clock);
  const called = callOnce(target);
  // What was to be done at the deadline comes after what happened on the network, in one turn of the loop.
  stoodStillMs = 10_000;
  assert.match(told(await called), /^connect_failed: Connection timeout/);
  stoodStillMs = 0;
  assert.equal(told(await callOnce(target)), 'done');
  assert.equal(core.calls.length, 1);
});

describe('https', () => {
  const pem = (name: string) => readFileSync(fixture(name), 'utf8');
  const withCore = async (ask: (url: string) => Promise<void>) => {
    const server = createServer(
      {
        key: pem('server.key'),
        cert: pem('server.pem'),
        ca: pem('ca.pem'),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        const { authorized } = request.socket as unknown as { authorized: boolean };
        request
          .resume()
          .on('end', () => response.end(JSON.stringify({ result: authorized, error: 'no client certificate' })));
      },
    );
    await using core = await listening(server);
    await ask(`https://localhost:${core.port}`);
  };
  const files = { WTL_CA_FILE: fixture('ca.pem'), WTL_RETRIES: '0' };
  const cases: [string, Record<string, string>, number, RegExp][] = [
    ['an authority of its own needs WTL_CA_FILE', { WTL_RETRIES: '0' }, 503, /certificate|CERT|ISSUER|SELF/i],
    ['the core may insist on a client certificate', files, 422, /no client certificate/],
    [
      'and gets it',
      { ...files, WTL_CLIENT_CERT_FILE: fixture('client.pem'), WTL_CLIENT_KEY_FILE: fixture('client.key') },
      202,
      /processed/,
    ],
  ];
  for (const [name, env, status, words] of cases) {
    test(name, () =>
      withCore(async (url) => {
        await using connector = await startApp(url, env);
        const answer = await post(connector.eventUrl, anEvent());
        assert.equal(answer.status, status, JSON.stringify(answer.body));
        assert.match(JSON.stringify(answer.body), words);
      }),
    );
  }
});

describe('an event whose core is not well', () => {
  test('a hang is answered at the deadline, and /health at once meanwhile', async () => {
    await using core = await CoreStub.start(hang);
    await using connector = await startApp(core.url, { WTL_HTTP_REQUESTS_TIMEOUT: '0.3' });
    const answers = Array.from({ length: 20 }, (_, index) =>
      post(connector.eventUrl, anEvent({ sim_info: { imsi: `0010100000${10000 + index}` } })),
    );
    await core.called(20);
    assert.equal((await get(`${connector.url}/health`)).status, 200);
    for (const { status, body, headers } of await Promise.all(answers)) {
      assert.deepEqual(
        [status, body.message, body.error],
        [503, 'Core service is not available', 'Connection timeout'],
      );
      assert.ok(headers.get('retry-after'));
    }
    assert.equal(core.calls.length, 20, 'what may have been applied is not repeated');
  });

  test('passing failures are repeated within the event', async () => {
    await using core = await CoreStub.start();
    let failures: StubAnswer[] = [respond(503, ''), respond(502, ''), respond(429, '', { 'retry-after': '0' })];
    core.answer = (call, response, socket) => (failures.shift() ?? succeed)(call, response, socket);
    await using connector = await startApp(core.url, { EVENT_ACTIONS: 'SIM/Created=insert' });
    assert.equal((await post(connector.eventUrl, anEvent())).status, 202);
    assert.equal(core.calls.length, 4);
    const line = connector.log.lines.at(-1);
    assert.equal(line?.fields['attempts'], 4);

    failures = [respond(502, '')];
    const { status } = await post(connector.eventUrl, anEvent({ event_type: 'SIM/Created' }));
    assert.equal(status, 500, 'an insert that may have been applied is not repeated');
    assert.equal(core.calls.length, 5);
  });

  test('a cut that was applied is repeated for a full state, not for an insert', async () => {
    await using core = await CoreStub.start();
    const cut: StubAnswer = (_call, _response, socket) => void socket.destroy();
    let cuts = 1;
    core.answer = (call, response, socket) => (cuts-- > 0 ? cut : succeed)(call, response, socket);
    await using connector = await startApp(core.url, { EVENT_ACTIONS: 'SIM/Created=insert' });
    assert.equal((await post(connector.eventUrl, anEvent())).status, 202);
    assert.equal(core.calls.length, 2);
    cuts = 1;
    assert.equal((await post(connector.eventUrl, anEvent({ event_type: 'SIM/Created' }))).status, 503);
    assert.equal(core.calls.length, 3);
  });

  test('a Retry-After beyond the deadline is passed on at once', async () => {
    await using core = await CoreStub.start(respond(429, '', { 'retry-after': '60' }));
    await using connector = await startApp(core.url);
    const { status, headers } = await post(connector.eventUrl, anEvent());
    assert.deepEqual([status, headers.get('retry-after'), core.calls.length], [429, '60', 1]);
  });

  test('the circuit opens, answers without a call, and closes when the core is back', async () => {
    await using core = await CoreStub.start(respond(500, ''));
    await using connector = await startApp(core.url, { WTL_BREAKER_FAILURES: '3', WTL_BREAKER_COOLDOWN: '0.2' });
    for (let call = 0; call < 3; call++) assert.equal((await post(connector.eventUrl, anEvent())).status, 500);
    const open = await post(connector.eventUrl, anEvent());
    assert.deepEqual([open.status, open.body.error, open.headers.get('retry-after')], [503, 'Circuit open', '1']);
    assert.equal(core.calls.length, 3);
    core.answer = succeed;
    // The cool-down is over when an event gets through: a fact to wait for.
    while ((await post(connector.eventUrl, anEvent())).status !== 202) await new Promise(setImmediate);
    assert.equal(core.calls.length, 4);
  });

  test('events of one subscriber never meet in the core; the waiting room is bounded', async () => {
    await using core = await CoreStub.start(
      (call, response, socket) => void setTimeout(() => succeed(call, response, socket), 5),
    );
    await using connector = await startApp(core.url, { WTL_MAX_CONCURRENCY: '4', WTL_MAX_WAITING: '20' });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        post(connector.eventUrl, anEvent({ sim_info: { imsi: `00101000000000${index % 2}` } })),
      ),
    );
    assert.equal(core.overlaps, 0);
    const count = (wanted: number) => answers.filter(({ status }) => status === wanted).length;
    assert.equal(count(202) + count(429), 60);
    assert.ok(count(202) >= 24 && count(429) > 0);
    const turnedAway = answers.find(({ status }) => status === 429);
    assert.deepEqual([turnedAway?.body.type, turnedAway?.headers.get('retry-after')], ['RATE_LIMIT_ERROR', '1']);
  });
});

test('a base URL keeps its path, and its trailing slashes do not matter', () => {
  const at = (url: string) => provisioningUrl(new URL(url)).href;
  assert.equal(at('http://h/wtl/hlr/v1'), 'http://h/wtl/hlr/v1/prov');
  assert.equal(at('http://h/wtl/hlr/v1///'), 'http://h/wtl/hlr/v1/prov');
  assert.equal(at('http://h'), 'http://h/prov');
  assert.equal(at('http://h//wtl/v1'), 'http://h//wtl/v1/prov');
});

test('a delete of a subscriber who is not there has what it wants', async () => {
  await using core = await CoreStub.start(respond(404, { error: 'No such subscriber' }));
  await using connector = await startApp(core.url, { EVENT_ACTIONS: 'SIM/Deleted=delete' });
  assert.equal((await post(connector.eventUrl, anEvent({ event_type: 'SIM/Deleted' }))).status, 202);
});

test('a page of 404 in place of the core says nothing of subscribers: nobody is deleted, released or given up for it', async () => {
  await using core = await CoreStub.start(respond(404, '404 page not found\n', { 'content-type': 'text/plain' }));
  await using connector = await startApp(core.url, { EVENT_ACTIONS: 'SIM/Deleted=delete' });
  const deleted = await post(connector.eventUrl, anEvent({ event_type: 'SIM/Deleted' }));
  assert.deepEqual([deleted.status, deleted.body.message], [404, 'Resource not found']);
  assert.match(deleted.body.error, /WTL_API_URL.*404 page not found/);
  const prev_sim_info = { imsi: '001010000000098' };
  const swapped = await post(connector.eventUrl, anEvent({ event_type: 'SIM/Replaced', prev_sim_info }));
  assert.equal(swapped.status, 404);
  assert.deepEqual(
    core.calls.map(({ request }) => request['action'] === 'delete' || request['imsi']),
    [true, prev_sim_info.imsi],
    'the number is not given',
  );
});

test('queued: what comes while a page is in place of the core is sent once the core is back', async () => {
  await using core = await CoreStub.start(inTurn(respond(404, '<html>'), succeed));
  await using connector = await startApp(core.url, { DELIVERY: 'queued', RETRY_FIRST_PAUSE: '0.05' });
  assert.equal((await post(connector.eventUrl, anEvent())).status, 202);
  await core.called(2);
});

test('WTL_MAX_RPS: what cannot be started before its deadline is turned away as 429, with the time to come back', async () => {
  await using core = await CoreStub.start();
  await using connector = await startApp(core.url, { WTL_MAX_RPS: '4', WTL_HTTP_REQUESTS_TIMEOUT: '0.4' });
  const events = Array.from({ length: 6 }, (_, index) => anEvent({ sim_info: { imsi: `00101000000010${index}` } }));
  const answers = await Promise.all(events.map((event) => post(connector.eventUrl, event)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 202, 429, 429, 429, 429]);
  const late = answers.find(({ status }) => status === 429);
  assert.deepEqual([late?.body.type, late?.headers.get('retry-after')], ['RATE_LIMIT_ERROR', '1']);
});

describe('an attempt without a known result', () => {
  const blocked = { bill_status: 'open', blocked: true, id: '79123456789@msisdn' };
  test('that the core applies late, over a newer state, is put right when NSPS sends it again (G4)', async () => {
    let held: unknown;
    const apply: StubAnswer = (call, response, socket) => {
      held = call.request['subscriber_status'];
      return succeed(call, response, socket);
    };
    const { promise: later, resolve: applyLate } = Promise.withResolvers<void>();
    let hung = false;
    await using core = await CoreStub.start((call, response, socket) => {
      if (hung) return apply(call, response, socket);
      hung = true;
      return later.then(() => {
        held = call.request['subscriber_status'];
      });
    });
    await using connector = await startApp(core.url, { WTL_HTTP_REQUESTS_TIMEOUT: '0.2' });
    const bar = anEvent({ account_info: blocked, updated_at: stamp(1) });
    const grant = anEvent({ updated_at: stamp(2) });
    assert.equal((await post(connector.eventUrl, bar)).status, 503);
    assert.equal((await post(connector.eventUrl, grant)).status, 202);
    applyLate();
    await later;
    assert.equal(held, 'operatorDeterminedBarring', 'the core has gone back');
    assert.equal((await post(connector.eventUrl, bar)).body.outcome, 'superseded');
    assert.equal(held, 'serviceGranted', 'and is right again');
    // Once more by itself, when the core can no longer come to it; then it is settled.
    await connector.log.heard('Subscriber brought up to date');
    assert.equal((await post(connector.eventUrl, bar)).body.outcome, 'superseded');
    assert.equal(core.calls.length, 4, 'nothing is in doubt any more');
  });

  test('is in doubt also when its repeat certainly failed', async () => {
    const cut: StubAnswer = (_call, _response, socket) => void socket.destroy();
    await using core = await CoreStub.start(inTurn(cut, respond(503, ''), succeed));
    await using connector = await startApp(core.url, { WTL_RETRIES: '1' });
    assert.equal((await post(connector.eventUrl, anEvent({ updated_at: stamp(2) }))).status, 503);
    const older = await post(connector.eventUrl, anEvent({ account_info: blocked, updated_at: stamp(1) }));
    assert.equal(older.body.outcome, 'superseded');
    assert.deepEqual(
      core.calls.map(({ request }) => request['subscriber_status']),
      ['serviceGranted', 'serviceGranted', 'serviceGranted'],
    );
  });

  test('is not gone back on: an older event confirms it instead of being sent (G2)', async () => {
    await using core = await CoreStub.start(inTurn((_call, _response, socket) => void socket.destroy(), succeed));
    await using connector = await startApp(core.url, { WTL_RETRIES: '0' });
    const grant = anEvent({ updated_at: stamp(2) });
    assert.equal((await post(connector.eventUrl, grant)).status, 503);
    const older = await post(connector.eventUrl, anEvent({ account_info: blocked, updated_at: stamp(1) }));
    assert.equal(older.body.outcome, 'superseded');
    assert.deepEqual(
      core.calls.map(({ request }) => request['subscriber_status']),
      ['serviceGranted', 'serviceGranted'],
    );
  });

  test('that somebody on the way gave up with a page of 503 is watched for: the core may still make it (G4)', async () => {
    const page = respond(503, 'upstream connect error or disconnect/reset before headers', {});
    await using core = await CoreStub.start(inTurn(page, succeed));
    const env = { WTL_RETRIES: '0', SETTLE_AFTER: '0.2' };
    await using connector = await startApp(core.url, env);
    const bar = anEvent({ account_info: blocked, updated_at: stamp(1) });
    assert.equal((await post(connector.eventUrl, bar)).status, 503);
    assert.equal((await post(connector.eventUrl, anEvent({ updated_at: stamp(2) }))).status, 202);
    await connector.log.heard('Subscriber brought up to date');
    assert.deepEqual(
      core.calls.map(({ request }) => request['subscriber_status']),
      ['operatorDeterminedBarring', 'serviceGranted', 'serviceGranted'],
    );
  });
});
