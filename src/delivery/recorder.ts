import { FAILURES, type Failure, failed, pauseBeforeAttempt } from '../core/outcome.ts';
import type { Observer } from '../ports/observer.ts';
import type { Outbox } from '../ports/outbox.ts';
import type { RecordingTarget, Row, Told } from '../ports/recording.ts';
import type { Clock, Logger, Random } from '../ports/runtime.ts';
import { type StoredEvent, StoreError } from '../ports/store.ts';
import { Endings } from './endings.ts';
import { readBack } from './read-back.ts';
import { type Batch, batchOf } from './record-batch.ts';
import { type Pending, pauseBeforeWrite, type RecordNote, readNote, withWrite, withWriteEnded } from './record-note.ts';
import type { RecorderDesk } from './recording.ts';
import { Rest } from './rest.ts';
import { Waiters } from './waiters.ts';

export interface RecorderLimits {
  /** Writes in any minute. */
  readonly perMinute: number;
  /** How long a write without a known result may still be applied, in milliseconds. */
  readonly settleMs: number;
  /** Failures in a row after which nobody is kept waiting. */
  readonly patience: number;
  /** How long it rests after failures, in milliseconds. */
  readonly rest: { readonly firstMs: number; readonly longestMs: number };
}

/** Rows of one write at most, and the size of the events that are read for them, in bytes. */
const MOST_ROWS = 500;
const MOST_EVENT_BYTES = 8_000_000;
/** How often it looks for work that came in elsewhere (a replay), in milliseconds. */
const LOOK_AGAIN_MS = 1_000;
/** After the store failed, in milliseconds. */
const STORE_REST_MS = 1_000;
/** Between two reads, and between two looks for rows that may still come, in milliseconds. */
const READ_PAUSE_MS = 1_000;

/**
 * The one writer of a sheet. Takes what waits in the outbox in the order in which it came and appends it, many events a
 * write. Appending cannot be repeated blindly: before each write it notes durably what it is about to send, and after any
 * failure that leaves the result open (kill -9 is one) it reads back what is there and sends only what is not.
 */
export class Recorder implements RecorderDesk {
  readonly #outbox: Outbox;
  readonly #target: RecordingTarget;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #limits: RecorderLimits;
  readonly #observer: Observer | null;
  readonly #waiters: Waiters;
  readonly #endings: Endings;
  readonly #rest: Rest;
  #note: RecordNote | null = null;
  #headerIsRight = false;
  #fault: Failure | null = null;
  #failures = 0;
  #tokenRefused = false;
  #looks = 0;
  #lastReadAt = Number.NEGATIVE_INFINITY;
  /** Halved while a refused row is looked for. */
  #most = MOST_ROWS;
  /** The last event of a write that was refused as a whole. */
  #suspectSeq = 0;
  #underWay = 0;
  #running: Promise<void> | null = null;

  constructor(parts: {
    outbox: Outbox;
    target: RecordingTarget;
    clock: Clock;
    random: Random;
    log: Logger;
    limits: RecorderLimits;
    observer?: Observer | null;
  }) {
    this.#observer = parts.observer ?? null;
    this.#outbox = parts.outbox;
    this.#target = parts.target;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#log = parts.log;
    this.#limits = parts.limits;
    this.#waiters = new Waiters(parts.clock);
    this.#endings = new Endings({ ...parts, waiters: this.#waiters });
    this.#rest = new Rest(parts.clock);
  }

  get fault(): Failure | null {
    return this.#fault;
  }

  get unwell(): boolean {
    return this.#failures > this.#limits.patience || this.#rest.stopping;
  }

  /** Events being written. */
  get underWay(): number {
    return this.#underWay;
  }

  expect(eventId: string, ms: number) {
    return this.#waiters.expect(eventId, ms);
  }

  /**
   * Looks at the header once, before anything is taken.
   * @returns what is wrong with it; null when it is right, or nobody can tell now.
   */
  async firstLook(): Promise<string | null> {
    this.#lastReadAt = this.#clock.now();
    const header = await this.#target.readHeader();
    if (header.kind === 'failed') return null;
    this.#headerIsRight = header.value.kind === 'right';
    return header.value.kind === 'other' ? headerWords(header.value) : null;
  }

  nudge(): void {
    this.#rest.nudge();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Begins no new write, lets the one under way end, and keeps nobody waiting. Idempotent. */
  async stop(): Promise<void> {
    this.#rest.stop();
    await this.#running;
    this.#waiters.tellAll({ kind: 'queued' });
  }

  async #run(): Promise<void> {
    while (!this.#rest.stopping) {
      try {
        await this.#step();
      } catch (error) {
        // That the store fails is said once, by whoever watches it.
        if (!(error instanceof StoreError)) this.#log.error({ err: error }, 'Events cannot be recorded');
        // What was being written may be there or not: what is noted in the store counts.
        this.#note = null;
        await this.#rest.pause(STORE_REST_MS);
      }
    }
  }

