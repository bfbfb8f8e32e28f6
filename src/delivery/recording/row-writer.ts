import { toHundredth } from '../../basics/milliseconds.ts';
import { FAILURES, type Failure, failed } from '../../core/outcome.ts';
import type { Observer } from '../../ports/observer.ts';
import type { Outbox } from '../../ports/outbox.ts';
import type { Header, RecordingTarget, Row } from '../../ports/recording.ts';
import type { Clock, Logger } from '../../ports/runtime.ts';
import type { StoredEvent } from '../../ports/store.ts';
import type { Tracer } from '../../ports/tracer.ts';
import type { Rest } from '../rest.ts';
import { type Batch, batchOf, resultOf } from './batch.ts';
import { BatchSize } from './batch-size.ts';
import type { Endings } from './endings.ts';
import { headerWords } from './header-words.ts';
import { movedBy, type Pending, type RecordNote, readNote, withWrite, withWriteEnded } from './note.ts';
import { Pace } from './pace.ts';
import { readBack } from './read-back.ts';
import type { Trouble } from './trouble.ts';

/** Size of the events that are read for one write, in bytes. */
const MOST_EVENT_BYTES = 8_000_000;
/** How often it looks for work that came in elsewhere (a replay), in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** What a step came to: what went wrong, or how long to rest; null when the next one can begin. */
type Came = { readonly failure: Failure } | { readonly restMs: number; readonly nudges?: number } | null;

export interface WriterParts {
  readonly outbox: Outbox;
  readonly target: RecordingTarget;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: {
    /** Writes in any minute. */
    readonly perMinute: number;
    /** How long a write without a known result may still be applied, in milliseconds. */
    readonly settleMs: number;
  };
  readonly observer: Observer | null;
  readonly tracer: Tracer;
  readonly endings: Endings;
  readonly rest: Rest;
  readonly trouble: Trouble;
}

