import { FREE } from './claim-statements.ts';
import type { Database } from './database.ts';
import { type DueLook, type DueRange, onlyRecent, rangeAfter, rangeOf } from './due-range.ts';
import { NOW } from './statements.ts';

const FIRST_AND_LAST = `
  WITH clock AS MATERIALIZED (SELECT nsps_connector.now_ms() AS now)
  SELECT
    (SELECT due_at FROM nsps_connector.subscribers AS s
      WHERE due_at <= (SELECT now FROM clock) AND ${FREE} ORDER BY due_at LIMIT 1),
    (SELECT due_at FROM nsps_connector.subscribers AS s
      WHERE due_at <= (SELECT now FROM clock) AND ${FREE} ORDER BY due_at DESC LIMIT 1),
    (SELECT now FROM clock)`;

/** Between two scouts: this part of the time they take, in milliseconds at least and at most. */
const SCOUT_SHARE = 1 / 40;
const [SHORTEST_REST_MS, LONGEST_REST_MS] = [1_000, 60_000];

/**
 * Keeps in mind where those are who are due. As long as somebody reads an old state of the database (a dump, a forgotten
 * transaction) nothing that was due since leaves the index: a look that went through all of that would take seconds. What a look
 * leaves out may be due all the same (a claim that was abandoned, a write that took long), so a scout goes through all of it
 * time and again: the longer that takes, the less often.
 */
export class Due {
  readonly #database: Pick<Database, 'lookLong' | 'run'>;
  #range: DueRange | null = null;
  #scout: Promise<DueRange> | null = null;
  /** On the clock of this process. */
  #nextScout = 0;

  constructor(database: Pick<Database, 'lookLong' | 'run'>) {
    this.#database = database;
  }

  /** Where to look next. Rejects with the plain error when nothing is known yet and the database does not tell. */
  async range(): Promise<DueRange> {
    if (this.#range !== null && performance.now() < this.#nextScout) return this.#range;
    this.#scout ??= this.#sendScout();
    // Should it fail, what is known is still so.
    this.#scout.catch(() => {});
    return this.#range ?? (await this.#scout.catch((error: unknown) => this.#lately(error)));
  }

  /**
   * The first scout found nobody in the time it has: whoever became due before waits for the next one, and whoever does from
   * here on need not. Rejects with the scout's error when the database does not tell the time either.
   */
  async #lately(error: unknown): Promise<DueRange> {
    const [[now] = []] = await this.#database.run<[number]>(NOW, []).catch(() => []);
    if (now === undefined) throw error;
    this.#range ??= onlyRecent(now);
    return this.#range;
  }

  /** @param look what was looked at is `range`. */
  looked(range: DueRange, look: DueLook): void {
    // Else a scout came back meanwhile, and knows better.
    if (this.#range === range) this.#range = rangeAfter(range, look);
  }

  async #sendScout(): Promise<DueRange> {
    const started = performance.now();
    try {
      const [row] = await this.#database.lookLong<[number | null, number | null, number]>(FIRST_AND_LAST);
      const [first, last, now] = row as [number | null, number | null, number];
      this.#range = rangeOf(first, last, now);
      return this.#range;
    } finally {
      const ended = performance.now();
      const rest = Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, (ended - started) / SCOUT_SHARE));
      this.#nextScout = ended + rest;
      this.#scout = null;
    }
  }
}
