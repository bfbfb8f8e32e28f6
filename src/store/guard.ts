import type { Subscriber, Wanted } from '../core/subscriber.ts';
import type { Clock } from '../ports/runtime.ts';
import { type CleaningOrder, type Store, StoreError, type Views, type Write } from '../ports/store.ts';

/**
 * Any store with a limit of time and a memory of how it does: a store that hangs becomes one that fails, and whoever asks
 * (`/ready`) hears why.
 */
export class GuardedStore implements Store {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onChange: (fault: string | null) => void;
  #fault: string | null = null;
  #cancelProbe: (() => void) | null = null;
  #cancelLook: (() => void) | null = null;
  /** Oldest first. */
  readonly #asked = new Set<Asked>();
  #closed = false;

  /** @param onChange hears when the store begins to fail (why), and when it is well again (null). */
  constructor(store: Store, clock: Clock, timeoutMs: number, onChange: (fault: string | null) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onChange = onChange;
  }

  /** Why the store does not work now; null when it does. */
  get fault(): string | null {
    return this.#fault;
  }

  get views(): Views {
    return this.#store.views;
  }

  claim(imsi: string, wanted: Wanted | null, holdMs: number): Promise<Subscriber | null> {
    const claim = this.#store.claim(imsi, wanted, holdMs);
    return this.#watch(claim, (late) => this.#letGo(late === null ? [] : [late]));
  }

  claimDue(limit: number, holdMs: number): Promise<readonly Subscriber[]> {
    return this.#watch(this.#store.claimDue(limit, holdMs), (late) => this.#letGo(late));
  }

  write(write: Write): Promise<readonly boolean[]> {
    return this.#watch(this.#store.write(write), () => {});
  }

  clean(order: CleaningOrder): Promise<number> {
    return this.#store.clean(order);
  }

  probe(): Promise<void> {
    return this.#watch(this.#store.probe(), () => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelProbe?.();
    this.#cancelLook?.();
    await this.#store.close();
  }

  /** Somebody was taken hold of after whoever asked had given up. */
  #letGo(late: readonly Subscriber[]): void {
    const effects = late.map(({ imsi }) => ({ kind: 'untouched', imsi, retryInMs: null }) as const);
    if (effects.length > 0) this.#store.write({ entry: null, story: null, effects }).catch(() => {});
  }

  /**
   * Looked through now and then, and not with a timer each: a timer costs more than what it would guard.
   * @param tooLate gets the result that nobody waits for any more.
   */
  #watch<T>(work: Promise<T>, tooLate: (result: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const asked: Asked = { since: this.#clock.now(), giveUp: reject };
      this.#asked.add(asked);
      if (this.#cancelLook === null) this.#lookLater();
      work.then(
        (result) => {
          this.#well();
          if (this.#asked.delete(asked)) resolve(result);
          else tooLate(result);
        },
        (error: unknown) => {
          this.#failed(error);
          this.#asked.delete(asked);
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
    for (const asked of this.#asked) {
      if (asked.since > oldest) return;
      this.#asked.delete(asked);
      const error = new StoreError(`it did not answer within ${this.#timeoutMs / 1000} s`);
      this.#failed(error);
      asked.giveUp(error);
    }
  }

  #well(): void {
    if (this.#fault === null) return;
    this.#fault = null;
    this.#onChange(null);
  }

  /** A fault of one request says nothing about the store. */
  #failed(error: unknown): void {
    if (!(error instanceof StoreError) || !error.passing) return;
    const first = this.#fault === null;
    this.#fault = error.message;
    if (first) {
      this.#onChange(error.message);
      this.#probeLater();
    }
  }

  /** Nobody sends events to a connector that is not ready: it finds out by itself when it is. */
  #probeLater(): void {
    if (this.#closed) return;
    this.#cancelProbe = this.#clock.after(PROBE_MS, () => {
      this.probe()
        .catch(() => {})
        .finally(() => {
          if (this.#fault !== null) this.#probeLater();
        });
    });
  }
}

/** Something the store was asked, and who waits for it. */
interface Asked {
  readonly since: number;
  giveUp(error: StoreError): void;
}

/** How often within the limit of time it is looked for who waits too long. */
const LOOKS = 10;
/** How often a failing store is tried, in milliseconds. */
const PROBE_MS = 1_000;
