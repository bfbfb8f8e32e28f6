import type { Conclusion, Outbox, Standing } from '../ports/outbox.ts';
import type { Backlog, Entry, StoredEvent } from '../ports/store.ts';

/** An outbox under the same watch as the store it is part of. */
export class GuardedOutbox implements Outbox {
  readonly #outbox: Outbox;
  readonly #ask: <T>(work: () => Promise<T>) => Promise<T>;

  /** @param ask refuses while the store fails, and gives up on what takes too long. */
  constructor(outbox: Outbox, ask: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#outbox = outbox;
    this.#ask = ask;
  }

  put(entry: Entry): Promise<Standing> {
    return this.#ask(() => this.#outbox.put(entry));
  }

  queued(limits: Parameters<Outbox['queued']>[0]): Promise<readonly StoredEvent[]> {
    return this.#ask(() => this.#outbox.queued(limits));
  }

  conclude(conclusions: readonly Conclusion[], note: string | null): Promise<void> {
    return this.#ask(() => this.#outbox.conclude(conclusions, note));
  }

  note(): Promise<string | null> {
    return this.#ask(() => this.#outbox.note());
  }

  backlog(): Promise<Backlog> {
    return this.#ask(() => this.#outbox.backlog());
  }
}
