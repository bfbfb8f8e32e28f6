import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What ends each message of a statement. */
const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);

/** A line to a database, on loopback, that can be cut, or swallow everything without a word. */
export class BadLine implements AsyncDisposable {
  readonly #server: Server;
  readonly #upstreamPort: number;
  readonly #sockets = new Set<Socket>();
  #state: 'open' | 'cut' | 'silent' | 'gone' = 'open';
  #goneIn: string | null = null;

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort;
    this.#server = createServer((socket) => this.#accept(socket)).listen(0, '127.0.0.1');
  }

  static async to(upstreamPort: number): Promise<BadLine> {
    const line = new BadLine(upstreamPort);
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #accept(socket: Socket): void {
    this.#keep(socket);
    if (this.#state === 'cut') socket.destroy();
    // Whoever comes in while nothing passes is never answered.
    if (this.#state !== 'open') return;
    const upstream = this.#keep(connect(this.#upstreamPort, '127.0.0.1'));
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      from.on('data', (chunk: Buffer) => void to.write(to === upstream ? this.#passing(chunk) : chunk));
      from.on('close', () => {
        if (this.#state !== 'gone') to.destroy();
      });
    }
  }

  /** As much of it as the database gets to see. */
  #passing(chunk: Buffer): Buffer {
    const at = this.#goneIn === null ? -1 : chunk.indexOf(this.#goneIn);
    if (at < 0) return chunk;
    this.swallow();
    this.#state = 'gone';
    return chunk.subarray(0, chunk.indexOf(SYNC, at));
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /** Ends all connections, and every new one. */
  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets nothing pass any more, and ends nothing. */
  swallow(): void {
    this.#state = 'silent';
    for (const socket of this.#sockets) socket.pause();
  }

  /**
   * Is gone at the end of the next statement of this name: the database carries it out, waits for the rest of what was said,
   * and hears nothing more, not even that the other end has hung up.
   */
  beGoneIn(statement: string): void {
    this.#goneIn = statement;
  }

  /** What was held back arrives after all. */
  mend(): void {
    this.#state = 'open';
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
