import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { describe, test } from 'node:test';
import { Secret } from '../../src/config/secret.ts';
import { type Answer, Answers } from '../../src/http/answer.ts';
import { Authenticator } from '../../src/http/auth.ts';
import type { EventIntake } from '../../src/http/intake.ts';
import { Lifecycle } from '../../src/http/lifecycle.ts';
import { buildServer } from '../../src/http/server.ts';
import type { Clock } from '../../src/ports/runtime.ts';
import { NO_TRACER, type Tracer } from '../../src/ports/tracer.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import { sendRaw } from '../helpers/raw.ts';

const TOKEN = 'a-token-of-nsps';
const DONE: Answer = { status: 202, body: { message: 'Event processed successfully', outcome: 'processed' } };

/** The HTTP side alone, with an intake that does as it is told. */
async function serving(handle: () => Promise<Answer>, tracer: Tracer = NO_TRACER, clock: Clock = NEVER) {
  const [log, lifecycle] = [memoryLog(), new Lifecycle()];
  const http = buildServer({
    options: {
      appName: 'faulty',
      eventPath: '/process-event',
      maxBodyBytes: 1_000,
      intakeTimeoutMs: 5_000,
      eventTimeoutMs: 5_000,
    },
    authenticator: new Authenticator([new Secret(TOKEN)]),
    intake: { handle } as unknown as EventIntake,
    lifecycle,
    storeFault: () => null,
    answers: new Answers('upper'),
    log,
    clock,
    tracer,
  });
  await http.listen({ host: '127.0.0.1', port: 0 });
  const { port } = http.server.address() as AddressInfo;
  const post = () =>
    fetch(`http://127.0.0.1:${port}/process-event`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: '{}',
    });
  return { port, post, log, lifecycle, [Symbol.asyncDispose]: () => http.close() };
}

describe('a fault of ours while an event is taken', () => {
  for (const [what, thrown] of [
    ['an error', new Error('a slip')],
    ['a text', 'a slip'],
    ['nothing', undefined],
  ] as const) {
    test(`is answered 500, and never 2xx: ${what} was thrown`, async () => {
      await using site = await serving(() => Promise.reject(thrown));
      const response = await site.post();
      const { type, error } = (await response.json()) as { type: string; error: string };
      assert.deepEqual([response.status, type], [500, 'INTERNAL_ERROR']);
      assert.doesNotMatch(error, /slip/, 'what is inside stays inside');
      assert.deepEqual(
        site.log.lines.map(({ level, message }) => [level, message]),
        [['error', 'Internal server error']],
      );
    });
  }

  test('is answered 500 when there is an answer that cannot be sent', async () => {
    await using site = await serving(() => Promise.resolve({ ...DONE, status: 99 }));
    assert.equal((await site.post()).status, 500);
    assert.equal(await site.lifecycle.drain(1_000, NEVER), true, 'and it is not under way any more');
  });

  test('is that of its event: those beside it are answered', async () => {
    let asked = 0;
    const tracer: Tracer = {
      ...NO_TRACER,
      event: (_headers, _ids, work) => {
        if (asked++ % 3 === 0) throw new Error('a slip');
        return work();
      },
    };
    await using site = await serving(() => Promise.resolve(DONE), tracer);
    const statuses = await Promise.all(Array.from({ length: 30 }, async () => (await site.post()).status));
    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [...Array(20).fill(202), ...Array(10).fill(500)],
    );
  });
});

test('an event whose client hung up is under way until it is done', async () => {
  const { promise: held, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: taken, resolve: begun } = Promise.withResolvers<void>();
  await using site = await serving(async () => {
    begun();
    await held;
    return DONE;
  });
  const client = connect(site.port, '127.0.0.1');
  client.write(
    `POST /process-event HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n` +
      'content-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  );
  await taken;
  client.destroy();
  await once(client, 'close');
  assert.equal(site.lifecycle.underWay, 1);
  const drained = site.lifecycle.drain(1_000, NEVER);
  goOn();
  assert.equal(await drained, true);
  assert.equal(site.lifecycle.underWay, 0);
});

test('what is no request is told with its address, once a minute, and how many more there were', async () => {
  const clock = new FakeClock();
  await using site = await serving(() => Promise.resolve(DONE), NO_TRACER, clock);
  const url = `http://127.0.0.1:${site.port}`;
  const hello = Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00]);
  await sendRaw(url, hello);
  await sendRaw(url, 'no HTTP at all\r\n\r\n');
  await sendRaw(url, 'no HTTP at all\r\n\r\n');
  await clock.advance(60_000);
  await sendRaw(url, `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`);
  const [tls, large, ...rest] = site.log.lines;
  assert.deepEqual([tls?.level, tls?.fields['address'], rest], ['info', '127.0.0.1', []]);
  assert.match(String(tls?.fields['error']), /^TLS, where plain HTTP is spoken/);
  assert.deepEqual([large?.fields['error'], large?.fields['more_before']], ['its headers are too large', 2]);
});

/** A clock on which no limit of time comes. */
const NEVER = { now: () => 0, wall: () => 0, after: () => () => {} };
