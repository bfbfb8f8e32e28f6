import type { EventState } from '../../contract/event-states.ts';
import { storable } from '../../core/text.ts';
import type { EventRow, EventSearch } from '../../ports/operating.ts';
import type { EventFilter } from '../../ports/store.ts';
import { asImsi } from '../imsi.ts';
import { UNFINISHED } from '../journal-rules.ts';
import { type SearchedJournal, SLACK_MS, type Span, type Stretch } from '../search.ts';

const JOURNAL = 'nsps_connector.journal';
/** What the index is made with: with it, the index can be used. */
const IN_INDEX = `state IN (${UNFINISHED.map((state) => `'${state}'`).join(', ')})`;
/** Events of a subscriber that are listed: their index knows no order, and all of them are sorted. */
const MOST_OF_ONE = 5_000;
/** Where numbers and times do not quite agree, the events around a time are looked at. */
const AROUND = 1_000;

type Row = [
  seq: number,
  eventId: string,
  type: string,
  imsi: number | null,
  previousImsi: number | null,
  state: EventState,
  why: string | null,
  status: number,
  deliveries: number,
  receivedAt: number,
  updatedAt: number,
  attempts: number,
];

/** Reads rows as arrays. */
type Look = <R extends unknown[]>(text: string, values: readonly unknown[]) => Promise<R[]>;

/** Conditions of a statement, and their values. */
export class Conditions {
  readonly #parts: string[] = [];
  readonly values: unknown[] = [];

  /** @param sql gets the parameter of the value; without a value there is no condition. */
  add(sql: (parameter: string) => string, value: unknown): this {
    if (value === undefined) return this;
    this.#parts.push(sql(this.parameter(value)));
    return this;
  }

  parameter(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** What every search of events asks of a row. */
  static of({ imsi, state, type, from, until }: Omit<EventFilter, 'limit'>, span: Span): Conditions {
    const conditions = new Conditions();
    if (state !== undefined && UNFINISHED.includes(state)) conditions.#parts.push(IN_INDEX);
    return conditions
      .add((value) => `state = ${value}`, state)
      .add((value) => `(imsi = ${value} OR previous_imsi = ${value})`, imsi === undefined ? undefined : Number(imsi))
      .add((value) => `type = ${value}`, type)
      .add((value) => `received_at >= ${value}`, from)
      .add((value) => `received_at < ${value}`, until)
      .add((value) => `seq >= ${value}`, span.from)
      .add((value) => `seq < ${value}`, span.before);
  }

  get where(): string {
    return this.#parts.length === 0 ? '' : `WHERE ${this.#parts.join(' AND ')}`;
  }
}

/** The journal as a search needs it. */
export class PostgresSearch implements SearchedJournal {
  readonly #look: Look;

  constructor(look: Look) {
    this.#look = look;
  }

  async since(ms: number): Promise<number> {
    const sql = `SELECT min(seq) FROM (
      SELECT seq FROM ${JOURNAL} WHERE received_at >= $1 ORDER BY received_at LIMIT ${AROUND}) AS around`;
    const [row] = await this.#look<[number | null]>(sql, [ms - SLACK_MS]);
    return row?.[0] ?? Number.MAX_SAFE_INTEGER;
  }

  async until(ms: number): Promise<number> {
    const sql = `SELECT max(seq) FROM (
      SELECT seq FROM ${JOURNAL} WHERE received_at < $1 ORDER BY received_at DESC LIMIT ${AROUND}) AS around`;
    const [row] = await this.#look<[number | null]>(sql, [ms + SLACK_MS]);
    return (row?.[0] ?? -1) + 1;
  }

