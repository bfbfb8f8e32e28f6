import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wordsOf } from '../core/text.ts';
import type { Authenticator } from './auth.ts';

/** Metrics as text. */
interface MetricsSource {
  readonly contentType: string;
  read(): Promise<string>;
}

/** The same for those who have the token. */
export interface MetricsRoute extends MetricsSource {
  readonly authenticator: Authenticator;
}

/** Longest time for a request to arrive, in milliseconds: whoever scrapes sends a line and some headers. */
const REQUEST_MS = 5_000;

/** Whose address cannot be had: the system does not always tell it with the error, which is the `cause`. */
export class MetricsAddressError extends Error {}

/** `/metrics` on a port of its own, which nobody else is meant to reach: without a token. */
export class MetricsListener {
  readonly #source: MetricsSource;
  readonly #server: Server;

  constructor(source: MetricsSource) {
    this.#source = source;
    const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS };
    this.#server = createServer(limits, (request, response) => void this.#answer(request, response));
  }

  /** @returns the port. @throws MetricsAddressError when the address cannot be had. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening').catch((cause: unknown) => {
      throw new MetricsAddressError('the address of the metrics cannot be had', { cause });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reading = request.method === 'GET' || request.method === 'HEAD';
    const known = request.url?.split('?', 1)[0] === '/metrics';
    if (!known || !reading) {
      response.writeHead(known ? 405 : 404, known ? { allow: 'GET, HEAD' } : {}).end();
      return;
    }
    try {
      const text = await this.#source.read();
      response.writeHead(200, { 'content-type': this.#source.contentType }).end(text);
    } catch (error) {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${wordsOf(error)}\n`);
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
