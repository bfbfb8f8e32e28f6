import pg from 'pg';
import type { Secret } from '../../config/secret.ts';
import { StoreError } from '../../ports/store.ts';
import { Connections } from './connections.ts';
import { isAnswer, isCollision, isReadOnly, storeError } from './faults.ts';
import { isToBeMade, migrate, requireToday } from './schema.ts';
import { limitsOfSession } from './session.ts';

const CONNECT_MS = 5_000;
/** The server gives up a statement after this, and somebody's transaction which says nothing for so long. */
const STATEMENT_MS = 10_000;
/** And a transaction when it takes so many times as long: its client may be gone though half a message of it came. */
const STATEMENTS_LONG = 2;
/** A server that does not even do that is taken for gone. */
const ANSWER_MS = 12_000;
/** Waiting for another instance's migration, or doing one: tables may be large. */
const MIGRATION_MS = 1_800_000;
/** For hanging up in good order. */
const GOODBYE_MS = 1_000;
/** For looking, apart from the rest: a long search must not hold up an event. */
const VIEW_CONNECTIONS = 2;
const TRIES = 5;
/** What may read all there is has a minute, and a connection of its own: one that looks must not wait for it. */
const LONG_MS = 60_000;
/**
 * All rows are known by their keys. A plan made while the tables were small would go on reading all of them when they are
 * not any more.
 */
const BY_KEY = 'SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off';

/**
 * What is answered 2xx is on the disk of the database (G3), also where that was told to answer before. Where it waits for a
 * standby, or for none, is left as it is.
 */
const DURABLE =
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/** Which database, and who asks. */
export interface DatabaseAddress {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** When the URL holds none. It may change: each connection is made with what it is by then. */
  readonly password?: Secret | null;
}

export interface DatabaseOptions extends DatabaseAddress {
  /** Connections for events; two more are made when somebody looks, and one to look through everything. */
  readonly poolSize: number;
  /** How long a statement may take, in milliseconds. */
  readonly statementMs?: number;
}

/** A statement, prepared once per connection, that gives rows as arrays. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Connections to one database. Every method rejects with the plain error; `named` makes a `StoreError` of it. */
export class Database {
  readonly #name: string;
  readonly #work: Connections;
  readonly #views: Connections;
  readonly #long: Connections;
  readonly #Client: typeof pg.Client;
  readonly #config: pg.PoolConfig;
  readonly #closing = new AbortController();

  /** @throws StoreError when the URL is none. */
  constructor({ poolSize, statementMs = STATEMENT_MS, ...address }: DatabaseOptions) {
    this.#name = nameOf(address.url);
    this.#Client = clientOf(address);
    this.#config = {
      Client: this.#Client,
      application_name: 'nsps-connector',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      types: { getTypeParser },
    };
    const bounded: pg.PoolConfig = {
      ...this.#config,
      query_timeout: statementMs + ANSWER_MS - STATEMENT_MS,
      // What does not depend on an answer is sent without waiting for it.
      pipeline: true,
    };
    const transactionMs = STATEMENTS_LONG * statementMs;
    this.#work = new Connections({ ...bounded, max: poolSize }, { statementMs, transactionMs }, BY_KEY, DURABLE);
    this.#views = new Connections({ ...bounded, max: VIEW_CONNECTIONS }, { statementMs });
    // Without a pipeline: one that is full is not cut off, but waited for.
    const long = { ...this.#config, query_timeout: LONG_MS + ANSWER_MS - STATEMENT_MS, max: 1 };
    this.#long = new Connections(long, { statementMs: LONG_MS }, BY_KEY);
  }

  /** Brings the tables up to date. @returns whether there were none. */
  migrate(): Promise<boolean> {
    return this.#alone((client) => migrate(client));
  }

  /** Changes nothing. Rejects with a `StoreError` when the tables are not exactly today's. */
  requireToday(): Promise<void> {
    return this.#alone((client) => requireToday(client));
  }

  /** Whether there are no tables yet; changes nothing. Rejects with a `StoreError` when they could not be made. */
  isToBeMade(): Promise<boolean> {
    return this.#alone(isToBeMade);
  }

