import { Roster } from '../basics/roster.ts';
import type { Subscriber, Wanted } from '../core/subscriber.ts';
import type { Deed } from '../ports/operating.ts';
import type { Clock } from '../ports/runtime.ts';
import {
  type ClaimOptions,
  type CleaningOrder,
  effectsOnly,
  type Held,
  type Store,
  StoreError,
  type Views,
  type Write,
} from '../ports/store.ts';
import { GuardedOutbox } from './guarded-outbox.ts';
import { endsClaim } from './requests.ts';

/**
 * Any store with a limit of time and a memory of how it does: a store that hangs becomes one that fails, and whoever asks
 * (`/ready`) hears why. While it fails nothing new is begun: the core is not called for what could not be kept, and what
 * waits for a store that hangs does not grow. What came of calls is still written when it can be.
 */
export class GuardedStore implements Store {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly outbox: GuardedOutbox | null;
  readonly #onChange: (fault: string | null) => void;
  #fault: string | null = null;
  /** How often it was found well again. */
  #recoveries = 0;
  /** How often something failed. */
  #failures = 0;
  /** Whether it is being probed though it is taken for well. */
  #probing = false;
  #cancelProbe: (() => void) | null = null;
  #cancelLook: (() => void) | null = null;
  readonly #asked = new Roster<Asked>();
  /** Given up by whoever asked, but not yet by the store. Oldest first. */
  readonly #late = new Set<Asked>();
  #closed = false;

  /** @param onChange hears when the store begins to fail (why), and when it is well again (null). */
  constructor(store: Store, clock: Clock, timeoutMs: number, onChange: (fault: string | null) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onChange = onChange;
    this.outbox = store.outbox && new GuardedOutbox(store.outbox, (work) => this.#ask(work));
  }

  /** Why the store does not work now; null when it does. */
  get fault(): string | null {
    return this.#fault;
  }

  get views(): Views {
    return this.#store.views;
  }

  claim(imsi: string, wanted: Wanted | null, holdMs: number, options?: ClaimOptions): Promise<Held | null> {
    const claim = () => this.#store.claim(imsi, wanted, holdMs, options);
    return this.#ask(claim, { tooLate: (late) => this.#letGo(late === null ? [] : [late]) });
  }

  claimDue(limit: number, holdMs: number): Promise<readonly Held[]> {
    const claim = () => this.#store.claimDue(limit, holdMs);
    return this.#ask(claim, { tooLate: (late) => this.#letGo(late), behind: true });
  }

  look(imsi: string): Promise<Subscriber> {
    return this.#ask(() => this.#store.look(imsi));
  }

  now(): Promise<number> {
    return this.#ask(() => this.#store.now());
  }

  write(write: Write): Promise<readonly boolean[]> {
    const { effects } = write;
    if (this.#fault !== null && !effects.some(({ kind }) => endsClaim(kind))) return this.#refuse(this.#fault);
    // Nobody counts those who only want something noted.
    if (effects.length === 0 && this.#asked.size >= MOST_BESIDE_NOTES) return this.#refuse('it is too busy');
    return this.#watch(this.#store.write(write));
  }

  /** What an operator does is kept first: what cannot be kept is not done. */
  note(deed: Deed): Promise<void> {
    return this.#ask(() => this.#store.note(deed));
  }

  /** Begins it only while the store works. */
  #ask<T>(work: () => Promise<T>, how?: How<T>): Promise<T> {
    return this.#fault === null ? this.#watch(work(), how) : this.#refuse(this.#fault);
  }

  #refuse(why: string): Promise<never> {
    return Promise.reject(new StoreError(why));
  }

  clean(order: CleaningOrder): Promise<number> {
    return this.#store.clean(order);
  }

  probe(): Promise<void> {
    return this.#watch(this.#store.probe());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelProbe?.();
    this.#cancelLook?.();
    await this.#store.close();
  }

  /** Somebody was taken hold of after whoever asked had given up. By now somebody else may hold him: only that claim ends. */
  #letGo(late: readonly Held[]): void {
    const effects = late.map(({ imsi, claim }) => ({ kind: 'untouched', imsi, retryInMs: null, claim }) as const);
    if (effects.length > 0) this.#store.write(effectsOnly(...effects)).catch(() => {});
  }

