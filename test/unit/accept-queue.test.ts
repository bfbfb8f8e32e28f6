import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AcceptQueue } from '../../sim/accept-queue.ts';

test('connections that are accepted turn after turn may all have waited since the first, for their first request', async (t) => {
  const queue = new AcceptQueue();
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    queue.accepted(socket);
    accepted.push(socket);
  });
  const callers: Socket[] = [];
  t.after(() => {
    for (const socket of [...callers, ...accepted]) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const call = async (count: number) => {
    for (let n = 0; n < count; n++) callers.push(connect(port, '127.0.0.1'));
    const expected = accepted.length + count;
    while (accepted.length < expected) await turn();
    return accepted.slice(-count).map((socket) => queue.sentSince(socket));
  };

  const [first = 0, ...others] = await call(5);
  assert.deepEqual(others, [first, first, first, first]);
  const again = queue.sentSince(accepted[4] as Socket);
  assert.ok(again > first, 'the connection was open by then');
  // Turns in which nobody comes.
  await turn();
  await turn();
  await turn();
  const [later = 0] = await call(1);
  assert.ok(later > again);
});
