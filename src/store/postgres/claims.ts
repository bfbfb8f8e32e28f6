import { react } from '../../core/react.ts';
import {
  type Effect,
  type EventNews,
  type Limits,
  newest,
  type Subscriber,
  unknownSubscriber,
  type Wanted,
} from '../../core/subscriber.ts';
import type { Held } from '../../ports/store.ts';
import { Halves } from '../halves.ts';
import type { ClaimRequest } from '../requests.ts';
import { FIND_EXPIRED, LOCK_DUE, LOCK_EXPIRED, LOOK, SUPERSEDE, TAKE_FOUND, TAKE_FREE } from './claim-statements.ts';
import { type Database, type Statement, send } from './database.ts';
import { Due } from './due.ts';
import { LostClaims } from './lost-claims.ts';
import { json, type StateRow, stateOf, subscriberOf } from './rows.ts';
import { NOW } from './statements.ts';

export interface LeaseRequest extends ClaimRequest {
  readonly holdMs: number;
}

/** One claim, of all whom it takes. */
interface Lease {
  readonly claim: string;
  /** How long it lasts, in milliseconds. */
  readonly holdMs: number;
}

/** How rows are found and locked, and what is going to be sent to each. */
interface Finding {
  readonly lock: Statement;
  readonly values: readonly unknown[];
  wantedOf(subscriber: Subscriber): Wanted | null;
}

/** Who was taken. */
interface Taken {
  readonly held: readonly Held[];
  /** When it was looked for them, on the database's clock. */
  readonly now: number;
  /** Since when they were due. */
  readonly found: readonly number[];
}

/** A locked row that is free, or whose holder is gone: he may have sent `left`. */
type FoundRow = [...StateRow, left: Wanted | null, abandoned: boolean, now: number];

/** Who may talk to the core about whom: leases in the subscribers' rows, on the database's clock. */
export class Claims {
  readonly #database: Database;
  readonly #newClaim: () => string;
  readonly #limits: Limits;
  readonly #halves = new Halves();
  readonly #lost: LostClaims;
  readonly #due: Due;

  /** @param newClaim names the claims of one group: of a subscriber there is one at most among them. */
  constructor(database: Database, newClaim: () => string, limits: Limits) {
    this.#database = database;
    this.#newClaim = newClaim;
    this.#limits = limits;
    this.#lost = new LostClaims(database);
    this.#due = new Due(database);
  }

  /** @returns for each request what is known of the subscriber; null when he is held, or two ask: then the first gets him. */
  async claim(requests: readonly LeaseRequest[]): Promise<(Held | null)[]> {
    const first = new Map<string, LeaseRequest>();
    for (const request of requests) if (!first.has(request.imsi)) first.set(request.imsi, request);
    const asked = [...first.values()];
    // One statement for all: a lease may be longer than asked for, never shorter.
    const holdMs = Math.ceil(asked.reduce((longest, request) => Math.max(longest, request.holdMs), 0));
    const taken = await this.#take(asked, { claim: this.#newClaim(), holdMs });
    return requests.map((request) => (first.get(request.imsi) === request ? (taken.get(request.imsi) ?? null) : null));
  }

  /** All who can be had; when that fails half way, nobody. */
  async #take(asked: readonly LeaseRequest[], lease: Lease): Promise<Map<string, Held>> {
    const taken = new Map<string, Held>();
    try {
      for (const subscriber of await this.#takeFree(asked, lease)) taken.set(subscriber.imsi, subscriber);
      const left = asked.filter(({ imsi }) => !taken.has(imsi));
      for (const subscriber of await this.#takeExpired(left, lease)) taken.set(subscriber.imsi, subscriber);
    } catch (error) {
      this.#lost.add({ claim: lease.claim, keys: asked.map(({ imsi }) => Number(imsi)) });
      throw error;
    }
    return taken;
  }

  /** Ends the claims that nobody was told of, because they failed half way. */
  letGoOfLost(): Promise<void> {
    return this.#lost.letGo();
  }

  /** Nearly always that is all of them, in one statement. */
  async #takeFree(requests: readonly LeaseRequest[], { claim, holdMs }: Lease): Promise<Held[]> {
    const records = json(requests.map(({ imsi, wanted }) => ({ imsi: Number(imsi), wanted })));
    const rows = await this.#database.run<StateRow>(TAKE_FREE, [records, claim, holdMs]);
    return rows.map((row) => ({ ...subscriberOf(row), claim }));
  }

