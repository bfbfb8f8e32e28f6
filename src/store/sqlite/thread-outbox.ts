import type { Conclusion, Outbox, Standing } from '../../ports/outbox.ts';
import type { Backlog, Entry, StoredEvent } from '../../ports/store.ts';
import { Group } from '../group.ts';
import { momentNow } from '../requests.ts';
import { encodeWrites } from './messages.ts';
import type { Thread } from './thread-handle.ts';

/** The outbox, on this side of the store's thread. Events that come while some are written are written together next. */
export class ThreadOutbox implements Outbox {
  readonly #thread: Thread;
  readonly #puts: Group<Entry, Standing>;

  constructor(thread: Thread) {
    this.#thread = thread;
    this.#puts = new Group((entries) =>
      thread.send(
        'put',
        encodeWrites(entries.map((entry) => ({ entry, story: null, effects: [], askedAt: momentNow() }))),
      ),
    );
  }

  put(entry: Entry): Promise<Standing> {
    return this.#puts.ask(entry);
  }

  queued(limits: Parameters<Outbox['queued']>[0]): Promise<readonly StoredEvent[]> {
    return this.#thread.ask('queued', limits);
  }

  async conclude(conclusions: readonly Conclusion[], note: string | null): Promise<void> {
    await this.#thread.ask('conclude', { conclusions, note });
  }

  note(): Promise<string | null> {
    return this.#thread.ask('recorderNote', null);
  }

  backlog(): Promise<Backlog> {
    return this.#thread.ask('outboxBacklog', null);
  }
}
