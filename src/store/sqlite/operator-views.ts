import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Names } from '../../core/names.ts';
import type { Subscriber } from '../../core/subscriber.ts';
import { commonReason } from '../../core/text.ts';
import type { AuditEntry, DeadGroup, EventSearch, FoundEvents, Known, OperatorViews } from '../../ports/operating.ts';
import { inOrder, knownBy, knownByImsi, type Lookup, lookupOf } from '../find.ts';
import { asImsi } from '../imsi.ts';
import { type Identifier, namesIn } from '../names.ts';
import { searchPage } from '../search.ts';
import { SUBSCRIBER_COLUMNS } from '../subscriber-row.ts';
import { type JsonRow, subscriberOf } from './rows.ts';
import { SqliteSearch } from './search.ts';

/** A row may be there only because an event that meant nothing named him. */
export const KNOWN = '(coalesce(applied, desired, after) IS NOT NULL OR unsettled_until IS NOT NULL)';

/** Reading, for those who run the connector. */
export class SqliteOperatorViews implements OperatorViews {
  protected readonly db: DatabaseSync;
  protected readonly search: SqliteSearch;

  constructor(db: DatabaseSync) {
    this.db = db;
    this.search = new SqliteSearch(db);
  }

  page(search: EventSearch): Promise<FoundEvents> {
    return searchPage(this.search, search);
  }

  async find(text: string, limit: number): Promise<readonly Known[]> {
    const lookup = lookupOf(text);
    if (!lookup) return [];
    return inOrder([...this.#findImsis(lookup, limit), ...this.#findNames(lookup, limit)], lookup.text, limit);
  }

  #findImsis({ imsis }: Lookup, limit: number): Known[] {
    if (!imsis) return [];
    const sql = `SELECT imsi FROM subscribers WHERE imsi BETWEEN ? AND ? AND (${KNOWN} OR names IS NOT NULL) ORDER BY imsi LIMIT ?`;
    const rows = this.db.prepare(sql).all(...imsis, limit) as unknown as { imsi: number }[];
    return rows.map(({ imsi }) => knownByImsi(imsi));
  }

  #findNames({ from, to }: Lookup, limit: number): Known[] {
    const sql = `SELECT value, kind, imsi, names FROM identifiers LEFT JOIN subscribers USING (imsi)
      WHERE value >= ? AND value <= ? ORDER BY value, kind, imsi LIMIT ?`;
    const rows = this.db.prepare(sql).all(from, to, limit * FORMER) as unknown as NamedRow[];
    return rows.map((row) => knownBy(row, row.imsi, row.names));
  }

  async names(imsi: string): Promise<Names | null> {
    const sql = `SELECT names FROM subscribers WHERE imsi = ? AND (${KNOWN} OR names IS NOT NULL)`;
    const row = this.db.prepare(sql).get(Number(imsi)) as { names: string | null } | undefined;
    return row ? namesIn(row.names) : null;
  }

  async deadGroups(limit: number): Promise<readonly DeadGroup[]> {
    const sql = `SELECT dead_group AS why, count(*) AS count, min(waiting_since) AS oldest, max(waiting_since) AS newest
      FROM subscribers WHERE dead_group IS NOT NULL GROUP BY dead_group ORDER BY count DESC, why LIMIT ?`;
    return this.db.prepare(sql).all(limit) as unknown as DeadGroup[];
  }

  async deadLetters({
    why,
    afterImsi,
    limit,
  }: Parameters<OperatorViews['deadLetters']>[0]): Promise<readonly Subscriber[]> {
    const values = [Number(afterImsi ?? -1), ...(why === undefined ? [] : [commonReason(why)])];
    return this.subscribersWhere(
      `imsi > ? AND ${why === undefined ? 'dead IS NOT NULL' : 'dead_group = ?'}`,
      values,
      limit,
    );
  }

  /** In the order of IMSIs. */
  protected subscribersWhere(where: string, values: readonly SQLInputValue[], limit: number): Subscriber[] {
    const sql = `SELECT ${SUBSCRIBER_COLUMNS.join(', ')} FROM subscribers WHERE ${where} ORDER BY imsi LIMIT ?`;
    const statement = this.db.prepare(sql);
    statement.setReturnArrays(true);
    const rows = statement.all(...values, limit) as unknown as JsonRow[];
    return rows.map((row) => subscriberOf(row, asImsi(row[0])));
  }

  async audit({ beforeSeq, limit }: Parameters<OperatorViews['audit']>[0]): Promise<readonly AuditEntry[]> {
    const sql = 'SELECT seq, at, who, what, subject, detail FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?';
    return this.db.prepare(sql).all(beforeSeq ?? Number.MAX_SAFE_INTEGER, limit) as unknown as AuditEntry[];
  }
}

/** Those who are no more called so come last: some of them are read in vain. */
const FORMER = 4;

interface NamedRow extends Identifier {
  readonly imsi: number;
  /** What he is called now. */
  readonly names: string | null;
}
