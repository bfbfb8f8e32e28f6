import type { Names } from '../../core/names.ts';
import type { Subscriber } from '../../core/subscriber.ts';
import { commonReason, storable } from '../../core/text.ts';
import type { AuditEntry, DeadGroup, EventSearch, FoundEvents, Known, OperatorViews } from '../../ports/operating.ts';
import { inOrder, knownBy, knownByImsi, type Lookup, lookupOf } from '../find.ts';
import { type Identifier, namesIn } from '../names.ts';
import { searchPage } from '../search.ts';
import type { Database } from './database.ts';
import { STATE_COLUMNS, type StateRow, subscriberOf } from './rows.ts';
import { PostgresSearch } from './search.ts';

/** Reading, for those who run the connector. */
export class PostgresOperatorViews implements OperatorViews {
  readonly #database: Database;
  protected readonly search = new PostgresSearch((text, values) => this.look(text, values));

  constructor(database: Database) {
    this.#database = database;
  }

  page(search: EventSearch): Promise<FoundEvents> {
    return searchPage(this.search, search);
  }

  async find(text: string, limit: number): Promise<readonly Known[]> {
    const lookup = lookupOf(text);
    if (!lookup) return [];
    const [imsis, names] = await Promise.all([this.#findImsis(lookup, limit), this.#findNames(lookup, limit)]);
    return inOrder([...imsis, ...names], lookup.text, limit);
  }

  async #findImsis({ imsis }: Lookup, limit: number): Promise<Known[]> {
    if (!imsis) return [];
    const rows = await this.look<[number]>(
      `(SELECT imsi FROM nsps_connector.subscribers WHERE known AND imsi BETWEEN $1 AND $2 ORDER BY imsi LIMIT $3)
       UNION (SELECT imsi FROM nsps_connector.names WHERE imsi BETWEEN $1 AND $2 ORDER BY imsi LIMIT $3)
       ORDER BY imsi LIMIT $3`,
      [...imsis, limit],
    );
    return rows.map(([imsi]) => knownByImsi(imsi));
  }

  async #findNames({ from, to }: Lookup, limit: number): Promise<Known[]> {
    const rows = await this.look<[string, Identifier['kind'], number, string | null]>(
      `SELECT value, kind, imsi, names FROM nsps_connector.identifiers LEFT JOIN nsps_connector.names USING (imsi)
       WHERE value >= $1 AND value <= $2 ORDER BY value, kind, imsi LIMIT $3`,
      [from, to, limit * FORMER],
    );
    return rows.map(([value, kind, imsi, names]) => knownBy({ value, kind }, imsi, names));
  }

  async names(imsi: string): Promise<Names | null> {
    const [row] = await this.look<[string | null, boolean]>(
      `SELECT (SELECT names FROM nsps_connector.names WHERE imsi = $1),
         EXISTS (SELECT FROM nsps_connector.subscribers WHERE imsi = $1 AND known)`,
      [Number(imsi)],
    );
    const [kept, known] = row ?? [null, false];
    return kept !== null || known ? namesIn(kept) : null;
  }

  async deadGroups(limit: number): Promise<readonly DeadGroup[]> {
    const rows = await this.look<[string, number, number | null, number | null]>(
      `SELECT why, count, oldest, newest FROM (
         SELECT dead_group, count(*) AS count, min(waiting_since) AS oldest, max(waiting_since) AS newest
         FROM nsps_connector.subscribers WHERE dead IS NOT NULL GROUP BY dead_group) AS groups
       CROSS JOIN LATERAL (
         SELECT nsps_connector.common_reason(dead) AS why FROM nsps_connector.subscribers AS one
         WHERE one.dead IS NOT NULL AND one.dead_group = groups.dead_group LIMIT 1) AS one
       ORDER BY count DESC, why COLLATE "C" LIMIT $1`,
      [limit],
    );
    return rows.map(([why, count, oldest, newest]) => ({ why, count, oldest, newest }));
  }

  deadLetters({ why, afterImsi, limit }: Parameters<OperatorViews['deadLetters']>[0]): Promise<readonly Subscriber[]> {
    const after = Number(afterImsi ?? -1);
    if (why === undefined) return this.subscribersWhere('imsi > $2 AND dead IS NOT NULL', [after], limit);
    return this.subscribersWhere(
      'imsi > $2 AND dead IS NOT NULL AND dead_group = md5($3)::uuid',
      [after, storable(commonReason(why))],
      limit,
    );
  }

  /** In the order of IMSIs. A row that only carries a claim says nothing. @param where its parameters begin with `$2`. */
  protected async subscribersWhere(where: string, values: readonly unknown[], limit: number): Promise<Subscriber[]> {
    const rows = await this.look<StateRow>(
      `SELECT ${STATE_COLUMNS} FROM nsps_connector.subscribers WHERE known AND ${where} ORDER BY imsi LIMIT $1`,
      [limit, ...values],
    );
    return rows.map(subscriberOf);
  }

  async audit({ beforeSeq, limit }: Parameters<OperatorViews['audit']>[0]): Promise<readonly AuditEntry[]> {
    const rows = await this.look<[number, number, string, string, string | null, string | null]>(
      `SELECT seq, at, who, what, subject, detail FROM nsps_connector.audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2`,
      [beforeSeq ?? Number.MAX_SAFE_INTEGER, limit],
    );
    return rows.map(([seq, at, who, what, subject, detail]) => ({ seq, at, who, what, subject, detail }));
  }

  protected look<Row extends unknown[]>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#database.named(this.#database.look<Row>(text, values));
  }
}

/** Those who are no more called so come last: some of them are read in vain. */
const FORMER = 4;
