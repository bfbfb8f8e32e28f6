import type { CleaningOrder } from '../../ports/store.ts';
import type { Database, Statement } from './database.ts';
import { NOW } from './statements.ts';

/** What waits, and what somebody has to look at, is not deleted whatever its age. */
const DONE = "state NOT IN ('queued', 'dead')";

/**
 * Deletes old events. Each of the two rules walks an index of its own from its oldest end, and no further than what is old
 * by it: in one condition they would be looked for in the whole journal whenever few are old, which is nearly always.
 * Events that somebody is just writing are left for the next time.
 */
const CLEAN: Statement = {
  name: 'clean',
  text: `
    DELETE FROM nsps_connector.journal WHERE seq = ANY (ARRAY(
      SELECT seq FROM nsps_connector.journal WHERE ${DONE} AND seq = ANY (ARRAY(
        (SELECT seq FROM nsps_connector.journal
          WHERE ${DONE} AND seq > $4 AND seq <= (SELECT max(seq) FROM nsps_connector.journal) - $3
          ORDER BY seq LIMIT $2)
        UNION
        (SELECT seq FROM nsps_connector.journal
          WHERE ${DONE} AND received_at >= $5 AND received_at < $1 ORDER BY received_at, seq LIMIT $2)
        ORDER BY seq LIMIT $2))
      FOR UPDATE SKIP LOCKED))
    RETURNING seq, received_at`,
};

/**
 * However many events there are: what operators did is kept for its time. Of the oldest so many those that are too old:
 * whoever cleans must not read all that there is, time and again.
 */
const CLEAN_AUDIT: Statement = {
  name: 'clean-audit',
  text: `DELETE FROM nsps_connector.audit WHERE at < $1 AND seq = ANY (ARRAY(
      SELECT seq FROM nsps_connector.audit ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED))`,
};

/** By so much the clocks of machines may differ; only what is more is taken into account. Milliseconds. */
const USUAL_MS = 60_000;

/** Before the first event. */
const FRONT = { seq: -1, receivedAt: -1 };

/** Cleans batch by batch. What stays at the front of the journal is gone past once, not with every batch. */
export class Cleaning {
  readonly #database: Database;
  /** The furthest that was deleted; the front again once a batch was not full. */
  #reached = FRONT;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * By the database's clock: an instance whose own is wrong must not delete what all of them want to keep.
   * @returns how many events were deleted.
   */
  async clean({ before: byOwnClock, most, limit }: CleaningOrder): Promise<number> {
    const before = byOwnClock + (await this.#behind());
    await this.#database.run(CLEAN_AUDIT, [before, limit]);
    const { seq, receivedAt } = this.#reached;
    const deleted = await this.#database.run<[number, number]>(CLEAN, [before, limit, most, seq, receivedAt]);
    this.#reached =
      deleted.length < limit
        ? FRONT
        : { seq: Math.max(...deleted.map(([at]) => at)), receivedAt: Math.max(...deleted.map(([, at]) => at)) };
    return deleted.length;
  }

  /** By how much this machine's clock is behind the database's, in milliseconds. */
  async #behind(): Promise<number> {
    const [row] = await this.#database.run<[number]>(NOW, []);
    const ms = (row?.[0] ?? 0) - Date.now();
    return Math.abs(ms) > USUAL_MS ? ms : 0;
  }
}
