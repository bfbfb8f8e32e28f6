import { CoreSimulator } from '../../../sim/core-simulator.ts';
import { WtlTarget } from '../../../src/targets/wtl/target.ts';
import type { Run } from './calls.suite.ts';
import { WAIT_S } from './faults.ts';
import { Line } from './line.ts';
import type { StateSystem } from './states.suite.ts';

/** Longer than any call: the deadline ends what waits for a connection. */
const CONNECT_MS = 3_600_000;

class WtlSystem implements StateSystem {
  readonly line: Line;
  readonly core: CoreSimulator;
  readonly #path: string;
  /** Tokens of the next calls; then the right one. */
  readonly tokens: string[] = [];

  private constructor(core: CoreSimulator, line: Line, path: string) {
    this.core = core;
    this.line = line;
    this.#path = path;
  }

  static async start(): Promise<WtlSystem> {
    const core = new CoreSimulator({ port: 0, token: 'core-token' });
    const { hostname, port, pathname } = new URL(await core.start());
    return new WtlSystem(core, await Line.to([{ host: hostname, port: Number(port) }]), pathname);
  }

  connect(clock: ConstructorParameters<typeof WtlTarget>[1]): WtlTarget {
    const url = new URL(this.#path, `http://127.0.0.1:${this.line.ports[0]}`);
    const token = () => this.tokens.shift() ?? 'core-token';
    return new WtlTarget({ url, token, connections: 2, connectTimeoutMs: CONNECT_MS, tls: {} }, clock);
  }

  async holds(imsi: string) {
    const held = this.core.subscribers.get(imsi);
    if (!held) return null;
    const status = held.subscriber_status === 'serviceGranted' ? 'serviceGranted' : 'operatorDeterminedBarring';
    return { status, msisdn: held.msisdn[0] ?? null } as const;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.line[Symbol.asyncDispose]();
    await this.core.stop();
  }
}

/** WTL's API, as the core simulator speaks it. */
export const wtl: Run<WtlSystem> = {
  open: () => WtlSystem.start(),
  faults: {
    credentials: { make: ({ tokens }) => void tokens.push('an old token'), words: /Invalid API token/ },
    busy: { make: ({ core }) => core.setFaults({ script: [{ as: 503 }] }), words: /fault 503/ },
    wait: {
      make: ({ core }) => core.setFaults({ script: [{ as: 429 }], retry_after: WAIT_S }),
      words: /fault 429/,
    },
    error: { make: ({ core }) => core.setFaults({ script: [{ as: 'applied-500' }] }), words: /fault 500/ },
    garbage: {
      make: ({ core }) => core.setFaults({ script: [{ as: 'garbage' }] }),
      words: /something else than its JSON: <html>/,
    },
  },
};
