import { react } from '../../core/react.ts';
import { type Effect, type Limits, newest, type Subscriber, type Wanted } from '../../core/subscriber.ts';
import type { Deed } from '../../ports/operating.ts';
import { type CleaningOrder, type Store, StoreError, type Write } from '../../ports/store.ts';
import { endsClaim, type WriteResult } from '../requests.ts';
import type { Seen } from './engine.ts';
import { type Holds, HoldsInMemory, Intents, intentsFile } from './intents.ts';
import { encodeWrites } from './messages.ts';
import { ThreadViews } from './thread-views.ts';
import { Thread } from './threads.ts';
import { Turn } from './turn.ts';

export interface SqliteOptions {
  /** Path, or `:memory:`. */
  readonly file: string;
  readonly limits: Limits;
  /** `owner`: the one connector of this file (default). `guest`: a command beside it. */
  readonly role?: 'owner' | 'guest';
}

/** Subscribers kept in memory, those heard of last: a few kilobytes each at most. */
const REMEMBERED = 20_000;

/**
 * One file, one connector: the embedded store. A thread commits the writes of many events together. Who is held is known
 * here, since nobody else works on the file; what is known of a subscriber is remembered here, as long as no command beside
 * the connector writes. Memory only spares reading: what becomes of a subscriber is decided where it is written.
 */
export class SqliteStore implements Store {
  readonly #writer: Thread;
  readonly #limits: Limits;
  readonly #reads: Turn<string, Subscriber>;
  readonly #writes: Turn<Write, WriteResult>;
  readonly #holds: Holds;
  readonly #known = new Map<string, Subscriber>();
  readonly #unsettled = new Map<string, Unsettled>();
  readonly views: ThreadViews;
  #closed: Promise<void> | null = null;

  /** @throws StoreError when the file cannot be opened, is in use, or is of a newer version. */
  static async open({ file, limits, role = 'owner' }: SqliteOptions): Promise<SqliteStore> {
    const writer = await Thread.start({ file, limits, role });
    const memory = file === ':memory:';
    try {
      const holds = memory || role === 'guest' ? new HoldsInMemory() : new Intents(intentsFile(file));
      return new SqliteStore(writer, limits, holds, memory ? null : { file, limits, role: 'reader' });
    } catch (error) {
      await writer.close();
      throw holdsError(error);
    }
  }

  private constructor(
    writer: Thread,
    limits: Limits,
    holds: Holds,
    reader: ConstructorParameters<typeof ThreadViews>[1],
  ) {
    this.#writer = writer;
    this.#limits = limits;
    this.#holds = holds;
    this.#reads = new Turn(async (imsis) => this.#look(await writer.ask('read', JSON.stringify(imsis))));
    this.#writes = new Turn(async (writes) => {
      const { text, bodies } = encodeWrites(writes);
      return this.#look(await writer.ask('writes', text, bodies));
    });
    this.views = new ThreadViews(writer, reader);
  }

  #look<T>({ result, foreign }: Seen<T>): T {
    if (foreign) this.#known.clear();
    return result;
  }

  // The only process on this file: claims end with it, and need no limit of time.
  async claim(imsi: string, wanted: Wanted | null): Promise<Subscriber | null> {
    if (this.#holds.has(imsi)) return null;
    const [known] = await Promise.all([this.#known.get(imsi) ?? this.#read(imsi), this.#hold(imsi, wanted)]).catch(
      (error: unknown) => {
        this.#holds.letGo(imsi);
        throw error;
      },
    );
    return known;
  }

  async #read(imsi: string): Promise<Subscriber> {
    const subscriber = await this.#reads.ask(imsi);
    this.#remember(subscriber);
    return subscriber;
  }

  async #hold(imsi: string, wanted: Wanted | null): Promise<void> {
    try {
      await this.#holds.hold(imsi, wanted);
    } catch (error) {
      throw holdsError(error);
    }
  }

  async claimDue(limit: number): Promise<readonly Subscriber[]> {
    const held = [...this.#holds.imsis];
    const due = this.#look(await this.#writer.ask('due', JSON.stringify({ limit, held })));
    // An event may have taken hold of some meanwhile.
    const free = due.filter(({ imsi }) => !this.#holds.has(imsi));
    try {
      await Promise.all(free.map((subscriber) => this.#hold(subscriber.imsi, newest(subscriber))));
    } catch (error) {
      for (const { imsi } of free) this.#holds.letGo(imsi);
      throw error;
    }
    return free;
  }

  async write(write: Write): Promise<readonly boolean[]> {
    const result = await this.#writes.ask(write).catch((error: unknown) => {
      for (const effect of write.effects) this.#keepInMind(effect);
      throw error;
    });
    const taken = 'refused' in result ? [] : result.taken;
    for (const [index, effect] of write.effects.entries()) this.#follow(effect, taken[index] ?? false);
    if ('refused' in result) throw new StoreError(`the store refuses it: ${result.refused}`, { passing: false });
    return taken;
  }

  /** Who was called for stays held until it can be written what came of it: else something older might be sent (G2). */
  #keepInMind(effect: Effect): void {
    const { imsi, kind } = effect;
    this.#known.delete(imsi);
    if (kind === 'applied' || kind === 'failed') this.#unsettled.set(imsi, { effect, since: Date.now() });
    else if (endsClaim(kind)) this.#holds.letGo(imsi);
  }

  /** Writes what came of calls while nothing could be written. */
  async #settle(): Promise<void> {
    const settled = [...this.#unsettled.values()].map(async ({ effect, since }) => {
      const { imsi } = effect;
      await this.#writes.ask({ entry: null, story: null, effects: [aged(effect, Date.now() - since)] });
      this.#unsettled.delete(imsi);
      this.#known.delete(imsi);
      this.#holds.letGo(imsi);
    });
    await Promise.all(settled);
  }

  /** Keeps up with what was written. */
  #follow(effect: Effect, taken: boolean): void {
    const { imsi, kind } = effect;
    const known = this.#known.get(imsi);
    this.#known.delete(imsi);
    if (taken && (kind === 'applied' || kind === 'untouched')) {
      if (known) this.#remember(react(known, effect, Date.now(), this.#limits).subscriber);
    }
    if (endsClaim(kind)) this.#holds.letGo(imsi);
  }

  #remember(subscriber: Subscriber): void {
    this.#known.set(subscriber.imsi, subscriber);
    if (this.#known.size <= REMEMBERED) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }

  clean(order: CleaningOrder): Promise<number> {
    return this.#writer.ask('clean', JSON.stringify(order));
  }

  async note(deed: Deed): Promise<void> {
    await this.#writer.ask('note', JSON.stringify(deed));
  }

  async probe(): Promise<void> {
    await this.#writer.ask('probe', 'null');
    try {
      this.#holds.probe();
    } catch (error) {
      throw holdsError(error);
    }
    await this.#settle();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([this.views.close(), this.#writer.close()]);
    this.#holds.close();
  }
}

/** What came of a call, and since when it could not be written. */
interface Unsettled {
  readonly effect: Extract<Effect, { kind: 'applied' | 'failed' }>;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** The same, told so much later. */
function aged(effect: Unsettled['effect'], ms: number): Effect {
  return effect.kind === 'applied' ? { ...effect, ageMs: effect.ageMs + ms } : effect;
}

function holdsError(error: unknown): StoreError {
  return new StoreError(`claims cannot be written: ${(error as Error).message}`, { cause: error });
}
