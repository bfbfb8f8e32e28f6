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
import { SUBSCRIBER_COLUMNS } from '../subscriber-row.ts';
import { type Database, type Statement, send } from './database.ts';
import { LostClaims } from './lost-claims.ts';
import { json, STATE_ASSIGNMENTS, STATE_RECORD, type StateRow, stateOf, subscriberOf } from './rows.ts';

export interface LeaseRequest extends ClaimRequest {
  readonly holdMs: number;
}

/** One claim, of all whom it takes. */
interface Lease {
  readonly claim: string;
  /** How long it lasts, in milliseconds. */
  readonly holdMs: number;
}

/** A locked row that is free, or whose holder is gone: he may have sent `left`. */
type FoundRow = [...StateRow, left: Wanted | null, abandoned: boolean, now: number];

const COLUMNS = SUBSCRIBER_COLUMNS.map((column) => `s.${column}`).join(', ');

/**
 * Takes whoever nobody holds, those never heard of among them. In the order of keys, so that no two groups wait for each
 * other; a lease begins when its row is written, not when the statement began to wait for it.
 */
const TAKE_FREE: Statement = {
  name: 'take-free',
  text: `
    INSERT INTO nsps_connector.subscribers AS s (imsi, lease_owner, lease_until, lease_wanted)
    SELECT u.imsi, $2::uuid, nsps_connector.now_ms() + $3::bigint, u.wanted
    FROM json_to_recordset($1::json) AS u(imsi bigint, wanted jsonb) ORDER BY u.imsi
    ON CONFLICT (imsi) DO UPDATE SET lease_owner = excluded.lease_owner, lease_wanted = excluded.lease_wanted,
      lease_until = nsps_connector.now_ms() + $3::bigint
    WHERE s.lease_owner IS NULL
    RETURNING ${COLUMNS}`,
};

const EXPIRED = 's.lease_until <= (SELECT nsps_connector.now_ms())';

const FIND_EXPIRED: Statement = {
  name: 'find-expired',
  text: `SELECT s.imsi FROM nsps_connector.subscribers AS s WHERE s.imsi = ANY($1::bigint[]) AND ${EXPIRED}`,
};

const FOUND = `${COLUMNS}, s.lease_wanted AS left_behind, s.lease_owner IS NOT NULL AS abandoned, nsps_connector.now_ms() AS now
  FROM nsps_connector.subscribers AS s`;

const LOCK_EXPIRED: Statement = {
  name: 'lock-expired',
  text: `SELECT ${FOUND} WHERE s.imsi = ANY($1::bigint[]) AND ${EXPIRED} ORDER BY s.imsi FOR NO KEY UPDATE`,
};

const DUE = `SELECT ${FOUND}
  WHERE s.due_at <= (SELECT nsps_connector.now_ms()) AND (s.lease_owner IS NULL OR ${EXPIRED})`;

/** Whoever is locked is being claimed, or written, by somebody else: the next look finds him. */
const LOCK_DUE: Statement = {
  name: 'lock-due',
  text: `
    WITH oldest AS MATERIALIZED (${DUE} ORDER BY s.due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED),
    newest AS MATERIALIZED (${DUE} AND s.imsi NOT IN (SELECT imsi FROM oldest)
      ORDER BY s.due_at DESC LIMIT $2::bigint - (SELECT count(*) FROM oldest) FOR NO KEY UPDATE SKIP LOCKED)
    SELECT * FROM oldest UNION ALL SELECT * FROM newest`,
};

const TAKE_FOUND: Statement = {
  name: 'take-found',
  text: `
    UPDATE nsps_connector.subscribers AS s SET ${STATE_ASSIGNMENTS}, known = s.known OR u.known,
      lease_owner = $2::uuid, lease_until = nsps_connector.now_ms() + $3::bigint, lease_wanted = u.wanted
    FROM json_to_recordset($1::json) AS u(${STATE_RECORD}, known boolean, wanted jsonb) WHERE s.imsi = u.imsi`,
};

/** Events that lost their place to one that may have been sent. */
const SUPERSEDE: Statement = {
  name: 'supersede',
  text: `
    UPDATE nsps_connector.journal SET state = 'superseded', why = NULL, updated_at = nsps_connector.now_ms()
    WHERE seq IN (
      SELECT seq FROM nsps_connector.journal WHERE event_id = ANY($1::text[]) ORDER BY event_id FOR NO KEY UPDATE)`,
};

const LOOK: Statement = {
  name: 'look',
  text: `SELECT ${COLUMNS} FROM nsps_connector.subscribers AS s WHERE s.imsi = ANY($1::bigint[])`,
};

/** Who may talk to the core about whom: leases in the subscribers' rows, on the database's clock. */
export class Claims {
  readonly #database: Database;
  readonly #newClaim: () => string;
  readonly #limits: Limits;
  readonly #halves = new Halves();
  readonly #lost: LostClaims;

  /** @param newClaim names the claims of one group: of a subscriber there is one at most among them. */
  constructor(database: Database, newClaim: () => string, limits: Limits) {
    this.#database = database;
    this.#newClaim = newClaim;
    this.#limits = limits;
    this.#lost = new LostClaims(database);
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

  async #takeExpired(requests: readonly LeaseRequest[], lease: Lease): Promise<Held[]> {
    if (requests.length === 0) return [];
    const expired = await this.#database.run<[number]>(FIND_EXPIRED, [requests.map(({ imsi }) => Number(imsi))]);
    if (expired.length === 0) return [];
    const wanted = new Map(requests.map((request) => [request.imsi, request.wanted]));
    return this.#takeFound(LOCK_EXPIRED, [expired.flat()], ({ imsi }) => wanted.get(imsi) ?? null, lease);
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
  claimDue(limit: number, holdMs: number): Promise<Held[]> {
    const lease = { claim: this.#newClaim(), holdMs: Math.ceil(holdMs) };
    return this.#takeFound(LOCK_DUE, [this.#halves.oldestOf(limit), limit], newest, lease);
  }

  async #takeFound(
    lock: Statement,
    values: readonly unknown[],
    wantedOf: (subscriber: Subscriber) => Wanted | null,
    { claim, holdMs }: Lease,
  ): Promise<Held[]> {
    let keys: readonly number[] = [];
    try {
      return await this.#database.transaction(async (client) => {
        const [, rows] = await Promise.all([client.query('BEGIN'), send<FoundRow>(client, lock, values)]);
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
        return found.map(({ subscriber }) => ({ ...subscriber, claim }));
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
