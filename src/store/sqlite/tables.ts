import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  type Effect,
  type EventNews,
  type Limits,
  react,
  type Subscriber,
  type Wanted,
} from '../../core/subscriber.ts';
import type { Write } from '../../ports/store.ts';
import { type ClaimRequest, endsClaim } from '../requests.ts';
import { EventIndex } from './event-index.ts';
import { Journal } from './journal.ts';
import { asImsi, SUBSCRIBER_COLUMNS, type SubscriberRow, subscriberOf, valuesOf } from './rows.ts';

/** The tables and what is done to them, one call after the other. Knows nothing of threads, transactions and files. */
export class Tables {
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #index: EventIndex;
  readonly #journal: Journal;
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #claim: StatementSync;
  readonly #abandoned: StatementSync;
  readonly #reclaim: StatementSync;
  readonly #release: StatementSync;
  readonly #oldestDue: StatementSync;
  readonly #newestDue: StatementSync;
  /** Held by this process. A row in `claims` that is not held was left behind. */
  readonly #held = new Set<number>();

  constructor(db: DatabaseSync, limits: Limits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#index = new EventIndex(db);
    this.#journal = new Journal(db, this.#index, now);
    const columns = SUBSCRIBER_COLUMNS.join(', ');
    this.#select = db.prepare(`SELECT ${columns} FROM subscribers WHERE imsi = ?`);
    this.#insert = db.prepare(
      `INSERT INTO subscribers (${columns}) VALUES (${SUBSCRIBER_COLUMNS.map(() => '?').join(', ')})`,
    );
    const assignments = SUBSCRIBER_COLUMNS.slice(1).map((column, index) => `${column} = ?${index + 2}`);
    this.#update = db.prepare(`UPDATE subscribers SET ${assignments.join(', ')} WHERE imsi = ?1`);
    this.#claim = db.prepare('INSERT INTO claims (imsi, wanted) VALUES (?, ?) ON CONFLICT (imsi) DO NOTHING');
    this.#abandoned = db.prepare('SELECT wanted FROM claims WHERE imsi = ?');
    this.#reclaim = db.prepare('UPDATE claims SET wanted = ?2 WHERE imsi = ?1');
    this.#release = db.prepare('DELETE FROM claims WHERE imsi = ?');
    const due = `SELECT ${columns} FROM subscribers WHERE due_at <= ?`;
    this.#oldestDue = db.prepare(`${due} ORDER BY due_at LIMIT ?`);
    this.#newestDue = db.prepare(`${due} ORDER BY due_at DESC LIMIT ?`);
    for (const statement of [this.#select, this.#oldestDue, this.#newestDue]) statement.setReturnArrays(true);
  }

  /** After a start: whoever held these is gone, and may have sent what he held them for. */
  recoverClaims(db: DatabaseSync): number {
    const left = db.prepare('SELECT imsi, wanted FROM claims').all() as { imsi: number; wanted: string | null }[];
    for (const { imsi, wanted } of left) {
      this.#abandon(asImsi(imsi), wanted);
      this.#release.run(imsi);
    }
    return left.length;
  }

  /** @returns what is known of him; null when he is held. */
  claim({ imsi, wanted }: ClaimRequest): Subscriber | null {
    const key = Number(imsi);
    if (this.#held.has(key)) return null;
    const text = wanted && JSON.stringify(wanted);
    if (this.#claim.run(key, text).changes === 0) {
      const left = this.#abandoned.get(key) as { wanted: string | null };
      this.#abandon(imsi, left.wanted);
      this.#reclaim.run(key, text);
    }
    this.#held.add(key);
    return this.#load(imsi);
  }

  #abandon(imsi: string, wanted: string | null): void {
    const news: EventNews[] = [];
    this.#apply({ kind: 'abandoned', imsi, wanted: parseWanted(wanted) }, news);
    for (const one of news) this.#journal.hear(one);
  }

  claimDue(limit: number): Subscriber[] {
    const now = this.#now();
    const found = new Map<number, Subscriber>();
    const take = (statement: StatementSync, upTo: number) => {
      // Those held are skipped here: in a statement they would be looked up one by one.
      for (const row of statement.iterate(now, upTo + this.#held.size + found.size) as Iterable<SubscriberRow>) {
        if (found.size >= upTo) break;
        if (!this.#held.has(row[0]) && !found.has(row[0])) found.set(row[0], subscriberOf(row, asImsi(row[0])));
      }
    };
    take(this.#oldestDue, Math.ceil(limit / 2));
    take(this.#newestDue, limit);
    return [...found.values()].map(({ imsi, desired, applied }) => {
      return this.claim({ imsi, wanted: desired ?? applied }) as Subscriber;
    });
  }

  /** @returns for each effect, whether it was taken. */
  write({ entry, story, effects }: Write): boolean[] {
    const news: EventNews[] = [];
    const taken = effects.map((effect) => this.#apply(effect, news));
    if (entry) this.#journal.add(entry, taken.includes(true));
    if (story) this.#journal.tell(story.eventId, story.attempts);
    for (const one of news) if (one.eventId !== entry?.eventId) this.#journal.hear(one);
    return taken;
  }

  /** Only what nothing waits for any more goes. @returns how many events were deleted. */
  clean(before: number, limit: number): number {
    return this.#journal.clean(before, limit);
  }

  committed(): void {
    this.#index.committed();
  }

  rolledBack(): void {
    this.#index.rolledBack();
  }

  /** Forgets that these are held, without a word about what came of it: the write that would have said so failed. */
  drop(effects: readonly Effect[]): void {
    for (const { imsi, kind } of effects) if (endsClaim(kind)) this.#held.delete(Number(imsi));
  }

  dropClaims(requests: readonly ClaimRequest[]): void {
    for (const { imsi } of requests) this.#held.delete(Number(imsi));
  }

  #apply(effect: Effect, news: EventNews[]): boolean {
    if (endsClaim(effect.kind)) {
      const key = Number(effect.imsi);
      this.#held.delete(key);
      this.#release.run(key);
    }
    if (effect.kind === 'untouched' && effect.retryInMs === null) return true;
    // Only an event never heard of can be one whose call ended without a word.
    if (effect.kind === 'stale' && this.#journal.knows(effect.eventId)) return true;
    const row = this.#select.get(Number(effect.imsi)) as SubscriberRow | undefined;
    const before = subscriberOf(row, effect.imsi);
    const reaction = react(before, effect, this.#now(), this.#limits);
    if (reaction.subscriber !== before) {
      (row ? this.#update : this.#insert).run(...valuesOf(reaction.subscriber));
    }
    news.push(...reaction.news);
    return reaction.accepted;
  }

  #load(imsi: string): Subscriber {
    return subscriberOf(this.#select.get(Number(imsi)) as SubscriberRow | undefined, imsi);
  }
}

function parseWanted(text: string | null): Wanted | null {
  return text === null ? null : (JSON.parse(text) as Wanted);
}
