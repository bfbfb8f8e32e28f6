import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventState } from '../../contract/event-states.ts';
import type { EventNews } from '../../core/subscriber.ts';
import type { Conclusion, Standing } from '../../ports/outbox.ts';
import type { Attempt, CleaningOrder, Entry } from '../../ports/store.ts';
import { asImsi, keyOf } from '../imsi.ts';
import { mergeAttempts, recordedAfter, stateAfter, staysDiscarded } from '../journal-rules.ts';
import { wholeMs } from '../times.ts';
import type { EventIndex } from './event-index.ts';
import { Identifiers } from './identifiers.ts';
import type { SubscriberRows, WriteNumber } from './subscriber-rows.ts';
import { STORY_COLUMNS, type StoryRow, SubscriberStories } from './subscriber-stories.ts';

const COLUMNS = [
  'event_id',
  'received_at',
  'updated_at',
  'type',
  'imsi',
  'previous_imsi',
  'state',
  'why',
  'status',
  'request_id',
  'unique_id',
  'decision',
  'attempts',
  'body',
] as const;

/** What a new delivery of a known event leaves as it is: when it was heard of first, and whose story it belongs to. */
const FIXED: ReadonlySet<string> = new Set(['event_id', 'received_at', 'imsi', 'previous_imsi']);

/** What is read of an event whose story goes on. */
interface HeardRow {
  readonly state: EventState;
  readonly why: string | null;
  readonly status: number;
  readonly attempts: string;
  readonly imsi: number | null;
  readonly previous_imsi: number | null;
}

interface AgedRow extends StoryRow {
  readonly event_id: string;
  readonly received_at: number;
  /** Events after it. */
  readonly newer: number;
  readonly state: Entry['state'];
}

/** Rows that one cleaning looks at: nobody waits long for the next write. */
const LOOKED_AT = 2_000;

/** What one cleaning did. */
export interface Cleaned {
  readonly deleted: number;
  /** Whether it stopped before it came to what is to be kept. */
  readonly more: boolean;
}

/** Every event and its story. */
export class Journal {
  readonly #now: () => number;
  readonly #index: EventIndex;
  readonly #identifiers: Identifiers;
  readonly #subscribers: SubscriberRows;
  readonly #stories: SubscriberStories;
  readonly #insert: StatementSync;
  readonly #again: StatementSync;
  readonly #known: StatementSync;
  readonly #goOn: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;
  /** Up to this event the journal was cleaned; 0 = to be begun at its front again. */
  #cleaned = 0;

