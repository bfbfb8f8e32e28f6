import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SeqTable } from './seq-table.ts';

/** New events are kept in memory until there are so many: written together and sorted, they share pages. */
const GENERATION = 16_384;
/** Of a full generation, so many go to disk with every event that comes in. */
const FLUSHED_AN_EVENT = 2;

/**
 * Finds an event of the journal by its id. Ids are random, so an ordinary index would dirty a page for every event, and a
 * page written costs more than everything else: new ones go to disk late, sorted, many at a time. What is not there yet is
 * read from the end of the journal after a start, and when somebody else wrote.
 */
export class EventIndex {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #idAt: StatementSync;
  readonly #mark: StatementSync;
  readonly #tail: StatementSync;
  readonly #generation: number;
  /** Not on disk yet: those of late, and the full generation that is on its way. */
  #fresh = new SeqTable();
  #frozen = new SeqTable();
  /** The hashes of the full generation, ascending, and how many of them are on disk. */
  #queue: Float64Array = new Float64Array();
  #flushed = 0;
  /** The last event of the generations. */
  #freshEnd = 0;
  #frozenEnd = 0;
  /** Since the transaction began. */
  #added: Place[] = [];
  #removed: (Place & { readonly recent: SeqTable })[] = [];
  #flushedBefore = 0;
  #endBefore = 0;