  /** Looked through now and then, and not with a timer each: a timer costs more than what it would guard. */
  #watch<T>(work: Promise<T>, { tooLate, behind = false }: How<T> = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const asked: Asked = { since: this.#clock.now(), recoveries: this.#recoveries, behind, giveUp: reject };
      const place = this.#asked.add(asked);
      if (this.#cancelLook === null) this.#lookLater();
      work.then(
        (result) => {
          if (this.#asked.remove(place)) return resolve(result);
          this.#late.delete(asked);
          tooLate?.(result);
        },
        (error: unknown) => {
          this.#failed(asked, error);
          this.#asked.remove(place);
          this.#late.delete(asked);
          reject(error);
        },
      );
    });
  }

  #lookLater(): void {
    this.#cancelLook = this.#clock.after(this.#timeoutMs / LOOKS, () => {
      this.#cancelLook = null;
      this.#giveUpOld();
      if (this.#asked.size > 0) this.#lookLater();
    });
  }

  #giveUpOld(): void {
    const oldest = this.#clock.now() - this.#timeoutMs;
    for (;;) {
      const place = this.#asked.oldest;
      const asked = place?.value;
      if (!asked || asked.since > oldest) return;
      this.#asked.remove(place);
      if (!asked.behind) this.#late.add(asked);
      const error = new StoreError(`it did not answer within ${this.#timeoutMs / 1000} s`);
      this.#failed(asked, error);
      asked.giveUp(error);
    }
  }

  /**
   * That something else worked says little: reading does on a full disk.
   * @param failures how often something had failed when the probe began.
   */
  #probed(failures: number): void {
    if (this.#fault === null || this.#hangs()) return;
    this.#fault = null;
    this.#recoveries++;
    this.#onChange(null);
    if (failures < this.#failures) this.#probeBeside();
  }

  /**
   * Tells whether the store fails as a whole. What came of calls, and could not be written, is written with a probe that begins
   * after that: else nobody would let go of who was called for.
   */
  #probeBeside(): void {
    if (this.#fault !== null || this.#closed || this.#probing) return;
    this.#probing = true;
    const failures = this.#failures;
    this.probe()
      .catch(() => {})
      .finally(() => {
        this.#probing = false;
        if (failures < this.#failures) this.#probeBeside();
      });
  }

  /** Whether it still works on what it should have been done with. */
  #hangs(): boolean {
    const oldest = this.#clock.now() - LOST_AFTER * this.#timeoutMs;
    for (const { since } of this.#late) if (since > oldest) return true;
    return false;
  }

  /** A fault of one request says nothing about the store; what was asked before it was well again says nothing new. */
  #failed({ recoveries, behind }: Asked, error: unknown): void {
    if (!(error instanceof StoreError) || !error.passing) return;
    this.#failures++;
    if (behind || recoveries < this.#recoveries) {
      this.#probeBeside();
      return;
    }
    const first = this.#fault === null;
    this.#fault = error.message;
    if (first) {
      this.#onChange(error.message);
      // At once: most likely it was a connection that broke, and the next one works.
      this.#probeIn(0);
    }
  }

  /** Nobody sends events to a connector that is not ready: it finds out by itself when it is. */
  #probeIn(ms: number): void {
    if (this.#closed) return;
    this.#cancelProbe = this.#clock.after(ms, () => {
      const failures = this.#failures;
      this.probe()
        .then(
          () => this.#probed(failures),
          () => {},
        )
        .finally(() => {
          if (this.#fault !== null) this.#probeIn(PROBE_MS);
        });
    });
  }
}

/** How what the store is asked is watched. */
interface How<T> {
  /** Gets the result that nobody waits for any more. */
  readonly tooLate?: (result: T) => void;
  /** Whether no event waits for it: that it is slow does not say that events cannot be taken. False when absent. */
  readonly behind?: boolean;
}

/** Something the store was asked, and who waits for it. */
interface Asked {
  readonly since: number;
  /** How often the store had been found well again by then. */
  readonly recoveries: number;
  /** Whether no event waits for it. */
  readonly behind: boolean;
  giveUp(error: StoreError): void;
}

/** How often within the limit of time it is looked for who waits too long. */
const LOOKS = 10;
/** What was given up so many times the limit ago is taken for lost. */
const LOST_AFTER = 10;
/** Under way at a time, before what is only to be noted is turned away. */
const MOST_BESIDE_NOTES = 2_000;
/** How often a failing store is tried, in milliseconds. */
const PROBE_MS = 1_000;
