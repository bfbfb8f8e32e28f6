import type { Subscriber, Wanted } from '../core/subscriber.ts';
import type { Observer, StoreWork } from '../ports/observer.ts';
import type { Deed } from '../ports/operating.ts';
import type { Outbox } from '../ports/outbox.ts';
import type { Clock } from '../ports/runtime.ts';
import type { ClaimOptions, CleaningOrder, Held, Store, Views, Write } from '../ports/store.ts';
import type { Tracer } from '../ports/tracer.ts';
import { TracedOutbox } from './traced-outbox.ts';

/** Subscribers whose waiting change is remembered, to notice that a newer one overtakes it. */
const MOST_REMEMBERED = 50_000;

/** Any store, with somebody told of what it does. Stands in the way only when somebody wants to know. */
export class WatchedStore implements Store {
  readonly #store: Store;
  readonly #observer: Observer | null;
  readonly #tracer: Tracer;
  readonly #clock: Clock;
  /** Whose newest change was taken for later, and not begun yet; null when others begin them, too. */
  readonly #waiting: Set<string> | null;

  /** @param watchers.shared whether other connectors work on the same database. */
  constructor(store: Store, watchers: { observer: Observer | null; tracer: Tracer; clock: Clock; shared: boolean }) {
    this.#waiting = watchers.shared ? null : new Set();
    this.#store = store;
    this.#observer = watchers.observer;
    this.#tracer = watchers.tracer;
    this.#clock = watchers.clock;
  }

  get views(): Views {
    return this.#store.views;
  }

  get outbox(): Outbox | null {
    const { outbox } = this.#store;
    return outbox && new TracedOutbox(outbox, this.#tracer);
  }

  claim(imsi: string, wanted: Wanted | null, holdMs: number, options?: ClaimOptions): Promise<Held | null> {
    return this.#watch('claim', () => this.#store.claim(imsi, wanted, holdMs, options));
  }

  async claimDue(limit: number, holdMs: number): Promise<readonly Held[]> {
    const due = await this.#watch('claim_due', () => this.#store.claimDue(limit, holdMs));
    for (const { imsi } of due) this.#waiting?.delete(imsi);
    return due;
  }

  look(imsi: string): Promise<Subscriber> {
    return this.#store.look(imsi);
  }

  now(): Promise<number> {
    return this.#store.now();
  }

  note(deed: Deed): Promise<void> {
    return this.#store.note(deed);
  }

  async write(write: Write): Promise<readonly boolean[]> {
    const taken = await this.#watch('write', () => this.#store.write(write));
    for (const [index, { kind, imsi }] of write.effects.entries()) {
      if (kind === 'want' && taken[index]) this.#waits(imsi);
    }
    return taken;
  }

  #waits(imsi: string): void {
    const waiting = this.#waiting;
    if (waiting?.has(imsi)) this.#observer?.coalesced?.();
    else if (waiting && waiting.size < MOST_REMEMBERED) waiting.add(imsi);
  }

  async #watch<T>(operation: StoreWork['operation'], work: () => Promise<T>): Promise<T> {
    const started = this.#clock.now();
    let failed = true;
    try {
      const result = await this.#tracer.step(`store ${operation}`, work);
      failed = false;
      return result;
    } finally {
      this.#observer?.stored?.({ operation, failed, durationMs: this.#clock.now() - started });
    }
  }

  probe(): Promise<void> {
    return this.#store.probe();
  }

  clean(order: CleaningOrder): Promise<number> {
    return this.#store.clean(order);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
