import { SUBSCRIBER_COLUMNS } from '../subscriber-row.ts';
import type { Statement } from './database.ts';
import { STATE_ASSIGNMENTS, STATE_RECORD } from './rows.ts';

/** What taking hold of subscribers consists of. */

const COLUMNS = SUBSCRIBER_COLUMNS.map((column) => `s.${column}`).join(', ');

/**
 * Takes whoever nobody holds, those never heard of among them. In the order of keys, so that no two groups wait for each
 * other; a lease begins when its row is written, not when the statement began to wait for it.
 */
export const TAKE_FREE: Statement = {
  name: 'take-free',
  text: `
    INSERT INTO nsps_connector.subscribers AS s (imsi, lease_owner, lease_until, lease_wanted)
    SELECT u.imsi, $2::uuid, nsps_connector.now_ms() + $3::bigint, u.wanted
    FROM json_to_recordset($1::json) AS u(imsi bigint, wanted jsonb) ORDER BY u.imsi
    ON CONFLICT (imsi) DO UPDATE SET lease_owner = excluded.lease_owner, lease_wanted = excluded.lease_wanted,
      lease_until = nsps_connector.now_ms() + $3::bigint
    WHERE s.lease_owner IS NULL
    RETURNING ${COLUMNS}`,
};

const EXPIRED = 's.lease_until <= (SELECT nsps_connector.now_ms())';
/** Of a subscriber `s` whom nobody holds, or nobody any more. */
export const FREE = `(s.lease_owner IS NULL OR ${EXPIRED})`;

export const FIND_EXPIRED: Statement = {
  name: 'find-expired',
  text: `SELECT s.imsi FROM nsps_connector.subscribers AS s WHERE s.imsi = ANY($1::bigint[]) AND ${EXPIRED}`,
};

const FOUND = `${COLUMNS}, s.lease_wanted AS left_behind, s.lease_owner IS NOT NULL AS abandoned, nsps_connector.now_ms() AS now
  FROM nsps_connector.subscribers AS s`;

export const LOCK_EXPIRED: Statement = {
  name: 'lock-expired',
  text: `SELECT ${FOUND} WHERE s.imsi = ANY($1::bigint[]) AND ${EXPIRED} ORDER BY s.imsi FOR NO KEY UPDATE`,
};

const DUE = `SELECT ${FOUND} WHERE s.due_at <= (SELECT nsps_connector.now_ms()) AND ${FREE}`;
/** The two parts of a `DueRange`. */
const WAITING = `${DUE} AND s.due_at BETWEEN $3 AND $4`;
const RECENT = `${DUE} AND s.due_at > $4 AND s.due_at >= $5`;
const LOCK = 'FOR NO KEY UPDATE SKIP LOCKED';

/** Whoever is locked is being claimed, or written, by somebody else: a later look finds him. */
export const LOCK_DUE: Statement = {
  name: 'lock-due',
  text: `
    WITH first AS MATERIALIZED (${WAITING} ORDER BY s.due_at LIMIT $1 ${LOCK}),
    next AS MATERIALIZED (${RECENT} ORDER BY s.due_at LIMIT $1::bigint - (SELECT count(*) FROM first) ${LOCK}),
    oldest AS MATERIALIZED (SELECT * FROM first UNION ALL SELECT * FROM next),
    last AS MATERIALIZED (${RECENT} AND s.imsi NOT IN (SELECT imsi FROM oldest)
      ORDER BY s.due_at DESC LIMIT $2::bigint - (SELECT count(*) FROM oldest) ${LOCK}),
    before AS MATERIALIZED (${WAITING} AND s.imsi NOT IN (SELECT imsi FROM oldest) ORDER BY s.due_at DESC
      LIMIT $2::bigint - (SELECT count(*) FROM oldest) - (SELECT count(*) FROM last) ${LOCK})
    SELECT * FROM oldest UNION ALL SELECT * FROM last UNION ALL SELECT * FROM before`,
};

export const TAKE_FOUND: Statement = {
  name: 'take-found',
  text: `
    UPDATE nsps_connector.subscribers AS s SET ${STATE_ASSIGNMENTS}, known = s.known OR u.known,
      lease_owner = $2::uuid, lease_until = nsps_connector.now_ms() + $3::bigint, lease_wanted = u.wanted
    FROM json_to_recordset($1::json) AS u(${STATE_RECORD}, known boolean, wanted jsonb) WHERE s.imsi = u.imsi`,
};

/** Events that lost their place to one that may have been sent. */
export const SUPERSEDE: Statement = {
  name: 'supersede',
  text: `
    UPDATE nsps_connector.journal SET state = 'superseded', why = NULL, updated_at = nsps_connector.now_ms()
    WHERE seq IN (
      SELECT seq FROM nsps_connector.journal WHERE event_id = ANY($1::text[]) ORDER BY event_id FOR NO KEY UPDATE)`,
};

export const LOOK: Statement = {
  name: 'look',
  text: `SELECT ${COLUMNS} FROM nsps_connector.subscribers AS s WHERE s.imsi = ANY($1::bigint[])`,
};
