import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { EventState } from '../../contract/event-states.ts';
import type { EventRow, EventSearch } from '../../ports/operating.ts';
import type { EventFilter } from '../../ports/store.ts';
import { asImsi } from '../imsi.ts';
import { UNFINISHED } from '../journal-rules.ts';
import { type SearchedJournal, SLACK_MS, type Span, type Stretch } from '../search.ts';

/** Word for word what the index is made with: else it is not used. */
const IN_INDEX = `(${UNFINISHED.map((state) => `state = '${state}'`).join(' OR ')})`;

/** Events of a subscriber that are gone past on the way to a span. */
const MOST_PASSED = 2_000;

interface Row {
  seq: number;
  event_id: string;
  type: string;
  imsi: number | null;
  previous_imsi: number | null;
  state: EventState;
  why: string | null;
  status: number;
  deliveries: number;
  received_at: number;
  updated_at: number;
  calls: number;
}

/** Conditions of a statement, and their values. */
export class Conditions {
  readonly #parts: string[] = [];
  readonly values: SQLInputValue[] = [];

  /** @param values of the condition's parameters; where they are absent there is no condition. */
  add(sql: string, ...values: (SQLInputValue | undefined)[]): this {
    const given = values.filter((value) => value !== undefined);
    if (given.length < values.length) return this;
    this.#parts.push(sql);
    this.values.push(...given);
    return this;
  }

  /** What every search of events asks of a row. */
  static of(
    { state, type, from, until }: Pick<EventFilter, 'state' | 'type' | 'from' | 'until'>,
    span: Span,
  ): Conditions {
    const conditions = new Conditions();
    if (state !== undefined && UNFINISHED.includes(state)) conditions.add(IN_INDEX);
    return conditions
      .add('state = ?', state)
      .add('type = ?', type)
      .add('received_at >= ?', from)
      .add('received_at < ?', until)
      .add('journal.seq >= ?', span.from)
      .add('journal.seq < ?', span.before);
  }

  get where(): string {
    return this.#parts.length === 0 ? '' : `WHERE ${this.#parts.join(' AND ')}`;
  }
}

/** The journal as a search needs it. */
export class SqliteSearch implements SearchedJournal {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  async since(ms: number): Promise<number> {
    return this.#firstFrom(ms - SLACK_MS);
  }

  async until(ms: number): Promise<number> {
    return this.#firstFrom(ms + SLACK_MS);
  }

