import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  await using server = await listening(createServer());
  return server.port;
}

/** A server that listens on a port of its own, until it is closed: with the connections it has. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Listens on loopback. To be had with `await using`: a server that a failed test leaves open keeps its process from ending. */
export async function listening(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, close, [Symbol.asyncDispose]: close };
}
