import type { Conclusion, Outbox, Standing } from '../ports/outbox.ts';
import type { Backlog, Entry, StoredEvent } from '../ports/store.ts';
import type { Tracer } from '../ports/tracer.ts';

/** Any outbox, with what is written into it a step of whatever is under way. */
export class TracedOutbox implements Outbox {
  readonly #outbox: Outbox;
  readonly #tracer: Tracer;

  constructor(outbox: Outbox, tracer: Tracer) {
    this.#outbox = outbox;
    this.#tracer = tracer;
  }

  put(entry: Entry): Promise<Standing> {
    return this.#tracer.step('store put', () => this.#outbox.put(entry));
  }

  queued(limits: Parameters<Outbox['queued']>[0]): Promise<readonly StoredEvent[]> {
    return this.#outbox.queued(limits);
  }

  conclude(conclusions: readonly Conclusion[], note: string | null): Promise<void> {
    return this.#tracer.step('store conclude', () => this.#outbox.conclude(conclusions, note));
  }

  note(): Promise<string | null> {
    return this.#outbox.note();
  }

  backlog(): Promise<Backlog> {
    return this.#outbox.backlog();
  }
}
