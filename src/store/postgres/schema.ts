import type { ClientBase } from 'pg';
import { StoreError } from '../../ports/store.ts';
import { refuseAnyOther, refuseNewer } from '../schema-version.ts';
import { isDeadlock } from './faults.ts';

/**
 * Steps from nothing to today's tables; a step that was released is never changed again. States are kept as jsonb
 * (`Wanted` in core/subscriber.ts), IMSIs as numbers, times as milliseconds since 1970 on the database's clock.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE FUNCTION nsps_connector.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS
  $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

  -- Whether version a is older than b: compareVersions (core/version.ts), for the constraints.
  CREATE FUNCTION nsps_connector.older(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
      WHEN (a ->> 'updatedAt') COLLATE "C" < b ->> 'updatedAt' THEN true
      WHEN (a ->> 'updatedAt') COLLATE "C" > b ->> 'updatedAt' THEN false
      WHEN (a ->> 'eventTime') COLLATE "C" < b ->> 'eventTime' THEN true
      WHEN (a ->> 'eventTime') COLLATE "C" > b ->> 'eventTime' THEN false
      WHEN length(a ->> 'iEvent') < length(b ->> 'iEvent') THEN true
      WHEN length(a ->> 'iEvent') > length(b ->> 'iEvent') THEN false
      WHEN (a ->> 'iEvent') COLLATE "C" < b ->> 'iEvent' THEN true
      WHEN (a ->> 'iEvent') COLLATE "C" > b ->> 'iEvent' THEN false
      WHEN (a ->> 'createdAt') COLLATE "C" < b ->> 'createdAt' THEN true
      ELSE false END
  $$;

  CREATE TABLE nsps_connector.subscribers (
    imsi bigint PRIMARY KEY,
    -- False while a row only carries a claim.
    known boolean NOT NULL DEFAULT false,
    applied jsonb,
    desired jsonb,
    after jsonb,
    unsettled_until bigint,
    due_at bigint,
    waiting_since bigint,
    attempts integer NOT NULL DEFAULT 0,
    dead text,
    -- G1: one row, one holder. Which run of which instance that is, until when, and what it is going to send.
    lease_owner uuid,
    lease_until bigint,
    lease_wanted jsonb,
    -- G3: what NSPS was promised is going to be done, or lies where somebody looks.
    CHECK (desired IS NULL OR NOT (desired -> 'owed')::boolean OR due_at IS NOT NULL OR dead IS NOT NULL),
    -- G4: so is the confirmation of what may have been overwritten.
    CHECK (unsettled_until IS NULL OR due_at IS NOT NULL OR dead IS NOT NULL),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
  -- A claim changes nothing that is indexed: with some room in its page a row is replaced on the spot.
  ) WITH (fillfactor = 70);
  CREATE INDEX subscribers_due ON nsps_connector.subscribers (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX subscribers_dead ON nsps_connector.subscribers (imsi) WHERE dead IS NOT NULL;

  -- G2: never backwards.
  CREATE FUNCTION nsps_connector.refuse_older() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'the applied state of a subscriber must not go back' USING ERRCODE = '23000';
  END $$;
  CREATE TRIGGER applied_never_goes_back BEFORE UPDATE OF applied ON nsps_connector.subscribers FOR EACH ROW
  WHEN (old.applied IS NOT NULL
    AND (new.applied IS NULL OR nsps_connector.older(new.applied -> 'version', old.applied -> 'version')))
  EXECUTE FUNCTION nsps_connector.refuse_older();

  -- G5: a release that a number waits for is not forgotten before it was done, or something newer was.
  CREATE FUNCTION nsps_connector.refuse_number() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (
      SELECT FROM jsonb_array_elements(old.after) AS release
      LEFT JOIN nsps_connector.subscribers AS holder ON holder.imsi = (release #>> '{change,state,imsi}')::bigint
      WHERE (holder.applied IS NULL OR nsps_connector.older(holder.applied -> 'version', release -> 'version'))
        AND NOT EXISTS (
          SELECT FROM jsonb_array_elements(new.after) AS kept
          WHERE kept #>> '{change,state,imsi}' = release #>> '{change,state,imsi}'
            AND NOT nsps_connector.older(kept -> 'version', release -> 'version'))
    ) THEN
      RAISE EXCEPTION 'a number was not released yet' USING ERRCODE = '23000';
    END IF;
    RETURN NULL;
  END $$;
  -- After the statement, so that the rows of a swap may change in any order.
  CREATE TRIGGER release_comes_first AFTER UPDATE OF after ON nsps_connector.subscribers FOR EACH ROW
  WHEN (old.after IS NOT NULL AND new.after IS DISTINCT FROM old.after)
  EXECUTE FUNCTION nsps_connector.refuse_number();

  -- Written to see whether the database takes it.
  CREATE TABLE nsps_connector.probe (at bigint NOT NULL);
  INSERT INTO nsps_connector.probe VALUES (0);

  CREATE SEQUENCE nsps_connector.journal_seq;
  CREATE TABLE nsps_connector.journal (
    seq bigint PRIMARY KEY DEFAULT nextval('nsps_connector.journal_seq'),
    event_id text COLLATE "C" NOT NULL UNIQUE,
    received_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    type text NOT NULL,
    imsi bigint,
    previous_imsi bigint,
    state text NOT NULL,
    why text,
    status integer NOT NULL,
    deliveries integer NOT NULL DEFAULT 1,
    request_id text NOT NULL,
    unique_id text NOT NULL,
    decision text NOT NULL,
    attempts text NOT NULL,
    body bytea NOT NULL
  );
  ALTER SEQUENCE nsps_connector.journal_seq OWNED BY nsps_connector.journal.seq;
  CREATE INDEX journal_received ON nsps_connector.journal (received_at);
  CREATE INDEX journal_imsi ON nsps_connector.journal (imsi) WHERE imsi IS NOT NULL;
  CREATE INDEX journal_previous_imsi ON nsps_connector.journal (previous_imsi) WHERE previous_imsi IS NOT NULL;
  CREATE INDEX journal_unfinished ON nsps_connector.journal (state)
    WHERE state IN ('queued', 'failed', 'rejected', 'dead');
  `,
  `
  -- What a subscriber is called now (names.ts), in JSON: msisdn, account, iccid. Not in his row: events that mean nothing for
  -- him name him, too, and whoever is locked there should not be rewritten for it.
  CREATE TABLE nsps_connector.names (imsi bigint PRIMARY KEY, names text NOT NULL);
  -- And whatever anybody is or was called.
  CREATE TABLE nsps_connector.identifiers (
    value text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    imsi bigint NOT NULL,
    PRIMARY KEY (value, kind, imsi)
  );
  -- Until the next event of each tells the rest: his number, when he has one.
  INSERT INTO nsps_connector.identifiers
  SELECT coalesce(desired, applied) #>> '{change,state,msisdn}', 'msisdn', imsi FROM nsps_connector.subscribers
  WHERE coalesce(desired, applied) #>> '{change,state,msisdn}' IS NOT NULL;
  INSERT INTO nsps_connector.names SELECT imsi, '["' || value || '",null,null]' FROM nsps_connector.identifiers;

  -- What operators did.
  CREATE TABLE nsps_connector.audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    subject text,
    detail text
  );
  `,
  // What operators are told of everybody who waits or is dead, and of events nobody is done with, comes from indexes alone.
  `
  -- In the order of pages.
  DROP INDEX nsps_connector.journal_unfinished;
  CREATE INDEX journal_unfinished ON nsps_connector.journal (state, seq)
    WHERE state IN ('queued', 'failed', 'rejected', 'dead');

  DROP INDEX nsps_connector.subscribers_due;
  CREATE INDEX subscribers_due ON nsps_connector.subscribers (due_at) INCLUDE (waiting_since) WHERE due_at IS NOT NULL;

  -- What a reason has in common with others: commonReason (core/text.ts).
  CREATE FUNCTION nsps_connector.common_reason(dead text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT regexp_replace(dead, '[0-9]{5,}', '…', 'g') $$;
  -- A digest of that, since a reason may be longer than an index takes. Out of date, and of no use, once he is not dead.
  ALTER TABLE nsps_connector.subscribers ADD COLUMN dead_group uuid;
  -- By the database itself: an instance of an older version may still be writing.
  CREATE FUNCTION nsps_connector.set_dead_group() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    new.dead_group := md5(nsps_connector.common_reason(new.dead))::uuid;
    RETURN new;
  END $$;
  CREATE TRIGGER dead_in_a_group BEFORE INSERT OR UPDATE OF dead ON nsps_connector.subscribers FOR EACH ROW
  WHEN (new.dead IS NOT NULL) EXECUTE FUNCTION nsps_connector.set_dead_group();
  UPDATE nsps_connector.subscribers SET dead = dead WHERE dead IS NOT NULL;
  CREATE INDEX subscribers_dead_group ON nsps_connector.subscribers (dead_group, imsi) INCLUDE (waiting_since)
    WHERE dead IS NOT NULL;
  `,
];

/** Nobody else's lock: 'nsps' in ASCII. */
const LOCK = 0x6e737073;

