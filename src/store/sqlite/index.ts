import type { Limits, Subscriber, Wanted } from '../../core/subscriber.ts';
import { type Store, type StoredEvent, StoreError, type Views, type Write } from '../../ports/store.ts';
import { Group } from '../group.ts';
import type { ClaimRequest, WriteResult } from '../requests.ts';
import { encodeWrites } from './messages.ts';
import { Thread } from './threads.ts';

export interface SqliteOptions {
  /** Path, or `:memory:`. */
  readonly file: string;
  readonly limits: Limits;
  /** `owner`: the one connector of this file (default). `guest`: a command beside it. */
  readonly role?: 'owner' | 'guest';
}

/** One file, one connector: the embedded store. Requests of many events are committed together by a thread. */
export class SqliteStore implements Store {
  readonly #writer: Thread;
  readonly #claims: Group<ClaimRequest, Subscriber | null>;
  readonly #writes: Group<Write, WriteResult>;
  readonly views: Views;
  #closed: Promise<void> | null = null;

  /** @throws StoreError when the file cannot be opened, is in use, or is of a newer version. */
  static async open({ file, limits, role = 'owner' }: SqliteOptions): Promise<SqliteStore> {
    const writer = await Thread.start({ file, limits, role });
    return new SqliteStore(writer, file === ':memory:' ? null : { file, limits, role: 'reader' });
  }

  private constructor(writer: Thread, reader: ConstructorParameters<typeof ThreadViews>[1]) {
    this.#writer = writer;
    this.#claims = new Group((requests) => writer.ask('claims', JSON.stringify(requests)));
    this.#writes = new Group((writes) => {
      const { text, bodies } = encodeWrites(writes);
      return writer.ask('writes', text, bodies);
    });
    this.views = new ThreadViews(writer, reader);
  }

  // The only process on this file: claims end with it, and need no limit of time.
  claim(imsi: string, wanted: Wanted | null): Promise<Subscriber | null> {
    return this.#claims.ask({ imsi, wanted });
  }

  claimDue(limit: number): Promise<readonly Subscriber[]> {
    return this.#writer.ask('claimDue', JSON.stringify(limit));
  }

  async write(write: Write): Promise<readonly boolean[]> {
    const result = await this.#writes.ask(write);
    if ('refused' in result) throw new StoreError(`the store refuses it: ${result.refused}`, { passing: false });
    return result.taken;
  }

  clean(before: number, limit: number): Promise<number> {
    return this.#writer.ask('clean', JSON.stringify({ before, limit }));
  }

  async probe(): Promise<void> {
    await this.#writer.ask('probe', 'null');
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all([(this.views as ThreadViews).close(), this.#writer.close()]).then(() => {});
    return this.#closed;
  }
}

/** Reading in a thread of its own, made when somebody looks: a long search must not hold up an event. */
class ThreadViews implements Views {
  readonly #writer: Thread;
  readonly #options: { file: string; limits: Limits; role: 'reader' } | null;
  #reader: Promise<Thread> | null = null;

  /** @param options null when only the writer can see the data (in memory). */
  constructor(writer: Thread, options: { file: string; limits: Limits; role: 'reader' } | null) {
    this.#writer = writer;
    this.#options = options;
  }

  async #ask<T>(name: keyof Views, ...args: unknown[]): Promise<T> {
    this.#reader ??= this.#options ? Thread.start(this.#options) : Promise.resolve(this.#writer);
    const reader = await this.#reader;
    return (await reader.ask('view', JSON.stringify({ name, args }))) as T;
  }

  events(filter: Parameters<Views['events']>[0]): Promise<readonly StoredEvent[]> {
    return this.#ask('events', filter);
  }

  event(eventId: string): Promise<StoredEvent | null> {
    return this.#ask('event', eventId);
  }

  subscriber(imsi: string): Promise<Subscriber | null> {
    return this.#ask('subscriber', imsi);
  }

  subscribers(filter: Parameters<Views['subscribers']>[0]): Promise<readonly Subscriber[]> {
    return this.#ask('subscribers', filter);
  }

  backlog(): ReturnType<Views['backlog']> {
    return this.#ask('backlog');
  }

  async close(): Promise<void> {
    const reader = await this.#reader;
    if (reader !== this.#writer) await reader?.close();
  }
}
