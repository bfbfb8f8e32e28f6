import type { DatabaseSync } from 'node:sqlite';
import { commonReason } from '../../core/text.ts';
import { StoreError } from '../../ports/store.ts';
import { refuseAnyOther, refuseNewer } from '../schema-version.ts';

/** Whether the version in JSON `a` is older than that in `b`: `compareVersions` (core/version.ts), for the constraints. */
export function older(a: string, b: string): string {
  const [au, ae, ai, ac] = stamps(a);
  const [bu, be, bi, bc] = stamps(b);
  return `(CASE
    WHEN ${au} < ${bu} THEN 1 WHEN ${au} > ${bu} THEN 0
    WHEN ${ae} < ${be} THEN 1 WHEN ${ae} > ${be} THEN 0
    WHEN length(${ai}) < length(${bi}) THEN 1 WHEN length(${ai}) > length(${bi}) THEN 0
    WHEN ${ai} < ${bi} THEN 1 WHEN ${ai} > ${bi} THEN 0
    WHEN ${ac} < ${bc} THEN 1 ELSE 0 END)`;
}

function stamps(json: string): string[] {
  return ['updatedAt', 'eventTime', 'iEvent', 'createdAt'].map((name) => `${json} ->> '$.version.${name}'`);
}

/**
 * Steps from nothing to today's tables; a step that was released is never changed again. An IMSI is kept as a number: 15
 * digits fit, and it is the row's address. States are kept as JSON (`Wanted` in core/subscriber.ts).
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE subscribers (
    imsi INTEGER PRIMARY KEY,
    applied TEXT,
    desired TEXT,
    after TEXT,
    unsettled_until INTEGER,
    due_at INTEGER,
    waiting_since INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    dead TEXT,
    -- The newest event of the subscriber; each leads to the one before.
    last_event INTEGER,
    -- G3: what NSPS was promised is going to be done, or lies where somebody looks.
    CHECK (desired IS NULL OR NOT (desired ->> '$.owed') OR due_at IS NOT NULL OR dead IS NOT NULL),
    -- G4: so is the confirmation of what may have been overwritten.
    CHECK (unsettled_until IS NULL OR due_at IS NOT NULL OR dead IS NOT NULL)
  ) STRICT;
  CREATE INDEX subscribers_due ON subscribers (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX subscribers_dead ON subscribers (imsi) WHERE dead IS NOT NULL;

  -- G2: never backwards.
  CREATE TRIGGER applied_never_goes_back BEFORE UPDATE OF applied ON subscribers
  WHEN old.applied IS NOT NULL AND (new.applied IS NULL OR ${older('new.applied', 'old.applied')})
  BEGIN SELECT RAISE(ABORT, 'the applied state of a subscriber must not go back'); END;

  -- G5: a release that a number waits for is not forgotten before it was done, or something newer was.
  CREATE TRIGGER release_comes_first BEFORE UPDATE OF after ON subscribers
  WHEN old.after IS NOT NULL AND new.after IS NOT old.after
  BEGIN
    SELECT RAISE(ABORT, 'a number was not released yet') FROM json_each(old.after) AS release
    LEFT JOIN subscribers AS holder ON holder.imsi = CAST(release.value ->> '$.change.state.imsi' AS INTEGER)
    WHERE (holder.applied IS NULL OR ${older('holder.applied', 'release.value')}) AND NOT EXISTS (
      SELECT 1 FROM json_each(new.after) AS kept
      WHERE kept.value ->> '$.change.state.imsi' = release.value ->> '$.change.state.imsi'
        AND NOT ${older('kept.value', 'release.value')});
  END;

  -- Written to see whether the disk takes it.
  CREATE TABLE probe (at INTEGER NOT NULL) STRICT;
  INSERT INTO probe VALUES (0);

  CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    type TEXT NOT NULL,
    imsi INTEGER,
    previous_imsi INTEGER,
    state TEXT NOT NULL,
    why TEXT,
    status INTEGER NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 1,
    request_id TEXT NOT NULL,
    unique_id TEXT NOT NULL,
    decision TEXT NOT NULL,
    attempts TEXT NOT NULL,
    -- The events before this one of the two subscribers: no index, since every page that is dirtied costs.
    before INTEGER,
    previous_before INTEGER,
    body BLOB NOT NULL
  ) STRICT;
  -- See event-index.ts; \`indexed\` says up to where the journal is in it.
  CREATE TABLE event_index (hash INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
  CREATE TABLE indexed (seq INTEGER NOT NULL) STRICT;
  INSERT INTO indexed VALUES (0);
  CREATE INDEX journal_unfinished ON journal (state) WHERE state IN ('queued', 'failed', 'rejected', 'dead');
  `,
  `
  -- What he is called now (names.ts), in JSON: msisdn, account, iccid.
  ALTER TABLE subscribers ADD COLUMN names TEXT;
  -- And whatever anybody is or was called.
  CREATE TABLE identifiers (
    value TEXT NOT NULL,
    kind TEXT NOT NULL,
    imsi INTEGER NOT NULL,
    PRIMARY KEY (value, kind, imsi)
  ) STRICT, WITHOUT ROWID;
  -- Until the next event of each tells the rest: his number, when he has one.
  UPDATE subscribers SET names = json_array(coalesce(desired, applied) ->> '$.change.state.msisdn', NULL, NULL)
  WHERE coalesce(desired, applied) ->> '$.change.state.msisdn' IS NOT NULL;
  INSERT INTO identifiers SELECT names ->> '$[0]', 'msisdn', imsi FROM subscribers WHERE names IS NOT NULL;

  -- What operators did. A number is never used again, though all of them are deleted in time.
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT,
    detail TEXT
  ) STRICT;
  `,
  // What the recorder of a recording target keeps in mind (delivery/recording/note.ts).
  `
  CREATE TABLE recorder (note TEXT) STRICT;
  INSERT INTO recorder VALUES (NULL);
  `,
  // What operators are told of everybody who waits or is dead comes from indexes alone: his row is half a kilobyte elsewhere.
  `
  -- What his reason has in common with others (\`commonReason\`); null unless he is dead.
  ALTER TABLE subscribers ADD COLUMN dead_group TEXT;
  UPDATE subscribers SET dead_group = common_reason(dead) WHERE dead IS NOT NULL;
  CREATE INDEX subscribers_dead_group ON subscribers (dead_group, imsi, waiting_since) WHERE dead_group IS NOT NULL;
  DROP INDEX subscribers_due;
  CREATE INDEX subscribers_due ON subscribers (due_at, waiting_since) WHERE due_at IS NOT NULL;
  `,
  // The same events, said in other words: for a list of states SQLite makes a table of its own with every row that is written.
  `
  DROP INDEX journal_unfinished;
  CREATE INDEX journal_unfinished ON journal (state)
    WHERE state = 'queued' OR state = 'failed' OR state = 'rejected' OR state = 'dead';
  -- G2 as before; what is newer by its first stamp, as nearly everything is, need not be looked at any further.
  DROP TRIGGER applied_never_goes_back;
  CREATE TRIGGER applied_never_goes_back BEFORE UPDATE OF applied ON subscribers
  WHEN old.applied IS NOT NULL AND (new.applied IS NULL OR (
    (new.applied ->> '$.version.updatedAt' > old.applied ->> '$.version.updatedAt') IS NOT TRUE
    AND ${older('new.applied', 'old.applied')}))
  BEGIN SELECT RAISE(ABORT, 'the applied state of a subscriber must not go back'); END;
  `,
];

/**
 * Brings the tables up to date, one step a transaction, while nobody else can.
 * @returns whether there were none.
 * @throws StoreError when the file was made by a newer program.
 */