/** The order in which writes take them. Whoever changes one first would wait for a write that waits for him. */
const HAVE_ALL = 'LOCK TABLE nsps_connector.subscribers, nsps_connector.journal IN ACCESS EXCLUSIVE MODE';
const TRIES = 5;

/**
 * Brings the tables up to date, one step a transaction, one instance at a time; dying in between undoes one step at most.
 * Connectors of an older version may be at work: they wait while a step is taken.
 * @returns whether it made them.
 * @throws StoreError when the database was made by a newer program.
 */
export async function migrate(client: ClientBase, migrations: readonly string[] = MIGRATIONS): Promise<boolean> {
  let isNew = false;
  for (let [done, tries] = [false, 1]; !done; ) {
    await client.query('BEGIN');
    try {
      // Whoever is first works for all of the others, however long that takes.
      await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
      const step = await takeStep(client, migrations);
      await client.query('COMMIT');
      done = step === null;
      isNew ||= step === 1;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      if (!isDeadlock(error) || tries++ === TRIES) throw error;
    }
  }
  return isNew;
}

/** @returns the version that was come to; null when nothing is left to do. */
async function takeStep(client: ClientBase, migrations: readonly string[]): Promise<number | null> {
  const version = (await versionOf(client)) ?? 0;
  refuseNewer(version, migrations.length);
  const step = migrations[version];
  if (step === undefined) return null;
  await client.query(version === 0 ? BEFORE_THE_FIRST : HAVE_ALL);
  await client.query(step);
  await client.query('INSERT INTO nsps_connector.migrations (version) VALUES ($1)', [version + 1]);
  return version + 1;
}

