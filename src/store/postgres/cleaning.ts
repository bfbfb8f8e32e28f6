import type { Statement } from './database.ts';

/** What waits, and what somebody has to look at, is not deleted whatever its age. */
const DONE = "state NOT IN ('queued', 'dead')";

/**
 * Deletes old events. Each of the two rules walks an index of its own from its oldest end, and no further than what is old
 * by it: in one condition they would be looked for in the whole journal whenever few are old, which is nearly always.
 * Events that somebody is just writing are left for the next time.
 */
export const CLEAN: Statement = {
  name: 'clean',
  text: `
    DELETE FROM nsps_connector.journal WHERE seq = ANY (ARRAY(
      SELECT seq FROM nsps_connector.journal WHERE ${DONE} AND seq = ANY (ARRAY(
        (SELECT seq FROM nsps_connector.journal
          WHERE ${DONE} AND seq <= (SELECT max(seq) FROM nsps_connector.journal) - $3 ORDER BY seq LIMIT $2)
        UNION
        (SELECT seq FROM nsps_connector.journal
          WHERE ${DONE} AND received_at < $1 ORDER BY received_at, seq LIMIT $2)
        ORDER BY seq LIMIT $2))
      FOR UPDATE SKIP LOCKED))
    RETURNING seq`,
};

/**
 * However many events there are: what operators did is kept for its time. Of the oldest so many those that are too old:
 * whoever cleans must not read all that there is, time and again.
 */
export const CLEAN_AUDIT: Statement = {
  name: 'clean-audit',
  text: `DELETE FROM nsps_connector.audit WHERE at < $1 AND seq = ANY (ARRAY(
      SELECT seq FROM nsps_connector.audit ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED))`,
};