  async #step(): Promise<void> {
    this.#note ??= readNote(await this.#outbox.note(), this.#target.place, this.#clock.wall());
    if (!this.#headerIsRight) return await this.#lookAtHeader(this.#note);
    if (this.#note.pending) return await this.#settle(this.#note, this.#note.pending);
    if (await this.#waitedToWrite(this.#note)) return;
    const nudges = this.#rest.nudges;
    const batch = await this.#nextBatch();
    if (batch.events.length === 0) return await this.#rest.pause(LOOK_AGAIN_MS, nudges);
    this.#underWay = batch.events.length;
    try {
      await this.#append(this.#note, batch);
    } finally {
      this.#underWay = 0;
    }
  }

  /** @returns whether the next write had to wait: then everything is looked at again. */
  async #waitedToWrite(note: RecordNote): Promise<boolean> {
    const pause = pauseBeforeWrite(note, this.#limits.perMinute, this.#clock.wall());
    if (pause > 0) await this.#rest.pause(pause);
    return pause > 0;
  }

  async #keep(note: RecordNote): Promise<void> {
    await this.#outbox.conclude([], JSON.stringify(note));
    this.#note = note;
  }

  async #readTurn(): Promise<void> {
    await this.#rest.pause(this.#lastReadAt + READ_PAUSE_MS - this.#clock.now());
    this.#lastReadAt = this.#clock.now();
  }

