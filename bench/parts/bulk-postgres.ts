import pg from 'pg';
import { PostgresStore } from '../../src/store/postgres/index.ts';
import type { Bulk } from './bulk.ts';
import { type EventValues, type JournalRows, NAMES_IN_SQL, type SubscriberValues } from './journal-rows.ts';

const SCHEMA = 'nsps_connector';
const TABLES = ['journal', 'subscribers', 'names', 'identifiers'];
/** Sent with one statement. */
const TOGETHER = 5_000;

const EVENT_RECORD = `seq bigint, event_id text, received_at bigint, type text, imsi bigint, previous_imsi bigint, state text,
  why text, status integer, request_id text, unique_id text, decision text, attempts text, body text`;
const SUBSCRIBER_RECORD = 'imsi bigint, applied text, desired text, due_at bigint, waiting_since bigint, dead text';

/** @param url of an empty database. */
export async function bulkPostgres(url: string, rows: JournalRows): Promise<Bulk> {
  await (
    await PostgresStore.open({
      url,
      limits: { settleAfterMs: 60_000, maxAttempts: 0, maxAgeMs: 0, longestRestMs: 3_600_000 },
    })
  ).close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const indexes = await withoutIndexes(client);
  return {
    async begin(events: readonly EventValues[], subscribers: readonly SubscriberValues[]) {
      await keepFirst(client, 'first_events', EVENT_RECORD, events);
      await keepFirst(client, 'first_subscribers', SUBSCRIBER_RECORD, subscribers);
    },
    addBlock: async (k) => void (await client.query(addBlock(rows, k))),
    finish: () => finish(client, indexes),
    close: () => client.end(),
  };
}

/** Rows in the order of the record's columns, into a table of this connection. */
async function keepFirst(client: pg.Client, table: string, record: string, rows: readonly (readonly unknown[])[]) {
  const names = record.split(',').map((column) => column.trim().split(' ')[0] as string);
  await client.query(`CREATE TEMP TABLE ${table} (${record})`);
  for (let from = 0; from < rows.length; from += TOGETHER) {
    const some = rows.slice(from, from + TOGETHER);
    const records = some.map((values) => Object.fromEntries(names.map((name, index) => [name, values[index]])));
    await client.query(`INSERT INTO ${table} SELECT * FROM json_to_recordset($1::json) AS u(${record})`, [
      JSON.stringify(records),
    ]);
  }
}

function addBlock(rows: JournalRows, k: number): string {
  const { seq, event_id, received_at, imsi, previous_imsi, state } = rows.repeated(k);
  return `
    INSERT INTO ${SCHEMA}.journal (seq, event_id, received_at, updated_at, type, imsi, previous_imsi, state, why, status,
      request_id, unique_id, decision, attempts, body)
    SELECT ${seq}, ${event_id}, ${received_at}, ${received_at}, type, ${imsi}, ${previous_imsi}, ${state}, why, status,
      request_id, unique_id, decision, attempts, convert_to(body, 'UTF8') FROM first_events ORDER BY seq;
    INSERT INTO ${SCHEMA}.subscribers (imsi, known, applied, desired, due_at, waiting_since, dead)
    SELECT imsi + ${k * rows.blockSubscribers}, true, applied::jsonb, desired::jsonb, due_at, waiting_since, dead
    FROM first_subscribers ORDER BY imsi`;
}

/**
 * Takes the indexes away, and what is for a power failure: that is written twice, and nobody reads it.
 * @returns the statements that make the indexes again.
 */
async function withoutIndexes(client: pg.Client): Promise<string[]> {
  for (const table of TABLES) await client.query(`ALTER TABLE ${SCHEMA}.${table} SET UNLOGGED`);
  const keys = await client.query<{ drop: string; make: string }>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS make
     FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid = ANY($1::regclass[])`,
    [TABLES.map((table) => `${SCHEMA}.${table}`)],
  );
  for (const { drop } of keys.rows) await client.query(drop);
  const rest = await client.query<{ name: string; make: string }>(
    'SELECT indexname AS name, indexdef AS make FROM pg_indexes WHERE schemaname = $1 AND tablename = ANY($2)',
    [SCHEMA, TABLES],
  );
  for (const { name } of rest.rows) await client.query(`DROP INDEX ${SCHEMA}.${name}`);
  return [...keys.rows, ...rest.rows].map(({ make }) => make);
}

async function finish(client: pg.Client, indexes: readonly string[]): Promise<void> {
  const { msisdn, account, iccid } = NAMES_IN_SQL;
  await client.query(`INSERT INTO ${SCHEMA}.names SELECT imsi, json_build_array(${msisdn}, ${account}, ${iccid})::text
    FROM ${SCHEMA}.subscribers`);
  for (const [kind, value] of Object.entries(NAMES_IN_SQL)) {
    await client.query(`INSERT INTO ${SCHEMA}.identifiers SELECT ${value}, '${kind}', imsi FROM ${SCHEMA}.subscribers`);
  }
  await client.query("SET maintenance_work_mem = '512MB'");
  for (const make of indexes) await client.query(make);
  // What autovacuum does in the background with a journal that grew slowly.
  for (const table of TABLES) await client.query(`VACUUM (ANALYZE) ${SCHEMA}.${table}`);
  await client.query(`SELECT setval('${SCHEMA}.journal_seq', (SELECT max(seq) FROM ${SCHEMA}.journal))`);
}
