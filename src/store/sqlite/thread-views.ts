import type { Names } from '../../core/names.ts';
import type { Subscriber } from '../../core/subscriber.ts';
import type { AuditEntry, DeadGroup, EventSearch, FoundEvents, Known } from '../../ports/operating.ts';
import type { StoredEvent, Views } from '../../ports/store.ts';
import type { EngineOptions } from './engine.ts';
import { Thread } from './thread-handle.ts';

type ReaderOptions = EngineOptions & { readonly role: 'reader' };

/** Reading in a thread of its own, made when somebody looks: a long search must not hold up an event. */
export class ThreadViews implements Views {
  readonly #writer: Thread;
  readonly #options: ReaderOptions | null;
  #reader: Promise<Thread> | null = null;

  /** @param options null when only the writer can see the data (in memory). */
  constructor(writer: Thread, options: ReaderOptions | null) {
    this.#writer = writer;
    this.#options = options;
  }

  async #ask<T>(name: keyof Views, ...args: unknown[]): Promise<T> {
    this.#reader ??= this.#options ? Thread.start(this.#options) : Promise.resolve(this.#writer);
    const reader = await this.#reader.catch((error: unknown) => {
      this.#reader = null;
      throw error;
    });
    return (await reader.ask('view', { name, args })) as T;
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

  page(search: EventSearch): Promise<FoundEvents> {
    return this.#ask('page', search);
  }

  find(text: string, limit: number): Promise<readonly Known[]> {
    return this.#ask('find', text, limit);
  }

  names(imsi: string): Promise<Names | null> {
    return this.#ask('names', imsi);
  }

  deadGroups(limit: number): Promise<readonly DeadGroup[]> {
    return this.#ask('deadGroups', limit);
  }

  deadLetters(filter: Parameters<Views['deadLetters']>[0]): Promise<readonly Subscriber[]> {
    return this.#ask('deadLetters', filter);
  }

  audit(filter: Parameters<Views['audit']>[0]): Promise<readonly AuditEntry[]> {
    return this.#ask('audit', filter);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const reader = await this.#reader;
    if (reader !== this.#writer) await reader?.close();
  }
}
