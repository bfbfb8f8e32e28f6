import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareVersions, type Version } from '../../src/core/version.ts';
import { older } from '../../src/store/sqlite/schema.ts';
import { postgresBench } from '../helpers/postgres.ts';

const stamp = fc.constantFrom('2026-01-15T10:00:00.000001', '2026-01-15T10:00:00.000002', '2026-01-15T10:00:01.000000');
const number = fc.oneof(fc.nat(20).map(String), fc.bigInt({ min: 0n, max: 1n << 130n }).map(String));
const anyVersion: fc.Arbitrary<Version> = fc.record(
  { updatedAt: stamp, eventTime: stamp, iEvent: number, createdAt: stamp },
  { requiredKeys: [] },
);
/** Often the same in the first fields, so that the last ones decide. */
const twoVersions = fc
  .tuple(anyVersion, anyVersion, fc.subarray(['updatedAt', 'eventTime', 'iEvent', 'createdAt'] as const))
  .map(([a, b, same]) => [a, { ...b, ...Object.fromEntries(same.map((field) => [field, a[field]])) }] as const);
const manyPairs = fc.array(twoVersions, { minLength: 100, maxLength: 200 });

test("SQLite's constraints compare versions as the connector does", () => {
  const db = new DatabaseSync(':memory:');
  const compare = db.prepare(`SELECT ${older('a.value', 'b.value')} AS older
    FROM (SELECT ? AS value) AS a, (SELECT ? AS value) AS b`);
  fc.assert(
    fc.property(twoVersions, ([a, b]) => {
      const row = compare.get(JSON.stringify({ version: a }), JSON.stringify({ version: b }));
      assert.equal(row?.['older'] === 1, compareVersions(a, b) < 0);
    }),
    { numRuns: 1000 },
  );
  db.close();
});

test("PostgreSQL's constraints compare versions as the connector does", async () => {
  await using bench = await postgresBench();
  await (await bench.open()).close();
  await fc.assert(
    fc.asyncProperty(manyPairs, async (pairs) => {
      const rows = await bench.query(
        `SELECT nsps_connector.older(pair -> 0, pair -> 1) AS older
         FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS pairs(pair, place) ORDER BY place`,
        [JSON.stringify(pairs)],
      );
      assert.deepEqual(
        rows.map((row) => row['older']),
        pairs.map(([a, b]) => compareVersions(a, b) < 0),
      );
    }),
    { numRuns: 10 },
  );
});