  constructor(db: DatabaseSync, index: EventIndex, subscribers: SubscriberRows, now: () => number) {
    this.#now = now;
    this.#subscribers = subscribers;
    this.#stories = new SubscriberStories(db, subscribers);
    this.#index = index;
    this.#identifiers = new Identifiers(db);
    const columns = [...COLUMNS, 'before', 'previous_before'];
    this.#insert = db.prepare(
      `INSERT INTO journal (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
    const assignments = COLUMNS.map(
      (column, index) => `${column} = ${FIXED.has(column) ? `coalesce(${column}, ?${index + 1})` : `?${index + 1}`}`,
    );
    this.#again = db.prepare(
      `UPDATE journal SET ${assignments.join(', ')}, deliveries = deliveries + 1 WHERE seq = ?${COLUMNS.length + 1}`,
    );
    this.#known = db.prepare('SELECT state, why, status, attempts, imsi, previous_imsi FROM journal WHERE seq = ?');
    this.#goOn = db.prepare(
      `UPDATE journal SET state = ?2, why = ?3, status = coalesce(?4, status), attempts = ?5, updated_at = ?6
       WHERE seq = ?1`,
    );
    // The newest stays whatever its age, so that numbers are never used again.
    this.#oldest = db.prepare(
      `SELECT ${STORY_COLUMNS}, event_id, received_at, state, (SELECT max(seq) FROM journal) - seq AS newer FROM journal
       WHERE seq > ? AND seq < (SELECT max(seq) FROM journal) ORDER BY seq LIMIT ${LOOKED_AT}`,
    );
    this.#delete = db.prepare('DELETE FROM journal WHERE seq = ?');
  }

  /** The HTTP status of the last answer to NSPS; null for an event never heard of. */
  statusOf(eventId: string): number | null {
    return this.#find(eventId)?.known.status ?? null;
  }

  /** @param taken whether any of the event's effects was: an event that waits for nothing is superseded, not queued. */
  add(entry: Entry, taken: boolean, write: WriteNumber): void {
    const state = entry.state === 'queued' && !taken ? 'superseded' : entry.state;
    const found = this.#find(entry.eventId);
    if (!found) {
      this.#addNew(entry, state, write);
      return;
    }
    const { seq, known } = found;
    const attempts = merged(known, entry.attempts);
    this.#again.run(...this.#values(entry, stateAfter(known.state, state), attempts), seq);
    this.#belongSince(entry, seq, known, write);
    this.#nameAgain(entry, state, write);
  }

  /** Adds an event that is to be recorded. @returns where it stands now. */
  put(entry: Entry, write: WriteNumber): Standing {
    const found = this.#find(entry.eventId);
    if (!found) {
      this.#addNew(entry, entry.state, write);
      return { state: entry.state, fresh: true };
    }
    const { seq, known } = found;
    const state = recordedAfter(known.state, entry.state);
    const attempts = merged(known, entry.attempts);
    const told = state === entry.state ? entry : { ...entry, why: null, status: 202 };
    this.#again.run(...this.#values(told, state, attempts), seq);
    this.#belongSince(entry, seq, known, write);
    return { state, fresh: state !== known.state };
  }

  /** Tells what became of an event that was to be recorded. */
  conclude({ eventId, state, why, status, attempt }: Conclusion): void {
    const found = this.#find(eventId);
    if (!found) return;
    const attempts = JSON.stringify(merged(found.known, attempt ? [attempt] : []));
    this.#goOn.run(found.seq, state, why, status ?? null, attempts, this.#now());
  }

  #addNew(entry: Entry, state: Entry['state'], write: WriteNumber): void {
    const values = this.#values(entry, state, entry.attempts);
    const { imsi, previousImsi } = entry;
    const mine = imsi === null ? null : this.#subscribers.open(imsi, write);
    const previous = previousImsi === null ? null : this.#subscribers.open(previousImsi, write);
    const before = [mine?.lastEvent ?? null, previous?.lastEvent ?? null];
    const names = mine?.names ?? null;
    const seq = Number(this.#insert.run(...values, ...before).lastInsertRowid);
    previous?.note(seq, this.#identifiers.ofReplaced(entry, previous.names, state));
    mine?.note(seq, this.#identifiers.of(entry, names, state));
    this.#index.add(entry.eventId, seq);
  }

  /** What is sent again may have been enriched again. */
  #nameAgain(entry: Entry, state: Entry['state'], write: WriteNumber): void {
    const known = entry.imsi === null ? null : this.#subscribers.open(entry.imsi, write);
    if (!known?.stored) return;
    const names = this.#identifiers.of(entry, known.names, state);
    if (names !== known.names) known.note(known.lastEvent, names);
  }

  /** What named nobody at first, and was enriched again, takes its place in the stories of those whom it names now. */
  #belongSince({ imsi, previousImsi }: Entry, seq: number, known: HeardRow, write: WriteNumber): void {
    if (imsi !== null && known.imsi === null) this.#stories.insert(imsi, seq, write);
    if (previousImsi !== null && known.previous_imsi === null) this.#stories.insert(previousImsi, seq, write);
  }

  #values(entry: Entry, state: Entry['state'], attempts: readonly Attempt[]) {
    return [
      entry.eventId,
      wholeMs(entry.receivedAt),
      this.#now(),
      entry.type,
      keyOf(entry.imsi),
      keyOf(entry.previousImsi),
      state,
      entry.why,
      entry.status,
      entry.requestId,
      entry.uniqueId,
      entry.decision,
      JSON.stringify(attempts),
      entry.body,
    ] as const;
  }

  /** Goes on with the story of an event. @param news what became of it; null while that is open. */
  tell(eventId: string, attempts: readonly Attempt[], news: EventNews | null): void {
    const found = this.#find(eventId);
    if (!found) return;
    const { seq, known } = found;
    const ended = news && !this.#goesOn(known, news) ? news : null;
    if (!ended && attempts.length === 0) return;
    const { state, why = null } = ended ?? known;
    const all = attempts.length === 0 ? known.attempts : JSON.stringify(merged(known, attempts));
    this.#goOn.run(seq, state, why, null, all, this.#now());
  }

  #find(eventId: string): { readonly seq: number; readonly known: HeardRow } | null {
    const seq = this.#index.find(eventId);
    const known = seq === null ? undefined : (this.#known.get(seq) as unknown as HeardRow | undefined);
    return seq === null || known === undefined ? null : { seq, known };
  }

  /** An event of two subscribers is done when both are; not when one was given up. */
  #goesOn({ state, imsi, previous_imsi: previousImsi }: HeardRow, news: EventNews): boolean {
    if (news.state !== 'processed') return false;
    const waits = [imsi, previousImsi].some(
      (one) => one !== null && this.#subscribers.read(asImsi(one)).desired?.eventId === news.eventId,
    );
    return waits || staysDiscarded({ state, previousImsi: asImsi(previousImsi) });
  }

  /**
   * Walks from the oldest event to the first that is to be kept, a stretch at a time: what waits or is dead stays at the front,
   * and is not gone past again until the end was reached.
   */
  clean({ before, most, limit }: CleaningOrder): Cleaned {
    const old: AgedRow[] = [];
    let [looked, ended] = [0, false];
    for (const row of this.#oldest.iterate(this.#cleaned) as Iterable<AgedRow>) {
      ended = row.received_at >= before && row.newer < most;
      if (ended || old.length === limit) break;
      if (row.state !== 'queued' && row.state !== 'dead') old.push(row);
      this.#cleaned = row.seq;
      looked++;
    }
    for (const { seq, event_id } of old) {
      this.#delete.run(seq);
      this.#index.remove(event_id, seq);
    }
    this.#stories.leadPast(old);
    const more = !ended && (old.length === limit || looked === LOOKED_AT);
    if (!more) this.#cleaned = 0;
    return { deleted: old.length, more };
  }
}

function merged({ attempts }: HeardRow, more: readonly Attempt[]): readonly Attempt[] {
  return mergeAttempts(JSON.parse(attempts) as Attempt[], more);
}
