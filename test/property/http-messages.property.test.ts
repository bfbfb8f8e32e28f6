import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HttpMessages } from '../../bench/parts/http-messages.ts';

const answer = fc.record(
  { status: fc.integer({ min: 200, max: 599 }), body: fc.string({ maxLength: 40 }) },
  { noNullPrototype: true },
);
const answers = fc.array(answer, { maxLength: 5 });

test('the benchmark reads the same answers wherever they are cut in two', () => {
  fc.assert(
    fc.property(answers, fc.array(fc.integer({ min: 1, max: 60 })), (sent, sizes) => {
      const bytes = Buffer.concat(sent.map(({ status, body }) => answerOf(status, body)));
      const read: { status: number; body: string }[] = [];
      const messages = new HttpMessages();
      for (const part of partsOf(bytes, sizes)) {
        messages.read(part, ({ status, body }) => read.push({ status, body: body.toString() }));
        // Its memory is used again, as that of a socket is.
        part.fill(0);
      }
      assert.deepEqual(read, sent);
    }),
  );
});

test('an answer of a length that is not told is refused, not guessed', () => {
  const chunked = Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n');
  assert.throws(() => new HttpMessages().read(chunked, () => {}), /no chunked messages/);
});

function answerOf(status: number, body: string): Buffer {
  return Buffer.from(`HTTP/1.1 ${status} Word\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function* partsOf(bytes: Buffer, sizes: readonly number[]): Iterable<Buffer> {
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) return;
    yield Buffer.from(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) yield Buffer.from(bytes.subarray(at));
}
