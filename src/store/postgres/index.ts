import type { Limits, Subscriber, Wanted } from '../../core/subscriber.ts';
import type { Deed } from '../../ports/operating.ts';
import { type CleaningOrder, type Held, type Store, StoreError, type Views, type Write } from '../../ports/store.ts';
import { Group } from '../group.ts';
import type { StoreListeners } from '../listeners.ts';
import { type AskedWrite, momentNow, type WriteResult } from '../requests.ts';
import { deedParameters, NOTE } from './audit.ts';
import { Claims, type LeaseRequest } from './claims.ts';
import { Cleaning } from './cleaning.ts';
import { Database, type DatabaseAddress, type DatabaseOptions } from './database.ts';
import { Leases } from './leases.ts';
import { NOW } from './statements.ts';
import { PostgresViews } from './views.ts';
import { pullIn } from './waiting-times.ts';
import { Writes } from './writes.ts';

export interface PostgresOptions extends Omit<DatabaseOptions, 'poolSize'>, Pick<StoreListeners, 'onNew'> {
  readonly limits: Limits;
  /** Connections for events (default 4); two more are made when somebody looks, and one to look through everything. */
  readonly poolSize?: number;
  /** `owner`: a connector (default), which brings the tables up to date. `guest`: a command beside it, which must not. */
  readonly role?: 'owner' | 'guest';
}

/**
 * One database, several connectors. Claims are leases on the database's clock. Requests of many events are committed
 * together; claims and writes have connections of their own.
 */
export class PostgresStore implements Store {
  readonly #database: Database;
  readonly #limits: Limits;
  readonly #cleaning: Cleaning;
  readonly #claiming: Claims;
  readonly #claims: Group<LeaseRequest, Held | null>;
  readonly #looks: Group<string, Subscriber>;
  readonly #writes: Group<AskedWrite, WriteResult>;
  readonly views: Views;
  /** What is recorded has one writer; several connectors on one database are several. */
  readonly outbox = null;
  #closed: Promise<void> | null = null;

  /** @throws StoreError when there is no way to the database, or it is of a newer version; for a guest, of any other. */
  static async open({ limits, role = 'owner', poolSize = 4, onNew, ...rest }: PostgresOptions): Promise<PostgresStore> {
    const database = new Database({ poolSize, ...rest });
    try {
      if (role === 'guest') await database.named(database.requireToday());
      else if (await database.named(database.migrate())) onNew?.();
    } catch (error) {
      await database.close();
      throw error;
    }
    return new PostgresStore(database, limits);
  }

  /**
   * Whether the first connector is still to make the tables. Changes nothing.
   * @throws StoreError when there is no way to it, or the tables cannot be made.
   */
  static async isToBeMade(address: DatabaseAddress): Promise<boolean> {
    const database = new Database({ ...address, poolSize: 1 });
    return await database.named(database.isToBeMade()).finally(() => database.close());
  }

  private constructor(database: Database, limits: Limits) {
    const leases = new Leases();
    const claiming = new Claims(database, () => leases.next(), limits);
    const writing = new Writes(database, leases, limits);
    this.#database = database;
    this.#limits = limits;
    this.#claiming = claiming;
    this.#claims = new Group((requests) => database.named(claiming.claim(requests)));
    this.#looks = new Group((imsis) => database.named(claiming.look(imsis)));
    this.#writes = new Group<AskedWrite, WriteResult>((writes) => database.named(writing.write(writes)), {
      mostBytes: MOST_BYTES,
      bytesOf,
    });
    this.#cleaning = new Cleaning(database);
    this.views = new PostgresViews(database);
  }

  claim(imsi: string, wanted: Wanted | null, holdMs: number): Promise<Held | null> {
    return this.#claims.ask({ imsi, wanted, holdMs });
  }

  claimDue(limit: number, holdMs: number): Promise<readonly Held[]> {
    return this.#database.named(this.#claiming.claimDue(limit, holdMs));
  }

  look(imsi: string): Promise<Subscriber> {
    return this.#looks.ask(imsi);
  }

  async now(): Promise<number> {
    const [row] = await this.#database.named(this.#database.run<[number]>(NOW, []));
    return (row as [number])[0];
  }

  async write(write: Write): Promise<readonly boolean[]> {
    const result = await this.#writes.ask({ ...write, askedAt: momentNow() });
    if ('refused' in result) throw new StoreError(`the store refuses it: ${result.refused}`, { passing: false });
    return result.taken;
  }

  /** Looked after with it, since that is done time and again: whoever waits too long. */
  async clean(order: CleaningOrder): Promise<number> {
    await this.#database.named(pullIn(this.#database, this.#limits));
    return await this.#database.named(this.#cleaning.clean(order));
  }

  async note(deed: Deed): Promise<void> {
    await this.#database.named(this.#database.run(NOTE, deedParameters(deed)));
  }

  async probe(): Promise<void> {
    await this.#database.named(this.#database.run(PROBE, []));
    await this.#database.named(this.#claiming.letGoOfLost());
  }

  close(): Promise<void> {
    this.#closed ??= this.#database.close();
    return this.#closed;
  }
}

/** Of the tables that events are kept in no row is touched, but whoever locked them keeps this waiting, too. */
const PROBE = {
  name: 'probe',
  text: `
    WITH subscribers AS (UPDATE nsps_connector.subscribers SET attempts = attempts WHERE imsi = -1),
      journal AS (UPDATE nsps_connector.journal SET state = state WHERE seq = -1)
    UPDATE nsps_connector.probe SET at = nsps_connector.now_ms()`,
};

/** Bodies of one transaction: all of them together are one parameter, which is held in memory here and there. */
const MOST_BYTES = 32 * 1024 ** 2;

function bytesOf({ entry }: Write): number {
  return entry?.body.length ?? 0;
}
