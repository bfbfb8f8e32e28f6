import type { EventState } from '../../contract/event-states.ts';
import type { Subscriber } from '../../core/subscriber.ts';
import type { Attempt, Backlog, EventFilter, StoredEvent, Views } from '../../ports/store.ts';
import { asImsi } from '../imsi.ts';
import { spanOf } from '../search.ts';
import { findEvent } from './event-index.ts';
import { KNOWN, SqliteOperatorViews } from './operator-views.ts';
import { Conditions } from './search.ts';

/** A row of the journal. */
export interface EventRow {
  seq: number;
  event_id: string;
  received_at: number;
  updated_at: number;
  type: string;
  imsi: number | null;
  previous_imsi: number | null;
  state: EventState;
  why: string | null;
  status: number;
  deliveries: number;
  request_id: string;
  unique_id: string;
  decision: string;
  attempts: string;
  body: Uint8Array;
}

/** Events of one subscriber, from each to the one before: newest first by itself. */
const STORY = `
  WITH RECURSIVE story (seq) AS (
    SELECT last_event FROM subscribers WHERE imsi = ?
    UNION ALL
    SELECT iif(journal.imsi = ?, before, previous_before) FROM story JOIN journal ON journal.seq = story.seq
  )
  SELECT journal.* FROM story CROSS JOIN journal ON journal.seq = story.seq`;

/** Reading, for people. */
export class SqliteViews extends SqliteOperatorViews implements Views {
  async events(filter: EventFilter): Promise<readonly StoredEvent[]> {
    const { where, values } = Conditions.of(filter, await spanOf(this.search, filter));
    const { imsi, limit } = filter;
    const rows =
      imsi === undefined
        ? this.db.prepare(`SELECT * FROM journal ${where} ORDER BY seq DESC LIMIT ?`).all(...values, limit)
        : this.db.prepare(`${STORY} ${where} LIMIT ?`).all(Number(imsi), Number(imsi), ...values, limit);
    return (rows as unknown as EventRow[]).map(storedEvent);
  }

  async event(eventId: string): Promise<StoredEvent | null> {
    const seq = findEvent(this.db, eventId);
    const row = this.db.prepare('SELECT * FROM journal WHERE seq = ?').get(seq);
    return row ? storedEvent(row as unknown as EventRow) : null;
  }

  async subscriber(imsi: string): Promise<Subscriber | null> {
    const [found] = this.subscribersWhere(`imsi = ? AND ${KNOWN}`, [Number(imsi)], 1);
    return found ?? null;
  }

  async subscribers({ dead, afterImsi, limit }: Parameters<Views['subscribers']>[0]): Promise<readonly Subscriber[]> {
    const where = `imsi > ? AND ${KNOWN}${dead ? ' AND dead IS NOT NULL' : ''}`;
    return this.subscribersWhere(where, [Number(afterImsi ?? -1)], limit);
  }

  async backlog(): Promise<Backlog> {
    const row = this.db
      .prepare(
        `SELECT count(*) AS waiting, min(coalesce(waiting_since, due_at)) AS oldest,
           (SELECT count(*) FROM subscribers WHERE dead IS NOT NULL) AS dead
         FROM subscribers WHERE due_at IS NOT NULL`,
      )
      .get();
    return row as unknown as Backlog;
  }
}

/** A row of the journal, with its attempts read from JSON. */
export function storedEvent(row: EventRow): StoredEvent {
  return {
    seq: row.seq,
    eventId: row.event_id,
    receivedAt: row.received_at,
    updatedAt: row.updated_at,
    type: row.type,
    imsi: asImsi(row.imsi),
    previousImsi: asImsi(row.previous_imsi),
    state: row.state,
    why: row.why,
    status: row.status,
    deliveries: row.deliveries,
    requestId: row.request_id,
    uniqueId: row.unique_id,
    decision: row.decision,
    attempts: JSON.parse(row.attempts) as Attempt[],
    body: row.body,
  };
}
