import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { react } from '../../core/react.ts';
import type { Effect, EventNews, Limits, Subscriber } from '../../core/subscriber.ts';
import type { Deed } from '../../ports/operating.ts';
import type { Standing } from '../../ports/outbox.ts';
import type { CleaningOrder, Entry, Write } from '../../ports/store.ts';
import { Halves } from '../halves.ts';
import { asImsi } from '../imsi.ts';
import { mayBeOnItsWay } from '../journal-rules.ts';
import { type AskedWrite, asOfNow } from '../requests.ts';
import { SUBSCRIBER_COLUMNS } from '../subscriber-row.ts';
import { Audit } from './audit.ts';
import { EventIndex } from './event-index.ts';
import type { Intent } from './intents.ts';
import { type Cleaned, Journal } from './journal.ts';
import { type ConcludeRequest, OutboxTables } from './outbox.ts';
import { type JsonRow, subscriberOf } from './rows.ts';
import { SubscriberRows, type WriteNumber } from './subscriber-rows.ts';
import { WaitingTimes } from './waiting-times.ts';

/**
 * The tables and what is done to them, one call after the other, until `flush`. Knows nothing of threads, transactions and
 * files.
 */
export class Tables {
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #index: EventIndex;
  readonly #journal: Journal;
  readonly outbox: OutboxTables;
  readonly #audit: Audit;
  readonly #subscribers: SubscriberRows;
  readonly #times: WaitingTimes;
  readonly #halves = new Halves();
  readonly #oldestDue: StatementSync;
  readonly #newestDue: StatementSync;

  constructor(db: DatabaseSync, limits: Limits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#index = new EventIndex(db);
    this.#subscribers = new SubscriberRows(db);
    this.#journal = new Journal(db, this.#index, this.#subscribers, now);
    this.outbox = new OutboxTables(db);
    this.#audit = new Audit(db, now);
    this.#times = new WaitingTimes(db, limits);
    const due = `SELECT ${SUBSCRIBER_COLUMNS.join(', ')} FROM subscribers WHERE due_at <= ?`;
    this.#oldestDue = db.prepare(`${due} ORDER BY due_at LIMIT ?`);
    this.#newestDue = db.prepare(`${due} ORDER BY due_at DESC LIMIT ?`);
    for (const statement of [this.#oldestDue, this.#newestDue]) statement.setReturnArrays(true);
  }

  /** After a start: whoever held these is gone, and may have sent what he held them for. */
  recover(intents: readonly Intent[]): void {
    this.#times.pullIn(this.#now());
    for (const { imsi, wanted } of intents) {
      const news: EventNews[] = [];
      this.#apply({ kind: 'abandoned', imsi, wanted }, news, this.#subscribers.nextWrite());
      for (const one of news) this.#journal.tell(one.eventId, [], one);
    }
  }

  read(imsi: string): Subscriber {
    return this.#subscribers.read(imsi);
  }

  /** Who is due and not held: half of them who wait longest, half of them who came last. */
  due(limit: number, held: ReadonlySet<string>): Subscriber[] {
    const now = this.#now();
    const found = new Map<number, Subscriber>();
    const take = (statement: StatementSync, upTo: number) => {
      // Those held are skipped here: in a statement they would be looked up one by one.
      for (const row of statement.iterate(now, upTo + held.size + found.size) as Iterable<JsonRow>) {
        if (found.size >= upTo) break;
        const imsi = asImsi(row[0]);
        if (!held.has(imsi)) found.set(row[0], subscriberOf(row, imsi));
      }
    };
    take(this.#oldestDue, this.#halves.oldestOf(limit));
    take(this.#newestDue, limit);
    return [...found.values()];
  }

  /** @returns for each effect, whether it was taken. */
  write({ entry, story, effects, askedAt }: AskedWrite): boolean[] {
    const number = this.#subscribers.nextWrite();
    const news: EventNews[] = [];
    const taken = effects.map((effect) => this.#apply(asOfNow(effect, askedAt), news, number));
    if (entry) this.#journal.add(entry, taken.includes(true), number);
    this.#tell(
      story,
      news.filter(({ eventId }) => eventId !== entry?.eventId),
    );
    return taken;
  }

  /** What first became of the event whose calls are told comes with them, in one update of it. */
  #tell(story: Write['story'], news: EventNews[]): void {
    const its = news.findIndex(({ eventId }) => eventId === story?.eventId);
    const [end = null] = its < 0 ? [] : news.splice(its, 1);
    if (story) this.#journal.tell(story.eventId, story.attempts, end);
    for (const one of news) this.#journal.tell(one.eventId, [], one);
  }

  /** Only what nothing waits for any more goes. */
  clean(order: CleaningOrder): Cleaned {
    this.#audit.clean(order);
    return this.#journal.clean(order);
  }

  /** @returns where each event stands now. */
  put(entries: readonly Entry[]): Standing[] {
    return entries.map((entry) => this.#journal.put(entry, this.#subscribers.nextWrite()));
  }

  conclude({ conclusions, note }: ConcludeRequest): void {
    for (const conclusion of conclusions) this.#journal.conclude(conclusion);
    if (note !== null) this.outbox.setNote(note);
  }

  note(deed: Deed): void {
    this.#audit.note(deed);
  }

  /** The clock was set by `step` milliseconds, which `now` does not know yet: whoever waits goes on waiting as long as before. */
  moveTimes(step: number): void {
    this.#times.move(this.#now(), step);
    this.#subscribers.forget();
  }

  /** Somebody else wrote: what is remembered of the tables may be wrong, or not be all. */
  forget(): void {
    this.#subscribers.forget();
    this.#index.catchUp();
  }

  /**
   * Writes what was changed of subscribers and is not written yet: one after the other, at the end of a transaction, they
   * cost less than each beside its event. A rule of the database that one breaks is found here.
   */
  flush(): void {
    this.#subscribers.flush();
  }

  committed(): void {
    this.#index.committed();
  }

  rolledBack(): void {
    this.#index.rolledBack();
    this.#subscribers.forget();
  }

  #apply(effect: Effect, news: EventNews[], write: WriteNumber): boolean {
    if (effect.kind === 'untouched' && effect.retryInMs === null) return true;
    if (effect.kind === 'stale' && !mayBeOnItsWay(this.#journal.statusOf(effect.eventId))) return true;
    const row = this.#subscribers.open(effect.imsi, write);
    const reaction = react(row.subscriber, effect, this.#now(), this.#limits);
    row.subscriber = reaction.subscriber;
    news.push(...reaction.news);
    return reaction.accepted;
  }
}
