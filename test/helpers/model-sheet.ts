import { type FailureCode, failed } from '../../src/core/outcome.ts';
import type { Outbox } from '../../src/ports/outbox.ts';
import type { Header, RecordingTarget, Row, Told } from '../../src/ports/recording.ts';
import type { FakeClock } from './fake-clock.ts';

/** How a call goes: as it should, or not at all, or nobody is told what came of it. */
export type Course =
  | 'well'
  | 'lost'
  | 'applied'
  | 'late'
  | Extract<FailureCode, 'core_error' | 'rate_limited' | 'unauthorized' | 'place_missing'>;

/** How long a call takes, and how long after its caller gave up a late one is applied, in milliseconds. */
const CALL_MS = 40;
const PATIENCE_MS = 300;
export const LATEST_MS = 700;

/** A sheet as the recorder's rules see it: rows, and a course for each call. */
export class ModelSheet {
  rows: string[] = [];
  /** When each append arrived. */
  readonly appends: number[] = [];
  readonly #clock: FakeClock;
  #courses: Course[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  plan(courses: readonly Course[]): void {
    this.#courses = [...courses];
  }

  /** As one process sees it: when that is dead, its calls go on, and nobody hears of them. */
  seenBy(isAlive: () => boolean): RecordingTarget {
    const call = async <T>(work: () => T): Promise<Told<T>> => {
      const told = await this.#call(work);
      return isAlive() ? told : await new Promise<never>(() => {});
    };
    const header: Header = { kind: 'right' };
    return {
      place: 'model',
      rowOf: (_event, eventId) => [eventId],
      idCell: (eventId) => eventId,
      readHeader: () => call(() => header),
      writeHeader: () => call(() => null),
      append: (rows) => call(() => this.#append(rows)),
      readIds: (from, to) => call(() => ['event_id', ...this.rows].slice(from - 1, to ?? undefined)),
      countRows: () => call(() => 1 + this.rows.length),
      close: async () => {},
    };
  }

  #append(rows: readonly Row[]): number {
    this.appends.push(this.#clock.now());
    this.rows.push(...rows.map(([id]) => id as string));
    return 1 + this.rows.length;
  }

  async #call<T>(work: () => T): Promise<Told<T>> {
    const course = this.#courses.shift() ?? 'well';
    await this.#after(CALL_MS);
    if (course === 'well') return { kind: 'done', value: work() };
    if (course === 'lost' || course === 'applied' || course === 'late') return await this.#unheard(course, work);
    return failed(course, course);
  }

  async #unheard<T>(course: 'lost' | 'applied' | 'late', work: () => T): Promise<Told<T>> {
    if (course === 'applied') work();
    if (course === 'late') this.#clock.after(LATEST_MS, work);
    await this.#after(PATIENCE_MS);
    return failed('timeout', course);
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

/** An outbox that nobody hears of any more once its process is dead. */
export function mortalOutbox(outbox: Outbox, isAlive: () => boolean): Outbox {
  const heard = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!isAlive()) return await new Promise<never>(() => {});
    const result = await work();
    return isAlive() ? result : await new Promise<never>(() => {});
  };
  return {
    put: (entry) => heard(() => outbox.put(entry)),
    queued: (limits) => heard(() => outbox.queued(limits)),
    conclude: (conclusions, note) => heard(() => outbox.conclude(conclusions, note)),
    note: () => heard(() => outbox.note()),
    backlog: () => heard(() => outbox.backlog()),
  };
}
