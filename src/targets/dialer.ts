import { Socket } from 'node:net';
import { buildConnector } from 'undici';

/**
 * Opens connections for undici, and knows those that are not open yet: undici, when it is destroyed, leaves them to their own
 * time-out, and until then the process could not end.
 */
export class Dialer {
  readonly connect: buildConnector.connector;
  readonly #opening = new Set<Socket>();

  /** @param options as undici's `connect`; `timeout` in milliseconds. */
  constructor(options: buildConnector.BuildOptions) {
    const connector = buildConnector({ ...options, allowH2: false });
    this.connect = (address, callback) => {
      const socket: unknown = connector(address, (...result) => {
        if (socket instanceof Socket) this.#opening.delete(socket);
        callback(...result);
      });
      if (socket instanceof Socket) this.#opening.add(socket);
    };
  }

  /** Gives up the connections that are not open yet. */
  hangUp(): void {
    for (const socket of this.#opening) socket.destroy(new Error('given up'));
    this.#opening.clear();
  }
}