  async #lookAtHeader(note: RecordNote): Promise<void> {
    await this.#readTurn();
    if (this.#rest.stopping) return;
    const header = await this.#target.readHeader();
    if (header.kind === 'failed') return await this.#troubled(header.failure);
    if (header.value.kind === 'other') {
      return await this.#troubled(failed('misconfigured', headerWords(header.value)).failure);
    }
    if (header.value.kind === 'empty') {
      if (await this.#waitedToWrite(note)) return;
      const written = withWrite(note, this.#clock.wall());
      await this.#keep(written);
      const told = await this.#target.writeHeader();
      await this.#keep(withWriteEnded(written, this.#clock.wall()));
      if (told.kind === 'failed') return await this.#troubled(told.failure);
    }
    this.#headerIsRight = true;
    this.#well();
  }

  async #nextBatch(): Promise<Batch> {
    const waiting = await this.#outbox.queued({ events: this.#most, bytes: MOST_EVENT_BYTES });
    const batch = batchOf(waiting, this.#target);
    if (batch.unreadable.length > 0) await this.#outbox.conclude(batch.unreadable, null);
    return batch;
  }

  async #append(note: RecordNote, { events, rows }: Batch): Promise<void> {
    const began = { wall: this.#clock.wall(), now: this.#clock.now() };
    const pending = { eventIds: events.map(({ eventId }) => eventId), settleAt: began.wall + this.#limits.settleMs };
    const sent = { ...withWrite(note, began.wall), pending };
    await this.#keep(sent);
    const told = await this.#target.append(rows);
    const over = withWriteEnded(sent, this.#clock.wall());
    const durationMs = this.#clock.now() - began.now;
    this.#observer?.called({ action: 'append', durationMs, ...resultOf(told) });
    if (told.kind === 'done') {
      const last = told.value === null ? null : { row: told.value, id: (rows.at(-1) as Row)[0] as string };
      await this.#recorded({ ...over, last, pending: null }, events, { durationMs });
      return;
    }
    await this.#notAppended(over, pending, events, told.failure, durationMs);
  }

  async #recorded(note: RecordNote, events: readonly Recordable[], call: { durationMs: number; why?: string }) {
    await this.#endings.recorded(events, JSON.stringify(note), call);
    this.#note = note;
    const fields = { events: events.length, last_row: note.last?.row, duration_ms: call.durationMs };
    this.#log.info(fields, 'Events recorded');
    const last = events.at(-1);
    if (last?.seq !== undefined && last.seq >= this.#suspectSeq) this.#most = MOST_ROWS;
    this.#well();
  }

  async #notAppended(
    note: RecordNote,
    pending: Pending,
    events: readonly StoredEvent[],
    failure: Failure,
    durationMs: number,
  ): Promise<void> {
    if (FAILURES[failure.code].kind === 'unsure') {
      // Who answered has come to an end with it; who did not may still.
      const settleAt = failure.code === 'core_error' ? this.#clock.wall() : pending.settleAt;
      this.#looks = 0;
      await this.#keep({ ...note, pending: { ...pending, settleAt } });
      return await this.#troubled(failure);
    }
    await this.#keep({ ...note, pending: null });
    if (failure.code === 'row_refused') await this.#refused(events, failure, durationMs);
    else await this.#troubled(failure);
  }

  /** One row of them cannot be taken, or the sheet is not what it was. */
  async #refused(events: readonly StoredEvent[], failure: Failure, durationMs: number) {
    await this.#readTurn();
    const header = await this.#target.readHeader();
    if (header.kind === 'failed' || header.value.kind !== 'right') {
      // It has been renamed, deleted or cleared: no row is to blame.
      this.#headerIsRight = false;
      return;
    }
    if (events.length > 1) {
      this.#suspectSeq = (events.at(-1) as StoredEvent).seq;
      this.#most = Math.floor(events.length / 2);
      return;
    }
    const [event] = events as [StoredEvent];
    this.#most = MOST_ROWS;
    const state = await this.#endings.refused(event, failure, durationMs);
    const fields = { event_id: event.eventId, error: failure.why, outcome: state };
    this.#log.warn(fields, 'Event refused: it is not recorded');
  }

  async #settle(note: RecordNote, { eventIds, settleAt }: Pending): Promise<void> {
    const cells = new Map(eventIds.map((eventId) => [eventId, this.#target.idCell(eventId)]));
    const asked = this.#clock.wall();
    const read = await readBack(this.#target, note.last, new Set(cells.values()), () => this.#readTurn());
    if (this.#rest.stopping) return;
    if (read.kind === 'failed') return await this.#troubled(read.failure);
    const isThere = (eventId: string) => read.value.ids.has(cells.get(eventId) as string);
    const missing = eventIds.filter((eventId) => !isThere(eventId));
    // Only a look that began after it could come last can tell that it never will.
    const over = missing.length === 0 || asked >= settleAt;
    const next = { ...note, last: read.value.last, pending: over ? null : { eventIds: missing, settleAt } };
    const found = eventIds.filter(isThere).map((eventId) => ({ eventId, imsi: null }));
    if (found.length > 0) await this.#recorded(next, found, { durationMs: 0, why: 'found there' });
    else await this.#keep(next);
    if (over) return;
    const left = settleAt - this.#clock.wall();
    await this.#rest.pause(Math.min(left, READ_PAUSE_MS * 2 ** Math.min(4, this.#looks++)));
  }

  /** Something failed, and nothing of it says anything about an event. */
  async #troubled(failure: Failure): Promise<void> {
    // A token can be too old by a moment: the next call has a fresh one.
    const oldToken = failure.code === 'unauthorized' && !this.#tokenRefused;
    this.#tokenRefused = failure.code === 'unauthorized';
    if (oldToken) return;
    this.#failures++;
    if (HOLDS_UP.has(failure.code)) await this.#holdUp(failure);
    else this.#log.warn({ error: failure.why, failures: this.#failures }, 'Events not recorded yet');
    if (this.unwell) this.#waiters.tellAll({ kind: 'queued' });
    await this.#rest.pause(pauseBeforeAttempt(this.#failures - 1, failure, this.#random(), this.#limits.rest));
  }

  /** Somebody has to mend it. Whoever waits is told, and owns the event, unless its row may be there already. */
  async #holdUp(failure: Failure): Promise<void> {
    if (this.#fault?.why !== failure.why) {
      this.#log.error({ error: failure.why }, 'Events cannot be recorded until this is mended');
    }
    this.#fault = failure;
    this.#headerIsRight = false;
    await this.#endings.heldUp(failure, new Set(this.#note?.pending?.eventIds));
  }

  #well(): void {
    if (this.#fault) this.#log.info({}, 'Events can be recorded again');
    this.#fault = null;
    this.#failures = 0;
    this.#tokenRefused = false;
  }
}

type Recordable = Pick<StoredEvent, 'eventId' | 'imsi'> & { readonly seq?: number };

/** What only somebody who mends it ends. */
const HOLDS_UP: ReadonlySet<Failure['code']> = new Set(['misconfigured', 'place_missing', 'unauthorized']);

/** What a call came to, for whoever counts. */
function resultOf(told: Told<unknown>): { result: string; coreStatus?: number } {
  if (told.kind === 'done') return { result: 'done' };
  const { code, coreStatus } = told.failure;
  return { result: code, ...(coreStatus !== undefined && { coreStatus }) };
}

/** An existing header that is another one. */
export function headerWords({ found, expected }: { found: readonly string[]; expected: readonly string[] }): string {
  return `the sheet's first row is ${found.join(' | ')}, and must be ${expected.join(' | ')}`;
}
