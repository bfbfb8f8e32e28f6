import type { Subscriber } from '../../core/subscriber.ts';
import type { Attempt, Backlog, EventFilter, EventState, StoredEvent, Views } from '../../ports/store.ts';
import { asImsi } from '../imsi.ts';
import type { Database } from './database.ts';
import { plain, STATE_COLUMNS, type StateRow, subscriberOf } from './rows.ts';

const EVENT_COLUMNS = `seq, event_id, received_at, updated_at, type, imsi, previous_imsi, state, why, status, deliveries,
  request_id, unique_id, decision, attempts, body`;

type EventRow = [
  seq: number,
  eventId: string,
  receivedAt: number,
  updatedAt: number,
  type: string,
  imsi: number | null,
  previousImsi: number | null,
  state: EventState,
  why: string | null,
  status: number,
  deliveries: number,
  requestId: string,
  uniqueId: string,
  decision: string,
  attempts: string,
  body: Uint8Array,
];

/** Reading, for people. */
export class PostgresViews implements Views {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async events(filter: EventFilter): Promise<readonly StoredEvent[]> {
    const { where, values } = conditions(filter);
    const limit = `LIMIT $${values.length + 1}`;
    return this.#events(`${where} ORDER BY seq DESC ${limit}`, [...values, filter.limit]);
  }

  async event(eventId: string): Promise<StoredEvent | null> {
    const [found] = await this.#events('WHERE event_id = $1', [plain(eventId)]);
    return found ?? null;
  }

  async #events(where: string, values: readonly unknown[]): Promise<StoredEvent[]> {
    const rows = await this.#look<EventRow>(`SELECT ${EVENT_COLUMNS} FROM nsps_connector.journal ${where}`, values);
    return rows.map(storedEvent);
  }

  async subscriber(imsi: string): Promise<Subscriber | null> {
    const [found] = await this.#subscribers('imsi = $1', [Number(imsi), 1]);
    return found ?? null;
  }

  subscribers({ dead, afterImsi, limit }: Parameters<Views['subscribers']>[0]): Promise<readonly Subscriber[]> {
    return this.#subscribers(`imsi > $1${dead ? ' AND dead IS NOT NULL' : ''}`, [Number(afterImsi ?? -1), limit]);
  }

  /** A row that only carries a claim says nothing. */
  async #subscribers(where: string, values: readonly number[]): Promise<Subscriber[]> {
    const rows = await this.#look<StateRow>(
      `SELECT ${STATE_COLUMNS} FROM nsps_connector.subscribers WHERE known AND ${where} ORDER BY imsi LIMIT $2`,
      values,
    );
    return rows.map(subscriberOf);
  }

  async backlog(): Promise<Backlog> {
    const [row] = await this.#look<[number, number | null, number]>(
      `SELECT count(*), min(coalesce(waiting_since, due_at)),
         (SELECT count(*) FROM nsps_connector.subscribers WHERE dead IS NOT NULL)
       FROM nsps_connector.subscribers WHERE due_at IS NOT NULL`,
      [],
    );
    const [waiting, oldest, dead] = row ?? [0, null, 0];
    return { waiting, oldest, dead };
  }

  #look<Row extends unknown[]>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#database.named(this.#database.look<Row>(text, values));
  }
}

function conditions(filter: EventFilter): { where: string; values: unknown[] } {
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (sql: (parameter: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    parts.push(sql(`$${values.length}`));
  };
  add((value) => `state = ${value}`, filter.state);
  add(
    (value) => `(imsi = ${value} OR previous_imsi = ${value})`,
    filter.imsi === undefined ? undefined : Number(filter.imsi),
  );
  add((value) => `type = ${value}`, filter.type);
  add((value) => `received_at >= ${value}`, filter.from);
  add((value) => `received_at < ${value}`, filter.until);
  add((value) => `seq < ${value}`, filter.beforeSeq);
  return { where: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, values };
}

function storedEvent(row: EventRow): StoredEvent {
  const [seq, eventId, receivedAt, updatedAt, type, imsi, previousImsi, state, why, status, deliveries] = row;
  const [requestId, uniqueId, decision, attempts, body] = row.slice(11) as [string, string, string, string, Uint8Array];
  return {
    seq,
    eventId,
    receivedAt,
    updatedAt,
    type,
    imsi: imsi === null ? null : asImsi(imsi),
    previousImsi: previousImsi === null ? null : asImsi(previousImsi),
    state,
    why,
    status,
    deliveries,
    requestId,
    uniqueId,
    decision,
    attempts: JSON.parse(attempts) as Attempt[],
    body,
  };
}
