import type { ClientBase } from 'pg';
import type { EventState } from '../../contract/event-states.ts';
import type { Limits } from '../../core/subscriber.ts';
import { storable } from '../../core/text.ts';
import type { Attempt, Write } from '../../ports/store.ts';
import { asImsi, keyOf } from '../imsi.ts';
import type { AskedWrite, WriteResult } from '../requests.ts';
import { wholeMs } from '../times.ts';
import { Batch, type ChangedEvent, type Loaded, type LockedEvent, NotTogether } from './batch.ts';
import { type Database, send } from './database.ts';
import { isRefusal } from './faults.ts';
import type { Leases } from './leases.ts';
import { json, type StateRow, stateOf, subscriberOf } from './rows.ts';
import {
  ADD_EVENTS,
  ADD_IDENTIFIERS,
  ADD_SUBSCRIBERS,
  DESIRED,
  LOCK_EVENTS,
  LOCK_SUBSCRIBERS,
  NAMES,
  NOW,
  SAVE_EVENTS,
  SAVE_NAMES,
  SAVE_SUBSCRIBERS,
} from './statements.ts';

type LockedRow = [...StateRow, owner: string | null];

type EventRow = [
  eventId: string,
  imsi: number | null,
  previousImsi: number | null,
  state: EventState,
  why: string | null,
  status: number,
  attempts: string,
];

/** Writes of many requests in one transaction: loaded and locked at once, computed here, saved at once. */
export class Writes {
  readonly #database: Database;
  readonly #leases: Leases;
  readonly #limits: Limits;

  constructor(database: Database, leases: Leases, limits: Limits) {
    this.#database = database;
    this.#leases = leases;
    this.#limits = limits;
  }

  /** All of them in one transaction; when one breaks a rule of the database, each in its own, so that only that one fails. */
  async write(writes: readonly AskedWrite[]): Promise<WriteResult[]> {
    try {
      return await this.#together(writes);
    } catch (error) {
      if (!isRefusal(error) && !(error instanceof NotTogether)) throw error;
      if (writes.length === 1) return [{ refused: (error as Error).message }];
    }
    const results: WriteResult[] = [];
    for (const write of writes) results.push(...(await this.write([write])));
    return results;
  }

  async #together(writes: readonly AskedWrite[]): Promise<WriteResult[]> {
    const imsis = unique(writes.flatMap(({ effects }) => effects.map(({ imsi }) => imsi)));
    return this.#database.transaction(async (client) => {
      const loaded = await this.#load(client, writes, imsis);
      const batch = new Batch(loaded, this.#leases, this.#limits);
      const results = writes.map((write) => ({ taken: batch.write(write) }));
      await save(client, batch, loaded.now);
      return results;
    });
  }

  /** Begins the transaction. Those never heard of get an empty row first, so that all rows are locked in order. */
  async #load(client: ClientBase, writes: readonly Write[], imsis: readonly string[]): Promise<Loaded> {
    const keys = imsis.map(Number);
    for (;;) {
      const named = namedBy(writes);
      const [, rows, [now], events, names] = await Promise.all([
        client.query('BEGIN'),
        send<LockedRow>(client, LOCK_SUBSCRIBERS, [keys]),
        send<[number]>(client, NOW, []),
        send<EventRow>(client, LOCK_EVENTS, [eventIdsOf(writes), keys]),
        named.length === 0 ? [] : send<[number, string]>(client, NAMES, [named]),
      ]);
      if (rows.length === imsis.length)
        return loadedOf(client, { now: now?.[0] as number, rows, events: events.map(lockedEvent), names }, writes);
      await Promise.all([client.query('ROLLBACK'), send(client, ADD_SUBSCRIBERS, [keys])]);
    }
  }
}

function eventIdsOf(writes: readonly Write[]): string[] {
  const ids = writes.flatMap(({ entry, story, effects }) => [
    ...(entry ? [entry.eventId] : []),
    ...(story ? [story.eventId] : []),
    ...effects.flatMap((effect) =>
      effect.kind === 'stale' ? [effect.eventId] : 'wanted' in effect && effect.wanted ? [effect.wanted.eventId] : [],
    ),
  ]);
  return unique(ids).map(storable);
}

