import pg from 'pg';
import { limitsOfSession, type SessionLimits } from './session.ts';

/** Connections that are used in turn. They break while nobody uses them, too: the next one who needs one gets another. */
export class Connections {
  readonly #pool: pg.Pool;
  #current = new WeakSet<pg.PoolClient>();

  /** @param settings more statements for the beginning of each. */
  constructor(config: pg.PoolConfig, limits: SessionLimits, ...settings: string[]) {
    const beginning = [...settings, limitsOfSession(limits)].join('; ');
    // Should it fail, so does what follows.
    const onConnect = (client: pg.ClientBase) => client.query(beginning).catch(() => {});
    this.#pool = new pg.Pool({ ...config, onConnect });
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => {
      this.#current.add(client);
      client.on('error', () => {});
    });
  }

  /** One that nobody else uses, until it is released. */
  async take(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#pool.connect();
      if (this.#current.has(client)) return client;
      client.release(true);
    }
  }

  /** Whatever is connected now is not taken any more. */
  renew(): void {
    this.#current = new WeakSet();
  }

  /** Ends all of them, once they are at rest. */
  end(): Promise<void> {
    return this.#pool.end();
  }
}