/** The recorder's work, step by step: what is noted, what is sent, and what is read back. */
export class RowWriter {
  readonly #parts: WriterParts;
  readonly #outbox: Outbox;
  readonly #target: RecordingTarget;
  readonly #clock: Clock;
  readonly #rest: Rest;
  readonly #trouble: Trouble;
  readonly #pace: Pace;
  readonly #size = new BatchSize();
  #note: RecordNote | null = null;
  #headerIsRight = false;
  #underWay = 0;
  /** Until when what was sent then may still be applied, on the steady clock. */
  #settles: { readonly settleAt: number; readonly until: number } | null = null;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#outbox = parts.outbox;
    this.#target = parts.target;
    this.#clock = parts.clock;
    this.#rest = parts.rest;
    this.#trouble = parts.trouble;
    this.#pace = new Pace(parts.clock, parts.rest, parts.limits.perMinute);
  }

  /** Events being written. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Events whose rows were sent, and nobody knows what came of them. */
  get unsure(): readonly string[] {
    return this.#note?.pending?.eventIds ?? [];
  }

  /** The store failed: what is noted there counts. */
  forget(): void {
    this.#note = null;
  }

  /** What is wrong with the header; null when it is right, or nobody can tell now. */
  async firstLook(): Promise<string | null> {
    this.#pace.reads();
    const header = await this.#traced('look at the header', [], () => this.#target.readHeader());
    if (header.kind === 'failed') return null;
    this.#headerIsRight = header.value.kind === 'right';
    return header.value.kind === 'other' ? headerWords(header.value) : null;
  }

  /** Does what comes next: looks at the header, finds out what came of a write, or writes. @throws StoreError. */
  async step(): Promise<Came> {
    this.#note ??= this.#read(await this.#outbox.note());
    const note = this.#note;
    // What was mended may have been the sheet itself.
    if (!this.#headerIsRight || this.#trouble.fault) return await this.#lookAtHeader(note);
    const { pending } = note;
    if (pending) return await this.#traced('read back', pending.eventIds, () => this.#settle(note, pending));
    const restMs = this.#pace.beforeWrite(note);
    if (restMs > 0) return { restMs };
    const nudges = this.#rest.nudges;
    const batch = await this.#nextBatch();
    if (batch.events.length === 0) return { restMs: LOOK_AGAIN_MS, nudges };
    this.#underWay = batch.events.length;
    try {
      return await this.#append(note, batch);
    } finally {
      this.#underWay = 0;
    }
  }

  /** Calls for some events are a trace of their own. */
  #traced<T>(name: string, eventIds: readonly string[], work: () => Promise<T>): Promise<T> {
    return this.#parts.tracer.together({ name, eventIds }, work);
  }

  /** Between them the wall clock may be set: in between the steady one counts. */
  #read(text: string | null): RecordNote {
    const [wall, now] = [this.#clock.wall(), this.#clock.now()];
    return movedBy(readNote(text, this.#target.place, wall), now - wall);
  }

  #textOf(note: RecordNote): string {
    return JSON.stringify(movedBy(note, this.#clock.wall() - this.#clock.now()));
  }

  async #keep(note: RecordNote): Promise<void> {
    await this.#outbox.conclude([], this.#textOf(note));
    this.#note = note;
  }

  async #lookAtHeader(note: RecordNote): Promise<Came> {
    await this.#pace.readTurn();
    if (this.#rest.stopping) return null;
    return await this.#traced('look at the header', [], async () => {
      const header = await this.#target.readHeader();
      if (header.kind === 'failed') return header;
      return await this.#headerFound(note, header.value);
    });
  }

  async #headerFound(note: RecordNote, header: Header): Promise<Came> {
    if (header.kind === 'other') return failed('misconfigured', headerWords(header));
    if (header.kind === 'empty') {
      const restMs = this.#pace.beforeWrite(note);
      if (restMs > 0) return { restMs };
      const written = withWrite(note, this.#clock.now());
      await this.#keep(written);
      const told = await this.#target.writeHeader();
      await this.#keep(withWriteEnded(written, this.#clock.now()));
      if (told.kind === 'failed') return told;
    }
    this.#headerIsRight = true;
    this.#trouble.over();
    return null;
  }

  async #nextBatch(): Promise<Batch> {
    const waiting = await this.#outbox.queued({ events: this.#size.most, bytes: MOST_EVENT_BYTES });
    const batch = batchOf(waiting, this.#target);
    if (batch.unreadable.length > 0) await this.#outbox.conclude(batch.unreadable, null);
    return batch;
  }

  #append(note: RecordNote, { events, rows }: Batch): Promise<Came> {
    const eventIds = events.map(({ eventId }) => eventId);
    return this.#parts.tracer.together({ name: 'append rows', eventIds, sends: true }, async () => {
      const began = { wall: this.#clock.wall(), now: this.#clock.now() };
      const pending = { eventIds, settleAt: began.wall + this.#parts.limits.settleMs };
      const sent = { ...withWrite(note, began.now), pending };
      this.#settles = { settleAt: pending.settleAt, until: began.now + this.#parts.limits.settleMs };
      await this.#keep(sent);
      const told = await this.#target.append(rows);
      const over = withWriteEnded(sent, this.#clock.now());
      const durationMs = this.#clock.now() - began.now;
      const result = resultOf(told);
      this.#parts.observer?.called({ action: 'append', durationMs, ...result });
      this.#parts.tracer.note(() => ({ ...result }), told.kind === 'failed' ? result.result : undefined);
      if (told.kind === 'failed')
        return await this.#notAppended({ ...over, pending }, events, told.failure, durationMs);
      const last = told.value === null ? null : { row: told.value, id: (rows.at(-1) as Row)[0] as string };
      await this.#recorded({ ...over, last, pending: null }, events, { durationMs });
      // They begin in the first row: people have emptied the sheet, and what it says now has to be looked at.
      if (told.value === rows.length) this.#headerIsRight = false;
      return null;
    });
  }

  async #recorded(note: RecordNote, events: readonly Recordable[], call: { durationMs: number; why?: string }) {
    await this.#parts.endings.recorded(events, this.#textOf(note), call);
    this.#note = note;
    const fields = { events: events.length, last_row: note.last?.row, duration_ms: toHundredth(call.durationMs) };
    this.#parts.log.info(fields, 'Events recorded');
    this.#parts.tracer.arrived(
      events.map(({ eventId }) => eventId),
      call.why ?? 'done',
    );
    this.#size.recorded(events.at(-1));
    this.#trouble.over();
  }

  async #notAppended(
    note: RecordNote & { readonly pending: Pending },
    events: readonly StoredEvent[],
    failure: Failure,
    durationMs: number,
  ): Promise<Came> {
    if (FAILURES[failure.code].kind === 'unsure') {
      // Who answered has come to an end with it; who did not may still.
      const settleAt = failure.code === 'core_error' ? 0 : note.pending.settleAt;
      this.#pace.looksAfresh();
      await this.#keep({ ...note, pending: { ...note.pending, settleAt } });
      return { failure };
    }
    await this.#keep({ ...note, pending: null });
    if (failure.code !== 'row_refused') return { failure };
    await this.#refused(events, failure, durationMs);
    return null;
  }

  /** One row of them cannot be taken, or the sheet is not what it was. */
  async #refused(events: readonly StoredEvent[], failure: Failure, durationMs: number): Promise<void> {
    await this.#pace.readTurn();
    const header = await this.#target.readHeader();
    if (header.kind === 'failed' || header.value.kind !== 'right') {
      // It has been renamed, deleted or cleared: no row is to blame.
      this.#headerIsRight = false;
      return;
    }
    if (events.length > 1) return this.#size.refused(events);
    const [event] = events as [StoredEvent];
    this.#size.found();
    const state = await this.#parts.endings.refused(event, failure, durationMs);
    const fields = { event_id: event.eventId, error: failure.why, outcome: state };
    this.#parts.log.warn(fields, 'Event refused: it is not recorded');
  }

  /** On the steady clock. What an earlier process sent may be as late as if it were sent now: its clock may have been another. */
  #settledAt(settleAt: number): number {
    if (settleAt === 0) return 0;
    if (this.#settles?.settleAt !== settleAt) {
      this.#settles = { settleAt, until: this.#clock.now() + this.#parts.limits.settleMs };
    }
    return this.#settles.until;
  }

  async #settle(note: RecordNote, { eventIds, settleAt }: Pending): Promise<Came> {
    const cells = new Map(eventIds.map((eventId) => [eventId, this.#target.idCell(eventId)]));
    const asked = this.#clock.now();
    const until = this.#settledAt(settleAt);
    const read = await readBack(this.#target, note.last, new Set(cells.values()), () => this.#pace.readTurn());
    if (this.#rest.stopping) return null;
    if (read.kind === 'failed') return read;
    const isThere = (eventId: string) => read.value.ids.has(cells.get(eventId) as string);
    const missing = eventIds.filter((eventId) => !isThere(eventId));
    this.#parts.tracer.note(() => ({ found: eventIds.length - missing.length, missing: missing.length }));
    // Only a look that began after it could come last can tell that it never will.
    const over = missing.length === 0 || asked >= until;
    const next = { ...note, last: read.value.last, pending: over ? null : { eventIds: missing, settleAt } };
    const found = eventIds.filter(isThere).map((eventId) => ({ eventId, imsi: null }));
    if (found.length > 0) await this.#recorded(next, found, { durationMs: 0, why: 'found there' });
    else await this.#keep(next);
    if (over) return null;
    return { restMs: Math.min(until - this.#clock.now(), this.#pace.beforeLook()) };
  }
}

/** What has to be known of an event to tell that it was recorded. */
type Recordable = Pick<StoredEvent, 'eventId' | 'imsi'> & { readonly seq?: number };
