import { react } from '../../core/react.ts';
import { type Effect, type Limits, newest, type Subscriber, type Wanted } from '../../core/subscriber.ts';
import type { Deed } from '../../ports/operating.ts';
import type { Outbox } from '../../ports/outbox.ts';
import { type CleaningOrder, type Held, type Store, StoreError, type Write } from '../../ports/store.ts';
import { claimEndedBy, type WriteResult } from '../requests.ts';
import type { Seen } from './engine.ts';
import { type Holds, HoldsInMemory, Intents, intentsFile } from './intents.ts';
import type { Cleaned } from './journal.ts';
import { encodeWrites } from './messages.ts';
import { ThreadOutbox } from './thread-outbox.ts';
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
  /** Of everybody who is held, the claim. */
  readonly #claims = new Map<string, string>();
  #claimed = 0;
  readonly #known = new Map<string, Subscriber>();
  readonly #unsettled = new Map<string, Unsettled>();
  readonly views: ThreadViews;
  readonly outbox: Outbox;
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
      throw error;
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
    this.#writes = new Turn(async (writes) => this.#look(await writer.send('writes', encodeWrites(writes))));
    this.views = new ThreadViews(writer, reader);
    this.outbox = new ThreadOutbox(writer);
  }

  #look<T>({ result, foreign }: Seen<T>): T {
    if (foreign) this.#known.clear();
    return result;
  }

  // The only process on this file: claims end with it, and need no limit of time.
  async claim(imsi: string, wanted: Wanted | null): Promise<Held | null> {
    if (this.#holds.has(imsi)) return null;
    const { claim, kept } = this.#hold(imsi, wanted);
    const known = this.#known.get(imsi);
    try {
      if (known === undefined) return { ...(await this.#readWhile(kept, imsi)), claim };
      await kept;
      return { ...known, claim };
    } catch (error) {
      this.#letGo(imsi);
      throw error;
    }
  }

  /** Both are waited for at a time. */
  async #readWhile(kept: Promise<void> | undefined, imsi: string): Promise<Subscriber> {
    const [known] = await Promise.all([this.#read(imsi), kept]);
    return known;
  }

  look(imsi: string): Promise<Subscriber> {
    return this.#read(imsi);
  }

  async #read(imsi: string): Promise<Subscriber> {
    const subscriber = await this.#reads.ask(imsi);
    this.#remember(subscriber);
    return subscriber;
  }

  /** Nobody else can from now on; `kept` resolves once that would be found after the death of the process. */
  #hold(imsi: string, wanted: Wanted | null): { readonly claim: string; readonly kept: Promise<void> | undefined } {
    const claim = String(++this.#claimed);
    this.#claims.set(imsi, claim);
    return { claim, kept: this.#holds.hold(imsi, wanted) };
  }

  /** @param claim only this one; without it, whichever there is. */
  #letGo(imsi: string, claim?: string): void {
    if (claim !== undefined && this.#claims.get(imsi) !== claim) return;
    this.#claims.delete(imsi);
    this.#holds.letGo(imsi);
  }

  #endClaim(effect: Effect): void {
    const claim = claimEndedBy(effect);
    if (claim !== null) this.#letGo(effect.imsi, claim);
  }

  async claimDue(limit: number): Promise<readonly Held[]> {
    const held = [...this.#holds.imsis];
    const due = this.#look(await this.#writer.ask('due', JSON.stringify({ limit, held })));
    // An event may have taken hold of some meanwhile.
    const free = due.filter(({ imsi }) => !this.#holds.has(imsi));
    try {
      return await this.#holdAll(free);
    } catch (error) {
      for (const { imsi } of free) this.#letGo(imsi);
      throw error;
    }
  }

  /**
   * NSPS will not send again what was promised: after a power failure there would be no other sign that it may be on its way
   * to the core (ADR 0013).
   */
  async #holdAll(due: readonly Subscriber[]): Promise<Held[]> {
    const holds = due.map((subscriber) => this.#hold(subscriber.imsi, newest(subscriber)));
    await Promise.all(holds.map(({ kept }) => kept));
    if (due.some(({ desired }) => desired?.owed)) await this.#holds.sync();
    return due.map((subscriber, index) => ({ ...subscriber, claim: holds[index]?.claim as string }));
  }

  write(write: Write): Promise<readonly boolean[]> {
    return this.#writes.ask(write).then(
      (result) => this.#written(write, result),
      (error: unknown) => {
        for (const effect of write.effects) this.#keepInMind(effect);
        throw error;
      },
    );
  }

  #written({ effects }: Write, result: WriteResult): readonly boolean[] {
    const taken = 'refused' in result ? [] : result.taken;
    for (const [index, effect] of effects.entries()) this.#follow(effect, taken[index] ?? false);
    if ('refused' in result) throw new StoreError(`the store refuses it: ${result.refused}`, { passing: false });
    return taken;
  }

  /** Who was called for stays held until it can be written what came of it: else something older might be sent (G2). */
  #keepInMind(effect: Effect): void {
    const { imsi, kind } = effect;
    this.#known.delete(imsi);
    if (kind === 'applied' || kind === 'failed') this.#unsettled.set(imsi, { effect, since: Date.now() });
    else this.#endClaim(effect);
  }

  /** Writes what came of calls while nothing could be written. */
  async #settle(): Promise<void> {
    const settled = [...this.#unsettled.values()].map(async ({ effect, since }) => {
      const { imsi } = effect;
      await this.#writes.ask({ entry: null, story: null, effects: [aged(effect, Date.now() - since)] });
      this.#unsettled.delete(imsi);
      this.#known.delete(imsi);
      this.#endClaim(effect);
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
    this.#endClaim(effect);
  }

  #remember(subscriber: Subscriber): void {
    this.#known.set(subscriber.imsi, subscriber);
    if (this.#known.size <= REMEMBERED) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }

  /** In several steps where much has to stay: events come in between. */
  async clean({ limit, ...order }: CleaningOrder): Promise<number> {
    for (let deleted = 0; ; ) {
      const left = { ...order, limit: limit - deleted };
      const cleaned: Cleaned = await this.#writer.ask('clean', JSON.stringify(left));
      deleted += cleaned.deleted;
      if (!cleaned.more || deleted >= limit) return deleted;
    }
  }

  async note(deed: Deed): Promise<void> {
    await this.#writer.ask('note', JSON.stringify(deed));
  }

  async probe(): Promise<void> {
    await this.#writer.ask('probe', 'null');
    this.#holds.probe();
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
