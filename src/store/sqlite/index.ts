import { react } from '../../core/react.ts';
import { type Effect, type Limits, newest, type Subscriber, type Wanted } from '../../core/subscriber.ts';
import type { Deed } from '../../ports/operating.ts';
import type { Outbox } from '../../ports/outbox.ts';
import {
  type ClaimOptions,
  type CleaningOrder,
  effectsOnly,
  type Held,
  type Store,
  StoreError,
  type Write,
} from '../../ports/store.ts';
import type { StoreListeners } from '../listeners.ts';
import { type AskedWrite, claimEndedBy, type Moment, momentNow, type WriteResult } from '../requests.ts';
import type { Seen } from './engine.ts';
import { guestMark } from './guest-book.ts';
import { type Holds, HoldsInMemory, Intents, intentsFile } from './intents.ts';
import type { Cleaned } from './journal.ts';
import { Memory } from './memory.ts';
import { encodeWrites } from './messages.ts';
import { placeOf } from './private-file.ts';
import { Thread } from './thread-handle.ts';
import { ThreadOutbox } from './thread-outbox.ts';
import { ThreadViews } from './thread-views.ts';
import { Turn } from './turn.ts';

interface SqliteOptions extends StoreListeners {
  /** Path, or `:memory:`. */
  readonly file: string;
  readonly limits: Limits;
  /** `owner`: the one connector of this file (default). `guest`: a command beside it. */
  readonly role?: 'owner' | 'guest';
}

/**
 * One file, one connector: the embedded store. A thread commits the writes of many events together. Who is held is known
 * here, since nobody else works on the file; what is known of a subscriber is remembered here, as long as no command beside
 * the connector writes. What is sent to the core is chosen by what a claim tells, so memory must not be older than the
 * database (G4, G5); that nothing goes back (G2) is decided once more where it is written.
 */
export class SqliteStore implements Store {
  readonly #writer: Thread;
  readonly #limits: Limits;
  readonly #reads: Turn<string, Subscriber>;
  readonly #writes: Turn<AskedWrite, WriteResult>;
  readonly #holds: Holds;
  /** Of everybody who is held, the claim. */
  readonly #claims = new Map<string, string>();
  #claimed = 0;
  readonly #memory: Memory;
  /** Who was written while those who are due are taken hold of: a set for each time that is done. */
  readonly #watches = new Set<Set<string>>();
  readonly #unsettled = new Map<string, Unsettled>();
  readonly views: ThreadViews;
  readonly outbox: Outbox;
  #closed: Promise<void> | null = null;