/** Keys of the subscribers whom the entries name. */
function namedBy(writes: readonly Write[]): number[] {
  const imsis = writes.flatMap(({ entry }) => (entry ? [entry.imsi, entry.previousImsi] : []));
  return unique(imsis.filter((imsi) => imsi !== null)).map(Number);
}

interface LoadedRows {
  readonly now: number;
  readonly rows: readonly LockedRow[];
  readonly events: readonly LockedEvent[];
  readonly names: readonly (readonly [imsi: number, kept: string])[];
}

async function loadedOf(
  client: ClientBase,
  { now, rows, events, names }: LoadedRows,
  writes: readonly Write[],
): Promise<Loaded> {
  const subscribers = new Map(
    rows.map((row) => {
      const subscriber = subscriberOf(row);
      return [subscriber.imsi, { subscriber, owner: row.at(-1) as string | null }];
    }),
  );
  const named = [...events, ...writes.flatMap(({ entry }) => entry ?? [])].flatMap((one) => [
    one.imsi,
    one.previousImsi,
  ]);
  const elsewhere = unique(named).filter((imsi) => imsi !== null && !subscribers.has(imsi));
  const desired =
    elsewhere.length === 0 ? [] : await send<[number, string | null]>(client, DESIRED, [elsewhere.map(Number)]);
  return {
    now,
    subscribers,
    events: new Map(events.map((event) => [event.eventId, event])),
    desiredElsewhere: new Map(desired.map(([imsi, eventId]) => [asImsi(imsi), eventId])),
    names: new Map(names.map(([imsi, kept]) => [asImsi(imsi), kept])),
  };
}

function lockedEvent([eventId, imsi, previousImsi, state, why, status, attempts]: EventRow): LockedEvent {
  return {
    eventId,
    imsi: asImsi(imsi),
    previousImsi: asImsi(previousImsi),
    state,
    why,
    status,
    attempts: JSON.parse(attempts) as Attempt[],
  };
}

/** Ends the transaction. */
async function save(client: ClientBase, batch: Batch, now: number): Promise<void> {
  const { subscribers, newEvents, knownEvents, naming } = batch;
  const states = subscribers.map(({ subscriber, known, released }) => ({ ...stateOf(subscriber), known, released }));
  await Promise.all([
    states.length > 0 && send(client, SAVE_SUBSCRIBERS, [json(states)]),
    newEvents.length > 0 && send(client, ADD_EVENTS, eventParameters(newEvents, now)),
    knownEvents.length > 0 && send(client, SAVE_EVENTS, eventParameters(knownEvents, now)),
    naming.changed.length > 0 && send(client, SAVE_NAMES, [json(naming.changed)]),
    naming.identifiers.length > 0 && send(client, ADD_IDENTIFIERS, [json(naming.identifiers)]),
    client.query('COMMIT'),
  ]);
}

/** Records as JSON; the bodies, one after the other, as they are. */
function eventParameters(events: readonly ChangedEvent[], now: number): [records: string, bodies: Buffer] {
  const bodies: Uint8Array[] = [];
  let at = 1;
  const records = events.map((event) => {
    const { entry } = event;
    const record = { ...recordOf(event, now), ...(entry && { body_at: at, body_length: entry.body.length }) };
    if (entry) bodies.push(entry.body);
    at += entry?.body.length ?? 0;
    return record;
  });
  return [json(records), Buffer.concat(bodies)];
}

/** What only a delivery tells is absent without one: then it stays as it is. */
function recordOf({ eventId, imsi, previousImsi, state, why, attempts, entry, deliveries }: ChangedEvent, now: number) {
  return {
    event_id: eventId,
    updated_at: now,
    imsi: keyOf(imsi),
    previous_imsi: keyOf(previousImsi),
    state,
    why,
    attempts: JSON.stringify(attempts),
    deliveries,
    ...(entry && {
      received_at: wholeMs(entry.receivedAt),
      type: entry.type,
      status: entry.status,
      request_id: entry.requestId,
      unique_id: entry.uniqueId,
      decision: entry.decision,
    }),
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
