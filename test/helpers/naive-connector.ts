import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Event } from '../../src/contract/event.ts';
import { decide } from '../../src/core/decide.ts';
import type { Change } from '../../src/core/types.ts';
import { toWtlRequest } from '../../src/targets/wtl/wire.ts';
import { RULES } from './events.ts';

/**
 * A connector as one would write it in an hour: it understands events, but passes each on as it comes, remembers nothing
 * and releases an old SIM only after the new one has the number. For tests that must see a fault being found.
 */
export class NaiveConnector implements AsyncDisposable {
  readonly #server: Server;
  readonly #coreUrl: string;

  private constructor(coreUrl: string) {
    this.#coreUrl = coreUrl;
    this.#server = createServer(async (request, response) => {
      const status = await this.#process((await json(request)) as Event).catch(() => 503);
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"outcome":"processed"}');
    });
  }

  static async start(coreUrl: string): Promise<NaiveConnector> {
    const connector = new NaiveConnector(coreUrl);
    await new Promise<void>((resolve) => connector.#server.listen(0, '127.0.0.1', resolve));
    return connector;
  }

  get eventUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/process-event`;
  }

  async #process(event: Event): Promise<number> {
    const decision = decide(event, RULES);
    if (decision.kind !== 'provision') return 422;
    for (const change of decision.changes.toReversed()) {
      if (!(await this.#send(change))) return 503;
    }
    return 202;
  }

  async #send(change: Change): Promise<boolean> {
    const response = await fetch(`${this.#coreUrl}/prov`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(toWtlRequest(change)),
      signal: AbortSignal.timeout(1_000),
    });
    await response.arrayBuffer();
    return response.ok;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