  /** @throws StoreError when the file cannot be opened, is in use, or is of a newer version. */
  static async open({ file, limits, role = 'owner', onNew, onClockSet }: SqliteOptions): Promise<SqliteStore> {
    const writer = await Thread.start({ file, limits, role }, onClockSet);
    const inMemory = file === ':memory:';
    if (writer.isNew && !inMemory) onNew?.();
    try {
      const place = placeOf(file);
      const holds = inMemory || role === 'guest' ? new HoldsInMemory() : new Intents(intentsFile(place));
      const parts = { writer, limits, holds, memory: new Memory(guestMark({ file: place, role })) };
      return new SqliteStore(parts, inMemory ? null : { file, limits, role: 'reader' });
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  private constructor(
    { writer, limits, holds, memory }: StoreParts,
    reader: ConstructorParameters<typeof ThreadViews>[1],
  ) {
    this.#writer = writer;
    this.#limits = limits;
    this.#holds = holds;
    this.#memory = memory;
    this.#reads = new Turn(async (imsis) => this.#look(await writer.ask('read', imsis)));
    this.#writes = new Turn(async (writes) => this.#look(await writer.send('writes', encodeWrites(writes))));
    this.views = new ThreadViews(writer, reader);
    this.outbox = new ThreadOutbox(writer);
  }

  #look<T>({ result, ...seen }: Seen<T>): T {
    this.#memory.hear(seen);
    return result;
  }

  // The only process on this file: claims end with it, and need no limit of time.
  async claim(imsi: string, wanted: Wanted | null, _holdMs?: number, options?: ClaimOptions): Promise<Held | null> {
    if (this.#holds.has(imsi)) return null;
    const hold = this.#hold(imsi, wanted);
    const { claim } = hold;
    try {
      // What is answered while the disk is waited for counts, too: a swap may be among it (G5).
      if (options?.durable) await this.#synced(hold.kept);
      const known = this.#memory.now(imsi);
      if (known === undefined) return { ...(await this.#readWhile(hold.kept, imsi)), claim };
      await hold.kept;
      return { ...known, claim };
    } catch (error) {
      this.#letGo(imsi);
      throw error;
    }
  }

  async #synced(kept: Promise<void> | undefined): Promise<void> {
    await kept;
    await this.#holds.sync();
  }

  /** Both are waited for at a time. */
  async #readWhile(kept: Promise<void> | undefined, imsi: string): Promise<Subscriber> {
    const [known] = await Promise.all([this.#read(imsi), kept]);
    return known;
  }

  look(imsi: string): Promise<Subscriber> {
    return this.#read(imsi);
  }

  now(): Promise<number> {
    return this.#writer.ask('now', null);
  }

  async #read(imsi: string): Promise<Subscriber> {
    const subscriber = await this.#reads.ask(imsi);
    this.#memory.keep(subscriber);
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
    const changes = new Set<string>();
    this.#watches.add(changes);
    try {
      return await this.#takeDue(limit, changes);
    } finally {
      this.#watches.delete(changes);
    }
  }

  /** @param changes is filled with those of whom something is written meanwhile. */
  async #takeDue(limit: number, changes: Set<string>): Promise<readonly Held[]> {
    const held = [...this.#holds.imsis];
    const due = this.#look(await this.#writer.ask('due', { limit, held }));
    // An event may have taken hold of some meanwhile.
    const free = due.filter(({ imsi }) => !this.#holds.has(imsi));
    try {
      return await this.#upToDate(await this.#holdAll(free), changes);
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

  /** What is answered while the disk is waited for counts, too: a swap may be among it (G5). */
  async #upToDate(taken: readonly Held[], changes: Set<string>): Promise<readonly Held[]> {
    let known = taken;
    while (known.some(({ imsi }) => changes.has(imsi))) {
      const changed = new Set(changes);
      changes.clear();
      known = await Promise.all(
        known.map(async (held) =>
          changed.has(held.imsi) ? { ...(await this.#read(held.imsi)), claim: held.claim } : held,
        ),
      );
    }
    return known;
  }

  write(write: Write): Promise<readonly boolean[]> {
    const askedAt = momentNow();
    return this.#writes.ask({ ...write, askedAt }).then(
      (result) => this.#written(write, result, askedAt),
      (error: unknown) => {
        for (const effect of write.effects) this.#keepInMind(effect, askedAt);
        throw error;
      },
    );
  }

  #written({ effects }: Write, result: WriteResult, askedAt: Moment): readonly boolean[] | Promise<never> {
    if ('refused' in result) return this.#refused(effects, result.refused, askedAt);
    for (const [index, effect] of effects.entries()) this.#follow(effect, result.taken[index] ?? false);
    for (const changes of this.#watches) for (const { imsi } of effects) changes.add(imsi);
    return result.taken;
  }

  async #refused(effects: readonly Effect[], why: string, askedAt: Moment): Promise<never> {
    const given = effects.map((effect) => (isOfCall(effect) ? this.#giveUp(effect) : this.#follow(effect, false)));
    for (const [index, { status }] of (await Promise.allSettled(given)).entries()) {
      if (status === 'rejected') this.#keepInMind(effects[index] as Effect, askedAt);
    }
    throw new StoreError(`the store refuses it: ${why}`, { passing: false });
  }

  /**
   * What came of a call is refused, so nothing is known of it: as when its holder is gone, which is what a lease that is not
   * ended comes to on PostgreSQL. Let go of without that, he would be sent something older (G2), or be left with this (G4).
   */
  async #giveUp(effect: CallEffect): Promise<void> {
    const { imsi, wanted } = effect;
    await this.write(effectsOnly({ kind: 'abandoned', imsi, wanted }));
    this.#endClaim(effect);
  }

  /** Who was called for stays held until it can be written what came of it: else something older might be sent (G2). */
  #keepInMind(effect: Effect, askedAt: Moment): void {
    const { imsi } = effect;
    this.#memory.forget(imsi);
    if (isOfCall(effect)) this.#unsettled.set(imsi, { effect, askedAt });
    else this.#endClaim(effect);
  }

  /** Writes what came of calls while nothing could be written. */
  async #settle(): Promise<void> {
    await Promise.all([...this.#unsettled.values()].map((one) => this.#settleOne(one)));
  }

  async #settleOne({ effect, askedAt }: Unsettled): Promise<void> {
    const { imsi } = effect;
    try {
      const result = await this.#writes.ask({ ...effectsOnly(effect), askedAt });
      if ('refused' in result) await this.#giveUp(effect);
    } catch (error) {
      // Whatever is written of him is refused: he stays held, and the store is well for everybody else.
      if (error instanceof StoreError && !error.passing) return;
      throw error;
    }
    this.#unsettled.delete(imsi);
    this.#memory.forget(imsi);
    this.#endClaim(effect);
  }

  /** Keeps up with what was written. */
  #follow(effect: Effect, taken: boolean): void {
    const { imsi, kind } = effect;
    const known = this.#memory.heard(imsi);
    this.#memory.forget(imsi);
    if (taken && (kind === 'applied' || kind === 'untouched')) {
      // Whether he is settled by it is known where it was carried out.
      if (known?.unsettledUntil === null) this.#memory.keep(react(known, effect, Date.now(), this.#limits).subscriber);
    }
    this.#endClaim(effect);
  }

  /** In several steps where much has to stay: events come in between. */
  async clean({ limit, ...order }: CleaningOrder): Promise<number> {
    for (let deleted = 0; ; ) {
      const left = { ...order, limit: limit - deleted };
      const cleaned: Cleaned = await this.#writer.ask('clean', left);
      deleted += cleaned.deleted;
      if (!cleaned.more || deleted >= limit) return deleted;
    }
  }

  async note(deed: Deed): Promise<void> {
    await this.#writer.ask('note', deed);
  }

  async probe(): Promise<void> {
    await this.#writer.ask('probe', null);
    this.#holds.probe();
    await this.#settle();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // Whoever is the last writes what is in the log into the database, which one that only looks cannot.
    await this.views.close().finally(() => this.#writer.close());
    this.#holds.close();
  }
}

interface StoreParts {
  readonly writer: Thread;
  readonly limits: Limits;
  readonly holds: Holds;
  readonly memory: Memory;
}

/** What came of a call. */
type CallEffect = Extract<Effect, { kind: 'applied' | 'failed' }>;

function isOfCall(effect: Effect): effect is CallEffect {
  return effect.kind === 'applied' || effect.kind === 'failed';
}

/** What came of a call and could not be written, and when that was to be. */
interface Unsettled {
  readonly effect: CallEffect;
  readonly askedAt: Moment;
}