  /** @param generation so many new events are kept in memory before they go to disk. */
  constructor(db: DatabaseSync, generation = GENERATION) {
    this.#generation = generation;
    this.#select = db.prepare('SELECT seq FROM event_index WHERE hash = ?');
    this.#insert = db.prepare('INSERT INTO event_index (hash, seq) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING');
    this.#delete = db.prepare('DELETE FROM event_index WHERE hash = ? AND seq = ?');
    this.#idAt = db.prepare('SELECT event_id FROM journal WHERE seq = ?');
    this.#mark = db.prepare('UPDATE indexed SET seq = ?');
    this.#tail = db.prepare('SELECT seq, event_id FROM journal WHERE seq > ?');
    for (const statement of [this.#select, this.#idAt, this.#tail]) statement.setReturnArrays(true);
    this.#freshEnd = (db.prepare('SELECT seq FROM indexed').get() as { seq: number }).seq;
    this.catchUp();
  }

  /**
   * Reads what came to the end of the journal without this index: before a start, or by another connection. To be called when
   * that has written, before anything is added.
   */
  catchUp(): void {
    for (const [seq, eventId] of this.#tail.iterate(this.#freshEnd) as Iterable<TailRow>) {
      this.#keep(hashOf(eventId), seq);
    }
    this.#endBefore = this.#freshEnd;
  }

  #keep(hash: number, seq: number): void {
    this.#fresh.add(hash, seq);
    this.#freshEnd = Math.max(this.#freshEnd, seq);
  }

  /** @returns the event's place in the journal, or null. */
  find(eventId: string): number | null {
    const hash = hashOf(eventId);
    for (const recent of [this.#fresh, this.#frozen]) {
      for (const seq of recent.of(hash)) if (idOf(this.#idAt, seq) === eventId) return seq;
    }
    return findOnDisk(eventId, this.#select, this.#idAt);
  }

  add(eventId: string, seq: number): void {
    const hash = hashOf(eventId);
    this.#keep(hash, seq);
    this.#added.push({ hash, seq });
    this.#flush(FLUSHED_AN_EVENT);
  }

  /** Forgets an event that is deleted from the journal. */
  remove(eventId: string, seq: number): void {
    const first = hashOf(eventId);
    for (const recent of [this.#fresh, this.#frozen]) {
      if (recent.delete(first, seq)) this.#removed.push({ recent, hash: first, seq });
    }
    for (let hash = first; ; hash++) {
      const [found] = (this.#select.get(hash) as unknown as [number] | undefined) ?? [];
      if (found === undefined) return;
      if (found !== seq) continue;
      this.#delete.run(hash, seq);
      this.#moveUp(hash);
      return;
    }
  }

  /** A search ends at the first place that is free: whoever stands behind one because it was taken moves up to it. */
  #moveUp(left: number): void {
    let free = left;
    for (let hash = free + 1; ; hash++) {
      const [seq] = (this.#select.get(hash) as unknown as [number] | undefined) ?? [];
      if (seq === undefined) return;
      const id = idOf(this.#idAt, seq);
      if (id === undefined || hashOf(id) > free) continue;
      this.#delete.run(hash, seq);
      this.#insert.run(free, seq);
      free = hash;
    }
  }

  committed(): void {
    this.#added = [];
    this.#removed = [];
    this.#flushedBefore = this.#flushed;
    this.#endBefore = this.#freshEnd;
    if (this.#flushed === this.#queue.length && this.#fresh.size >= this.#generation) this.#freeze();
  }

  rolledBack(): void {
    // First what was taken out: it may have been added by the same transaction.
    for (const { recent, hash, seq } of this.#removed) recent.add(hash, seq);
    for (const { hash, seq } of this.#added) this.#fresh.delete(hash, seq);
    this.#added = [];
    this.#removed = [];
    this.#flushed = this.#flushedBefore;
    // Places are given again, the last of them to whoever comes with the next generation.
    this.#freshEnd = this.#endBefore;
  }

  #freeze(): void {
    this.#frozen = this.#fresh;
    this.#frozenEnd = this.#freshEnd;
    this.#fresh = new SeqTable();
    this.#queue = this.#frozen.sortedHashes();
    this.#flushed = 0;
    this.#flushedBefore = 0;
  }

  #flush(upTo: number): void {
    const end = Math.min(this.#flushed + upTo, this.#queue.length);
    if (this.#flushed === end) return;
    for (; this.#flushed < end; this.#flushed++) {
      const hash = this.#queue[this.#flushed] as number;
      for (const seq of this.#frozen.of(hash)) this.#write(hash, seq);
    }
    // The next generation begins where this one ended: after a start, only that is read again.
    if (end === this.#queue.length) this.#mark.run(this.#frozenEnd);
  }

  /** Two ids of one hash stand beside each other. */
  #write(firstHash: number, seq: number): void {
    for (let hash = firstHash; this.#insert.run(hash, seq).changes === 0; hash++) {
      const [found] = this.#select.get(hash) as unknown as [number];
      if (found === seq || idOf(this.#idAt, found) === idOf(this.#idAt, seq)) return;
    }
  }
}

type TailRow = [seq: number, eventId: string];

/** Where an event is, by its id's hash. */
interface Place {
  readonly hash: number;
  readonly seq: number;
}

/** Looks an event up in what is on disk; the statements give arrays. */
function findOnDisk(eventId: string, select: StatementSync, idAt: StatementSync): number | null {
  for (let hash = hashOf(eventId); ; hash++) {
    const [seq] = (select.get(hash) as unknown as [number] | undefined) ?? [];
    if (seq === undefined) return null;
    if (idOf(idAt, seq) === eventId) return seq;
  }
}

/** The id of the event at a place; undefined when it was deleted. */
function idOf(idAt: StatementSync, seq: number): string | undefined {
  return (idAt.get(seq) as unknown as [string] | undefined)?.[0];
}

/** The same for a connection that only reads: what is on its way to the index is looked for in the journal itself. */
export function findEvent(db: DatabaseSync, eventId: string): number | null {
  const select = db.prepare('SELECT seq FROM event_index WHERE hash = ?');
  const idAt = db.prepare('SELECT event_id FROM journal WHERE seq = ?');
  for (const statement of [select, idAt]) statement.setReturnArrays(true);
  const found = findOnDisk(eventId, select, idAt);
  if (found !== null) return found;
  const tail = db.prepare('SELECT seq FROM journal WHERE seq > (SELECT seq FROM indexed) AND event_id = ?');
  return (tail.get(eventId) as { seq: number } | undefined)?.seq ?? null;
}

/** 52 bits that spread evenly (FNV-1a, two halves): a number that JavaScript and SQLite both hold exactly. */
export function hashOf(text: string): number {
  let [high, low] = [0x811c9dc5, 0x1000193];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b);
  }
  return ((high >>> 0) & 0xfffff) * 0x1_0000_0000 + (low >>> 0);
}
