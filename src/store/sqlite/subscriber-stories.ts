import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { asImsi } from '../imsi.ts';
import type { KnownRow, SubscriberRows, WriteNumber } from './subscriber-rows.ts';

/** An event, and those before it of its two subscribers. */
export interface StoryRow {
  readonly seq: number;
  readonly imsi: number | null;
  readonly previous_imsi: number | null;
  readonly before: number | null;
  readonly previous_before: number | null;
}

/** Events of a subscriber that were deleted, up to `last`, and the one before them, which is still there. */
interface Gap {
  last: number;
  readonly kept: number;
}

/** Of the journal, those of a {@link StoryRow}. */
export const STORY_COLUMNS = 'seq, imsi, previous_imsi, before, previous_before';

/** Events that are gone past in a subscriber's story to the one that leads to an event which is deleted. */
const MOST_PASSED = 2_000;
/** And in the stories of all of whom one cleaning deletes events: the next write waits for that, too. */
const MOST_PASSED_BY_CLEANING = 20_000;

/** Each subscriber's events, newest first: every event leads to the one before it of each of its two subscribers. */
export class SubscriberStories {
  readonly #subscribers: SubscriberRows;
  readonly #story: StatementSync;
  readonly #lead: StatementSync;
  readonly #leadPrevious: StatementSync;

  constructor(db: DatabaseSync, subscribers: SubscriberRows) {
    this.#subscribers = subscribers;
    this.#story = db.prepare(`SELECT ${STORY_COLUMNS} FROM journal WHERE seq = ?`);
    this.#lead = db.prepare('UPDATE journal SET before = ?2 WHERE seq = ?1');
    this.#leadPrevious = db.prepare('UPDATE journal SET previous_before = ?2 WHERE seq = ?1');
  }

  /** Gives an event its place in the story of a subscriber that it did not name when it came first. */
  insert(imsi: string, seq: number, write: WriteNumber): void {
    const key = Number(imsi);
    const subscriber = this.#subscribers.open(imsi, write);
    let later: StoryRow | undefined;
    let next = this.#storyAt(subscriber.lastEvent);
    for (let passed = 0; next && next.seq > seq; passed++) {
      if (passed === MOST_PASSED) return;
      later = next;
      next = this.#storyAt(beforeOf(next, key));
    }
    const event = this.#storyAt(seq);
    if (next?.seq === seq) {
      // It has its place already: a SIM that took its own place.
      this.#leadTo(event, key, next.before ?? next.previous_before);
      return;
    }
    this.#leadTo(event, key, next?.seq ?? null);
    if (later) this.#leadTo(later, key, seq);
    else subscriber.note(seq, subscriber.names);
  }

  /** What stays before events that were deleted is still to be found: what led to those leads to it. Seldom there is any. */
  leadPast(deleted: readonly StoryRow[]): void {
    const write = this.#subscribers.nextWrite();
    let left = MOST_PASSED_BY_CLEANING;
    for (const [imsi, gaps] of this.#gapsOf(deleted)) {
      left -= this.#close(this.#subscribers.open(asImsi(imsi), write), gaps, Math.min(left, MOST_PASSED));
    }
  }

  /** Of each subscriber, oldest first. */
  #gapsOf(deleted: readonly StoryRow[]): ReadonlyMap<number, Gap[]> {
    const gaps = new Map<number, Gap[]>();
    for (const row of deleted) {
      for (const imsi of new Set([row.imsi, row.previous_imsi])) {
        if (imsi === null) continue;
        const before = beforeOf(row, imsi);
        const known = gaps.get(imsi) ?? [];
        const latest = known.at(-1);
        if (latest?.last === before) latest.last = row.seq;
        else if (before !== null && this.#storyAt(before)) gaps.set(imsi, [...known, { last: row.seq, kept: before }]);
      }
    }
    return gaps;
  }

  /**
   * Once through a subscriber's story, from the newest gap on: that is the way to the others.
   * @param most events that may be gone past. @returns how many were.
   */
  #close(subscriber: KnownRow, gaps: Gap[], most: number): number {
    const imsi = Number(subscriber.imsi);
    let gap = gaps.pop();
    if (gap && subscriber.lastEvent === gap.last) {
      subscriber.note(gap.kept, subscriber.names);
      gap = gaps.pop();
    }
    let passed = 0;
    for (let next = this.#storyAt(subscriber.lastEvent); next && gap && passed < most; passed++) {
      let before = beforeOf(next, imsi);
      if (before === gap.last) {
        before = gap.kept;
        this.#leadTo(next, imsi, before);
        gap = gaps.pop();
      }
      next = this.#storyAt(before);
    }
    return passed;
  }

  /** From an event to the one before it of a subscriber. */
  #leadTo(event: StoryRow | undefined, imsi: number, before: number | null): void {
    if (event) (event.imsi === imsi ? this.#lead : this.#leadPrevious).run(event.seq, before);
  }

  #storyAt(seq: number | null): StoryRow | undefined {
    return this.#story.get(seq) as unknown as StoryRow | undefined;
  }
}

function beforeOf({ imsi, before, previous_before }: StoryRow, one: number): number | null {
  return imsi === one ? before : previous_before;
}