  /** Over a connection of its own, which may take long. */
  async #alone<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new this.#Client({ ...this.#config, query_timeout: MIGRATION_MS });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query(limitsOfSession({ statementMs: MIGRATION_MS }));
      return await work(client);
    } finally {
      await endOf(client);
    }
  }

  /** Runs one statement, in a transaction of its own. */
  async run<Row extends unknown[]>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return this.transaction((client) => send<Row>(client, statement, values));
  }

  /** The same, for those who only look. */
  async look<Row extends unknown[]>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#with(this.#views, async (client) => {
      const { rows } = await client.query<Row>({ text, values: [...values], rowMode: 'array' });
      return rows;
    });
  }

  /** The same for what may take a minute, and no event waits for; cut off when the connections are ended. */
  async lookLong<Row extends unknown[]>(text: string): Promise<Row[]> {
    return this.#with(this.#long, async (client) => {
      const query = client.query<Row>({ text, rowMode: 'array' });
      return (await unlessAborted(query, this.#closing.signal)).rows;
    });
  }

  /**
   * Lets `work` do a transaction, which begins and commits it; whatever it throws undoes it. Done again when somebody else
   * got in its way.
   */
  async transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#with(this.#work, work);
      } catch (error) {
        if (!isCollision(error) || tries === TRIES) throw error;
      }
    }
  }

  async #with<T>(connections: Connections, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await connections.take();
    let broken = true;
    try {
      const result = await work(client);
      broken = false;
      return result;
    } catch (error) {
      // The next connection leads to whoever is the primary now; what the old one still tells is out of date.
      if (isReadOnly(error)) this.#renew();
      else if (isAnswer(error))
        broken = await client.query('ROLLBACK').then(
          () => false,
          () => true,
        );
      throw error;
    } finally {
      client.release(broken);
    }
  }

  #renew(): void {
    this.#work.renew();
    this.#views.renew();
    this.#long.renew();
  }

  /** Gives what `work` gives; what it throws becomes a `StoreError` that names the database. */
  async named<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw storeError(error, this.#name);
    }
  }

  /** Ends all connections, once they are at rest. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#work.end(), this.#views.end(), this.#long.end()]);
  }
}

/** Sends a statement. Several may be sent before the first is answered; they are carried out in order. */
export async function send<Row extends unknown[]>(
  client: pg.ClientBase,
  { name, text }: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const { rows } = await client.query<Row>({ name, text, values: [...values], rowMode: 'array' });
  return rows;
}

/** Ends a connection; the driver waits for the other side to hang up, too, and that may be no PostgreSQL. */
async function endOf(client: pg.Client): Promise<void> {
  const hangUp = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS);
  await client.end().catch(() => {});
  clearTimeout(hangUp);
}

/** What `work` gives, as long as somebody wants it. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = () => reject(new StoreError('the connections were ended'));
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
    if (signal.aborted) giveUp();
  });
}

/** IMSIs, times and sequence numbers all fit a number. */
const getTypeParser: pg.CustomTypesConfig['getTypeParser'] = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text');

/** A client is told all of its address when it is made: a password beside the URL, were it a function, would be lost. */
function clientOf({ url, password }: DatabaseAddress): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionString: fullAddress(url, password) });
    }
  };
}

function fullAddress(text: string, password: Secret | null = null): string {
  const url = new URL(text);
  if (password && url.password === '') url.password = encodeURIComponent(password.reveal());
  const { searchParams: options } = url;
  if (isStrictAnyway(options)) options.set('sslmode', 'verify-full');
  return url.href;
}

/** The driver takes weaker modes of TLS for `verify-full`, too, and says so on eight lines at each start. */
function isStrictAnyway(options: URLSearchParams): boolean {
  const weaker = ['prefer', 'require', 'verify-ca'].includes(options.get('sslmode') ?? '');
  return weaker && options.get('uselibpqcompat') !== 'true';
}

/** Where the database is, without the user and the password. */
function nameOf(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed) throw new StoreError('the URL of the database cannot be read', { passing: false });
  const host = parsed.hostname || (parsed.searchParams.get('host') ?? 'localhost');
  return `${host}:${parsed.port || '5432'}${parsed.pathname}`;
}
