import type { Statement } from './database.ts';
import { STATE_ASSIGNMENTS, STATE_COLUMNS, STATE_RECORD } from './rows.ts';

/** What a transaction of writes consists of. */

/** In the order of keys, here and below: whoever waits for a row holds none that comes after it. */
export const LOCK_SUBSCRIBERS: Statement = {
  name: 'lock-subscribers',
  text: `SELECT ${STATE_COLUMNS}, lease_owner FROM nsps_connector.subscribers
    WHERE imsi = ANY($1::bigint[]) ORDER BY imsi FOR NO KEY UPDATE`,
};

export const ADD_SUBSCRIBERS: Statement = {
  name: 'add-subscribers',
  text: `INSERT INTO nsps_connector.subscribers (imsi)
    SELECT imsi FROM unnest($1::bigint[]) AS imsi ORDER BY imsi ON CONFLICT (imsi) DO NOTHING`,
};

export const NOW: Statement = { name: 'now', text: 'SELECT nsps_connector.now_ms()' };

/** The events of the writes, and those which their (now locked) subscribers desire, or could not have confirmed. */
export const LOCK_EVENTS: Statement = {
  name: 'lock-events',
  text: `SELECT event_id, imsi, previous_imsi, state, why, status, attempts FROM nsps_connector.journal
    WHERE event_id = ANY($1::text[] || ARRAY(
      SELECT coalesce(desired, applied) ->> 'eventId' FROM nsps_connector.subscribers
      WHERE imsi = ANY($2::bigint[]) AND (desired IS NOT NULL OR dead IS NOT NULL)))
    ORDER BY event_id FOR NO KEY UPDATE`,
};

/** A statement of its own, after the lock: whoever had the event before has committed what his SIM desires. */
export const DESIRED: Statement = {
  name: 'desired',
  text: `SELECT imsi, desired ->> 'eventId' FROM nsps_connector.subscribers WHERE imsi = ANY($1::bigint[])`,
};

export const SAVE_SUBSCRIBERS: Statement = {
  name: 'save-subscribers',
  text: `
    UPDATE nsps_connector.subscribers AS s SET ${STATE_ASSIGNMENTS}, known = s.known OR u.known,
      lease_owner = CASE WHEN NOT u.released THEN s.lease_owner END,
      lease_until = CASE WHEN NOT u.released THEN s.lease_until END,
      lease_wanted = CASE WHEN NOT u.released THEN s.lease_wanted END
    FROM json_to_recordset($1::json) AS u(${STATE_RECORD}, known boolean, released boolean) WHERE s.imsi = u.imsi`,
};

const EVENT_RECORD = `event_id text, received_at bigint, updated_at bigint, type text, imsi bigint, previous_imsi bigint, state text,
  why text, status integer, deliveries integer, request_id text, unique_id text, decision text, attempts text,
  body_at integer, body_length integer`;
const EVENT_COLUMNS = `event_id, received_at, updated_at, type, imsi, previous_imsi, state, why, status, deliveries, request_id,
  unique_id, decision, attempts`;

/** Numbered as they came, written in the order of keys. Fails when somebody else was first: then it is known. */
export const ADD_EVENTS: Statement = {
  name: 'add-events',
  text: `
    INSERT INTO nsps_connector.journal (seq, ${EVENT_COLUMNS}, body)
    SELECT seq, ${EVENT_COLUMNS}, substring($2::bytea FROM body_at FOR body_length) FROM (
      SELECT nextval('nsps_connector.journal_seq') AS seq, u.* FROM json_to_recordset($1::json) AS u(${EVENT_RECORD})
    ) AS numbered ORDER BY event_id COLLATE "C"`,
};

export const SAVE_EVENTS: Statement = {
  name: 'save-events',
  text: `
    UPDATE nsps_connector.journal AS j SET updated_at = u.updated_at, imsi = u.imsi, previous_imsi = u.previous_imsi,
      state = u.state, why = u.why, attempts = u.attempts, deliveries = j.deliveries + u.deliveries,
      type = coalesce(u.type, j.type), status = coalesce(u.status, j.status),
      request_id = coalesce(u.request_id, j.request_id), unique_id = coalesce(u.unique_id, j.unique_id),
      decision = coalesce(u.decision, j.decision),
      body = coalesce(substring($2::bytea FROM u.body_at FOR u.body_length), j.body)
    FROM json_to_recordset($1::json) AS u(${EVENT_RECORD}) WHERE j.event_id = u.event_id`,
};

/** Not locked: should somebody else name him at the same time, the last one counts. */
export const NAMES: Statement = {
  name: 'names',
  text: 'SELECT imsi, names FROM nsps_connector.names WHERE imsi = ANY($1::bigint[])',
};

export const SAVE_NAMES: Statement = {
  name: 'save-names',
  text: `
    INSERT INTO nsps_connector.names (imsi, names)
    SELECT imsi, names FROM json_to_recordset($1::json) AS u(imsi bigint, names text) ORDER BY imsi
    ON CONFLICT (imsi) DO UPDATE SET names = excluded.names`,
};

export const ADD_IDENTIFIERS: Statement = {
  name: 'add-identifiers',
  text: `
    INSERT INTO nsps_connector.identifiers (value, kind, imsi)
    SELECT DISTINCT value, kind, imsi
    FROM json_to_recordset($1::json) AS u(value text COLLATE "C", kind text COLLATE "C", imsi bigint)
    ORDER BY value, kind, imsi ON CONFLICT (value, kind, imsi) DO NOTHING`,
};