export function migrate(db: DatabaseSync, migrations = MIGRATIONS): boolean {
  const found = versionOf(db);
  refuseNewer(found, migrations.length);
  db.function('common_reason', { deterministic: true }, (reason) => commonReason(String(reason)));
  while (versionOf(db) < migrations.length) {
    db.exec('BEGIN IMMEDIATE');
    try {
      const next = versionOf(db);
      const step = migrations[next];
      // Somebody else may have taken the step while this one waited for the lock.
      if (step !== undefined) db.exec(`${step}; PRAGMA user_version = ${next + 1}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  return found === 0;
}

/**
 * For whoever works beside a connector, and must not change the tables under it.
 * @throws StoreError when they are not exactly today's.
 */
export function requireToday(db: DatabaseSync, today = MIGRATIONS.length): void {
  refuseAnyOther(versionOf(db), today, 'the file holds no database of the connector');
}

/**
 * For the connector, before it changes anything.
 * @throws StoreError when the file holds tables, and none of ours.
 */
export function refuseOthers(db: DatabaseSync): void {
  const names = db
    .prepare('SELECT name FROM sqlite_schema')
    .all()
    .map(({ name }) => name);
  if (names.length === 0 || names.includes('subscribers')) return;
  throw new StoreError('the file is a database of another program: name another file', { passing: false });
}

function versionOf(db: DatabaseSync): number {
  return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}