/** What says which steps were taken. */
const BEFORE_THE_FIRST = `
  CREATE SCHEMA IF NOT EXISTS nsps_connector;
  CREATE TABLE IF NOT EXISTS nsps_connector.migrations (version integer PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT now())`;

/**
 * For whoever works beside the connectors, and must not change the tables under them.
 * @throws StoreError when they are not exactly today's.
 */
export async function requireToday(client: ClientBase, today: number = MIGRATIONS.length): Promise<void> {
  const version = (await versionOf(client)) ?? 0;
  refuseAnyOther(version, today, 'the database holds no tables of the connector');
}

/**
 * Whether the first connector is still to make the tables.
 * @throws StoreError when they are, and the user may not.
 */
export async function isToBeMade(client: ClientBase): Promise<boolean> {
  if ((await versionOf(client)) !== null) return false;
  const { rows } = await client.query("SELECT has_database_privilege(current_database(), 'CREATE') AS allowed");
  if (rows[0].allowed) return true;
  throw new StoreError('the user may not make the tables: GRANT CREATE ON DATABASE', { passing: false });
}

/** @returns null when there are no tables of the connector. */
async function versionOf(client: ClientBase): Promise<number | null> {
  const found = await client.query("SELECT to_regclass('nsps_connector.migrations') IS NOT NULL AS exists");
  if (!found.rows[0].exists) return null;
  const { rows } = await client.query('SELECT coalesce(max(version), 0) AS version FROM nsps_connector.migrations');
  return rows[0].version;
}
