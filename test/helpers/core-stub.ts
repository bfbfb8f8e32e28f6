import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';

export interface StubCall {
  readonly request: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
}

export type StubAnswer = (call: StubCall, response: ServerResponse, socket: Socket) => void | Promise<void>;

/** A core that does exactly what a test says, for what the simulator is too well-behaved for. */
export class CoreStub {
  readonly calls: StubCall[] = [];
  /** How many calls met another one of the same IMSI. */
  overlaps = 0;
  answer: StubAnswer;
  readonly #server: Server;
  readonly #busy = new Set<unknown>();
  readonly #sockets = new Set<Socket>();
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  private constructor(answer: StubAnswer) {
    this.answer = answer;
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(answer: StubAnswer = succeed, port = 0): Promise<CoreStub> {
    const stub = new CoreStub(answer);
    await new Promise<void>((resolve) => stub.#server.listen(port, '127.0.0.1', resolve));
    return stub;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/wtl/hlr/v1`;
  }

  /** Connections ever kept open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Resolves once that many calls have arrived in all. */
  called(count: number): Promise<void> {
    if (this.calls.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(request)) as Record<string, unknown>;
    const call = { request: body, headers: request.headers, path: request.url ?? '' };
    if (this.#busy.has(body['imsi'])) this.overlaps++;
    this.#busy.add(body['imsi']);
    response.on('close', () => this.#busy.delete(body['imsi']));
    this.calls.push(call);
    for (const waiter of this.#waiting.filter(({ count }) => this.calls.length >= count)) waiter.resolve();
    await this.answer(call, response, request.socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const succeed: StubAnswer = (_call, response) => void response.end('{"result":true}');

/** Answers with a status and a body. */
export function respond(status: number, body: unknown, headers: Record<string, string> = {}): StubAnswer {
  return (_call, response) => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

export const hang: StubAnswer = () => {};

/** One answer after the other; the last one stays. */
export function inTurn(...answers: [StubAnswer, ...StubAnswer[]]): StubAnswer {
  let turn = 0;
  return (call, response, socket) => {
    const answer = answers[Math.min(turn++, answers.length - 1)] as StubAnswer;
    return answer(call, response, socket);
  };
}