  /**
   * The first event that came at or after a time, found by halving: numbers grow with times. Where they do not for a moment
   * it is one of those near by, which the slack makes up for.
   */
  #firstFrom(ms: number): number {
    const at = this.#db.prepare('SELECT seq, received_at AS at FROM journal WHERE seq >= ? ORDER BY seq LIMIT 1');
    const last = this.#db.prepare('SELECT max(seq) AS seq FROM journal').get() as { seq: number | null };
    let [low, high] = [0, (last.seq ?? 0) + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = at.get(middle) as { seq: number; at: number } | undefined;
      if (found === undefined || found.at >= ms) high = middle;
      else low = found.seq + 1;
    }
    return low;
  }

  async listed({ imsi, state }: EventSearch, span: Span, most: number): Promise<readonly number[] | null> {
    const story = imsi === undefined ? null : this.#story(Number(imsi), span, most);
    if (story) return story;
    if (state === undefined || !UNFINISHED.includes(state)) return null;
    const { where, values } = Conditions.of({ state }, span);
    const sql = `SELECT seq FROM journal INDEXED BY journal_unfinished ${where} ORDER BY seq DESC LIMIT ?`;
    return this.#numbers(sql, ...values, most + 1);
  }

  /**
   * From each event of a subscriber to the one before.
   * @returns null when too many of them came after the span: then it is quicker to look where it is.
   */
  #story(imsi: number, span: Span, most: number): number[] | null {
    const step = this.#db.prepare(
      'SELECT iif(imsi = ?1, before, previous_before) FROM journal WHERE seq = ?2 AND ?1 IN (imsi, previous_imsi)',
    );
    const first = this.#db.prepare('SELECT last_event FROM subscribers WHERE imsi = ?');
    for (const statement of [step, first]) statement.setReturnArrays(true);
    const before = (seq: number) => (step.get(imsi, seq) as unknown as [number | null] | undefined)?.[0];
    // A next page begins where the one before it ended.
    const next = before(span.before);
    const found: number[] = [];
    const start = next === undefined ? (first.get(imsi) as unknown as [number | null] | undefined)?.[0] : next;
    let passed = 0;
    for (let seq = start ?? null; seq !== null && seq >= span.from && found.length <= most; ) {
      const earlier = before(seq);
      if (earlier === undefined) break;
      if (seq < span.before) found.push(seq);
      else if (++passed > MOST_PASSED) return null;
      seq = earlier;
    }
    return found;
  }

  async newest({ from, before }: Span, most: number): Promise<readonly number[]> {
    const sql = 'SELECT seq FROM journal WHERE seq >= ? AND seq < ? ORDER BY seq DESC LIMIT ?';
    return this.#numbers(sql, from, before, most);
  }

  async numberAt({ from, before }: Span, place: number): Promise<number | null> {
    const sql = 'SELECT seq FROM journal WHERE seq >= ? AND seq < ? ORDER BY seq DESC LIMIT 1 OFFSET ?';
    return this.#numbers(sql, from, before, place - 1)[0] ?? null;
  }

  #numbers(sql: string, ...values: SQLInputValue[]): number[] {
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    return (statement.all(...values) as unknown as [number][]).map(([seq]) => seq);
  }

  async oldest({ from, before }: Span): Promise<Pick<EventRow, 'seq' | 'receivedAt'> | null> {
    const sql = 'SELECT seq, received_at FROM journal WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT 1';
    const row = this.#db.prepare(sql).get(from, before) as Pick<Row, 'seq' | 'received_at'> | undefined;
    return row ? { seq: row.seq, receivedAt: row.received_at } : null;
  }

  async sizes(numbers: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const sql = `SELECT seq, length(body) FROM journal WHERE seq IN ${LIST}`;
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    return new Map(statement.all(JSON.stringify(numbers)) as unknown as [number, number][]);
  }

  async fitting(search: EventSearch, stretch: Stretch): Promise<readonly EventRow[]> {
    const { imsi, text, limit } = search;
    const conditions = Conditions.of(search, 'from' in stretch ? stretch : ANYWHERE);
    if ('numbers' in stretch) conditions.add(`seq IN ${LIST}`, JSON.stringify(stretch.numbers));
    // Of what is listed all are his, but not every list can be had.
    conditions.add('? IN (imsi, previous_imsi)', imsi === undefined ? undefined : Number(imsi));
    if (text) conditions.add('(instr(body, ?) OR instr(event_id, ?))', Buffer.from(text), text);
    const rows = this.#db
      .prepare(`SELECT ${ROW} FROM journal NOT INDEXED ${conditions.where} ORDER BY seq DESC LIMIT ?`)
      .all(...conditions.values, limit);
    return (rows as unknown as Row[]).map(eventRow);
  }
}

const ANYWHERE: Span = { from: 0, before: Number.MAX_SAFE_INTEGER };
const LIST = '(SELECT value FROM json_each(?))';
const ROW = `seq, event_id, type, imsi, previous_imsi, state, why, status, deliveries, received_at, updated_at,
  json_array_length(attempts) AS calls`;

function eventRow(row: Row): EventRow {
  return {
    seq: row.seq,
    eventId: row.event_id,
    type: row.type,
    imsi: asImsi(row.imsi),
    previousImsi: asImsi(row.previous_imsi),
    state: row.state,
    why: row.why,
    status: row.status,
    deliveries: row.deliveries,
    receivedAt: row.received_at,
    updatedAt: row.updated_at,
    attempts: row.calls,
  };
}
