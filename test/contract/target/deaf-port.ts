import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Listens, and then never picks anything up again: its thread sleeps. */
const SLEEPER = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ host: '127.0.0.1', port: workerData, backlog: 1 }, () => {
  parentPort.postMessage('listening');
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;

/** Connections that the system takes in for a server with a backlog of one (Linux: one more than that). */
const FILLERS = 2;

/** A port on loopback where connecting never ends, as behind a firewall that drops what it does not like. */
export class DeafPort implements AsyncDisposable {
  readonly #sleeper: Worker;
  readonly #fillers: Socket[] = [];

  private constructor(port: number) {
    this.#sleeper = new Worker(SLEEPER, { eval: true, workerData: port });
  }

  static async at(port: number): Promise<DeafPort> {
    const deaf = new DeafPort(port);
    await once(deaf.#sleeper, 'message');
    while (deaf.#fillers.length < FILLERS) {
      const filler = connect(port, '127.0.0.1').on('error', () => {});
      deaf.#fillers.push(filler);
      await once(filler, 'connect');
    }
    return deaf;
  }

  /** Connections of its own that fill it up. */
  get fillers(): number {
    return this.#fillers.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    await this.#sleeper.terminate();
  }
}