  async listed({ imsi, state }: EventSearch, span: Span, most: number): Promise<readonly number[] | null> {
    const story = imsi === undefined ? null : await this.#story(Number(imsi), span);
    if (story) return story;
    if (state === undefined || !UNFINISHED.includes(state)) return null;
    const { where, values } = Conditions.of({ state }, span);
    const sql = `SELECT seq FROM ${JOURNAL} ${where} ORDER BY seq DESC LIMIT ${most + 1}`;
    return (await this.#look<[number]>(sql, values)).map(([seq]) => seq);
  }

  /** Of a subscriber. @returns null when he has too many events. */
  async #story(imsi: number, { from, before }: Span): Promise<number[] | null> {
    const found = new Set<number>();
    for (const column of ['imsi', 'previous_imsi']) {
      const sql = `SELECT seq FROM ${JOURNAL} WHERE ${column} = $1 LIMIT ${MOST_OF_ONE + 1}`;
      const rows = await this.#look<[number]>(sql, [imsi]);
      if (rows.length > MOST_OF_ONE) return null;
      for (const [seq] of rows) found.add(seq);
    }
    return [...found].filter((seq) => seq >= from && seq < before).sort((a, b) => b - a);
  }

  async newest({ from, before }: Span, most: number): Promise<readonly number[]> {
    const sql = `SELECT seq FROM ${JOURNAL} WHERE seq >= $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`;
    return (await this.#look<[number]>(sql, [from, before, most])).map(([seq]) => seq);
  }

  async numberAt({ from, before }: Span, place: number): Promise<number | null> {
    const sql = `SELECT seq FROM ${JOURNAL} WHERE seq >= $1 AND seq < $2 ORDER BY seq DESC LIMIT 1 OFFSET $3`;
    const [row] = await this.#look<[number]>(sql, [from, before, place - 1]);
    return row?.[0] ?? null;
  }

  async oldest({ from, before }: Span): Promise<Pick<EventRow, 'seq' | 'receivedAt'> | null> {
    const sql = `SELECT seq, received_at FROM ${JOURNAL} WHERE seq >= $1 AND seq < $2 ORDER BY seq LIMIT 1`;
    const [row] = await this.#look<[number, number]>(sql, [from, before]);
    return row ? { seq: row[0], receivedAt: row[1] } : null;
  }

  async sizes(numbers: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const sql = `SELECT seq, octet_length(body) FROM ${JOURNAL} WHERE seq = ANY($1::bigint[])`;
    return new Map(await this.#look<[number, number]>(sql, [numbers]));
  }

  async fitting(search: EventSearch, stretch: Stretch): Promise<readonly EventRow[]> {
    const { text, limit } = search;
    const conditions = Conditions.of(search, 'from' in stretch ? stretch : ANYWHERE);
    if ('numbers' in stretch) conditions.add((value) => `seq = ANY(${value}::bigint[])`, stretch.numbers);
    if (text) {
      const id = conditions.parameter(storable(text));
      conditions.add(
        (body) => `(position(${body}::bytea IN body) > 0 OR strpos(event_id, ${id}) > 0)`,
        Buffer.from(text),
      );
    }
    // In two steps: whatever is sorted, of most events no more than the number is needed.
    const fitting = `SELECT seq FROM ${JOURNAL} ${conditions.where} ORDER BY seq DESC LIMIT ${conditions.parameter(limit)}`;
    const sql = `SELECT ${ROW} FROM ${JOURNAL} WHERE seq IN (${fitting}) ORDER BY seq DESC`;
    return (await this.#look<Row>(sql, conditions.values)).map(eventRow);
  }
}

const ANYWHERE: Span = { from: 0, before: Number.MAX_SAFE_INTEGER };
const ROW = `seq, event_id, type, imsi, previous_imsi, state, why, status, deliveries, received_at, updated_at,
  json_array_length(attempts::json)`;

function eventRow(row: Row): EventRow {
  const [seq, eventId, type, imsi, previousImsi, state, why, status, deliveries, receivedAt, updatedAt, attempts] = row;
  return {
    seq,
    eventId,
    type,
    imsi: asImsi(imsi),
    previousImsi: asImsi(previousImsi),
    state,
    why,
    status,
    deliveries,
    receivedAt,
    updatedAt,
    attempts,
  };
}