  async #takeExpired(requests: readonly LeaseRequest[], lease: Lease): Promise<readonly Held[]> {
    if (requests.length === 0) return [];
    const expired = await this.#database.run<[number]>(FIND_EXPIRED, [requests.map(({ imsi }) => Number(imsi))]);
    if (expired.length === 0) return [];
    const wanted = new Map(requests.map((request) => [request.imsi, request.wanted]));
    const wantedOf = ({ imsi }: Subscriber) => wanted.get(imsi) ?? null;
    const { held } = await this.#takeFound({ lock: LOCK_EXPIRED, values: [expired.flat()], wantedOf }, lease);
    return held;
  }

  async look(imsis: readonly string[]): Promise<Subscriber[]> {
    const rows = await this.#database.run<StateRow>(LOOK, [imsis.map(Number)]);
    const known = new Map(rows.map((row) => [row[0], row]));
    return imsis.map((imsi) => {
      const row = known.get(Number(imsi));
      return row ? subscriberOf(row) : unknownSubscriber(imsi);
    });
  }

  /** Half of them those who wait longest, half of them those who came last. */
  async claimDue(limit: number, holdMs: number): Promise<readonly Held[]> {
    const range = await this.#due.range();
    const oldest = this.#halves.oldestOf(limit);
    const lease = { claim: this.#newClaim(), holdMs: Math.ceil(holdMs) };
    const values = [oldest, limit, range.low, range.high, range.since];
    const { held, now, found } = await this.#takeFound({ lock: LOCK_DUE, values, wantedOf: newest }, lease);
    this.#due.looked(range, { now, limit, oldest, found });
    return held;
  }

  async #takeFound({ lock, values, wantedOf }: Finding, { claim, holdMs }: Lease): Promise<Taken> {
    let keys: readonly number[] = [];
    try {
      return await this.#database.transaction(async (client) => {
        const [, [[now = 0] = []], rows] = await Promise.all([
          client.query('BEGIN'),
          send<[number]>(client, NOW, []),
          send<FoundRow>(client, lock, values),
        ]);
        const found = rows.map((row) => this.#found(row));
        keys = rows.map(([imsi]) => imsi);
        const records = found.map(({ subscriber, known }) => ({
          ...stateOf(subscriber),
          known,
          wanted: wantedOf(subscriber),
        }));
        const superseded = found.flatMap(({ news }) => news.map(({ eventId }) => eventId));
        await Promise.all([
          found.length > 0 && send(client, TAKE_FOUND, [json(records), claim, holdMs]),
          superseded.length > 0 && send(client, SUPERSEDE, [superseded]),
          client.query('COMMIT'),
        ]);
        return {
          held: found.map(({ subscriber }) => ({ ...subscriber, claim })),
          now,
          found: rows.flatMap((row) => subscriberOf(row).dueAt ?? []),
        };
      });
    } catch (error) {
      this.#lost.add({ claim, keys });
      throw error;
    }
  }

  /** Nothing but superseding can come of a claim that was abandoned. */
  #found(row: FoundRow): { subscriber: Subscriber; known: boolean; news: readonly EventNews[] } {
    const [left, abandoned, now] = row.slice(-3) as [Wanted | null, boolean, number];
    const subscriber = subscriberOf(row);
    if (!abandoned) return { subscriber, known: false, news: [] };
    const effect: Effect = { kind: 'abandoned', imsi: subscriber.imsi, wanted: left };
    const reaction = react(subscriber, effect, now, this.#limits);
    return { subscriber: reaction.subscriber, known: true, news: reaction.news };
  }
}
