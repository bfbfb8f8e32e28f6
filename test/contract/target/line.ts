import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { DeafPort } from './deaf-port.ts';

/** What becomes of an answer: it never comes, the connection ends instead of it, or other bytes come. */
export type Misfortune = 'silence' | 'cut' | Buffer;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What was asked on a connection since its last answer, and what comes back; as latin1. */
type When = (asked: string, answer: string) => boolean;

/**
 * The way from a target to its system, on loopback, a port for each of the system's. What can go wrong on the way is the same
 * for every protocol, so it is made here, and once for all targets.
 */
export class Line implements AsyncDisposable {
  readonly #servers: readonly Server[];
  readonly #changes: RegExp;
  readonly #sockets = new Set<Socket>();
  readonly #callers = new Set<Socket>();
  #ports: readonly number[] = [];
  #deaf: DeafPort[] = [];
  #next: { readonly misfortune: Misfortune; readonly when: When; readonly come: () => void } | null = null;

  private constructor(upstreams: readonly Address[], changes: RegExp) {
    this.#changes = changes;
    this.#servers = upstreams.map((upstream) => createServer((socket) => this.#accept(socket, upstream)));
  }

  /** @param changes matches what asks the system to change something; any request does when it is not given. */
  static async to(upstreams: readonly Address[], changes = /^/): Promise<Line> {
    const line = new Line(upstreams, changes);
    for (const server of line.#servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    line.#ports = line.#servers.map((server) => (server.address() as AddressInfo).port);
    return line;
  }

  /** In the order of the system's. */
  get ports(): readonly number[] {
    return this.#ports;
  }

  /** The target's connections, as the system sees them. */
  get connections(): number {
    return this.#callers.size;
  }

  /** Connections of nobody, which keep a deaf port deaf. */
  get fillers(): number {
    return this.#deaf.reduce((sum, { fillers }) => sum + fillers, 0);
  }

  /**
   * The next request for a change arrives and is carried out, but its answer meets this.
   * @param when picks another answer.
   * @returns resolves once it has.
   */
  next(misfortune: Misfortune, when: When = (asked) => this.#changes.test(asked)): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#next = { misfortune, when, come: resolve };
    return promise;
  }

  #accept(caller: Socket, { host, port }: Address): void {
    const system = connect({ host, port });
    let [asked, mute] = ['', false];
    this.#callers.add(caller.on('close', () => this.#callers.delete(caller)));
    for (const [one, other] of [
      [caller, system],
      [system, caller],
    ] as const) {
      this.#sockets.add(one);
      one
        .on('error', () => {})
        .on('close', () => {
          this.#sockets.delete(one);
          // Whoever waits for an answer that does not come must not learn that there was one.
          if (one === caller || !mute) other.destroy();
        });
    }
    caller.on('data', (chunk: Buffer) => {
      asked += chunk.toString('latin1');
      system.write(chunk);
    });
    system.on('data', (chunk: Buffer) => {
      mute ||= this.#misfortune(asked, chunk, caller);
      if (!mute) caller.write(chunk);
      asked = '';
    });
  }

  /** @returns whether nothing more comes on this connection. */
  #misfortune(asked: string, answer: Buffer, caller: Socket): boolean {
    if (!this.#next?.when(asked, answer.toString('latin1'))) return false;
    const { misfortune, come } = this.#next;
    this.#next = null;
    if (misfortune === 'cut') caller.destroy();
    else if (misfortune !== 'silence') caller.write(misfortune);
    come();
    return true;
  }

  /** Nobody listens there from now on; what was connected is cut. */
  async refuse(): Promise<void> {
    const closed = this.#servers.filter(({ listening }) => listening).map((server) => once(server.close(), 'close'));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  /** Whoever connects waits for ever from now on; what was connected is cut. */
  async deafen(): Promise<void> {
    await this.refuse();
    for (const port of this.#ports) this.#deaf.push(await DeafPort.at(port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
    for (const deaf of this.#deaf) await deaf[Symbol.asyncDispose]();
  }
}
