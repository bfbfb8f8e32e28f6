import { keepRecent } from '../../basics/recent.ts';
import type { Subscriber } from '../../core/subscriber.ts';
import type { Seen } from './engine.ts';
import type { Mark } from './guest-book.ts';

/** Subscribers kept in memory, those heard of last: a few kilobytes each at most. */
const REMEMBERED = 20_000;

/** What the database holds of subscribers, as the answers of the thread told it, while nobody else wrote since. */
export class Memory {
  readonly #mark: () => Mark;
  /** As the thread's last transaction found it. */
  #heard: Mark = null;
  readonly #known = new Map<string, Subscriber>();

  /** @param mark tells the mark of the guests now. */
  constructor(mark: () => Mark) {
    this.#mark = mark;
  }

  /** With every answer of the thread, before anything of it is remembered. */
  hear({ foreign, mark }: Omit<Seen<unknown>, 'result'>): void {
    if (foreign || mark !== this.#heard) this.#known.clear();
    this.#heard = mark;
  }

  /** What the database holds now; undefined when only the database can tell. */
  now(imsi: string): Subscriber | undefined {
    const known = this.#known.get(imsi);
    if (known === undefined) return undefined;
    const mark = this.#mark();
    return mark !== null && mark === this.#heard ? known : undefined;
  }

  /** What the database held at the thread's last answer; undefined when that is not remembered. */
  heard(imsi: string): Subscriber | undefined {
    return this.#known.get(imsi);
  }

  keep(subscriber: Subscriber): void {
    keepRecent(this.#known, subscriber.imsi, subscriber, REMEMBERED);
  }

  forget(imsi: string): void {
    this.#known.delete(imsi);
  }
}
