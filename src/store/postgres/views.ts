import type { EventState } from '../../contract/event-states.ts';
import type { Subscriber } from '../../core/subscriber.ts';
import { storable } from '../../core/text.ts';
import type { Attempt, Backlog, EventFilter, StoredEvent, Views } from '../../ports/store.ts';
import { asImsi } from '../imsi.ts';
import { spanOf } from '../search.ts';
import { PostgresOperatorViews } from './operator-views.ts';
import { Conditions } from './search.ts';

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
export class PostgresViews extends PostgresOperatorViews implements Views {
  async events(filter: EventFilter): Promise<readonly StoredEvent[]> {
    const conditions = Conditions.of(filter, await spanOf(this.search, filter));
    const { where, values } = conditions;
    return this.#events(`${where} ORDER BY seq DESC LIMIT ${conditions.parameter(filter.limit)}`, values);
  }

  async event(eventId: string): Promise<StoredEvent | null> {
    const [found] = await this.#events('WHERE event_id = $1', [storable(eventId)]);
    return found ?? null;
  }

  async #events(where: string, values: readonly unknown[]): Promise<StoredEvent[]> {
    const rows = await this.look<EventRow>(`SELECT ${EVENT_COLUMNS} FROM nsps_connector.journal ${where}`, values);
    return rows.map(storedEvent);
  }

  async subscriber(imsi: string): Promise<Subscriber | null> {
    const [found] = await this.subscribersWhere('imsi = $2', [Number(imsi)], 1);
    return found ?? null;
  }

  subscribers({ dead, afterImsi, limit }: Parameters<Views['subscribers']>[0]): Promise<readonly Subscriber[]> {
    return this.subscribersWhere(`imsi > $2${dead ? ' AND dead IS NOT NULL' : ''}`, [Number(afterImsi ?? -1)], limit);
  }

  async backlog(): Promise<Backlog> {
    const [row] = await this.look<[number, number | null, number]>(
      `SELECT count(*), min(coalesce(waiting_since, due_at)),
         (SELECT count(*) FROM nsps_connector.subscribers WHERE dead IS NOT NULL)
       FROM nsps_connector.subscribers WHERE due_at IS NOT NULL`,
      [],
    );
    const [waiting, oldest, dead] = row ?? [0, null, 0];
    return { waiting, oldest, dead };
  }
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
    imsi: asImsi(imsi),
    previousImsi: asImsi(previousImsi),
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
