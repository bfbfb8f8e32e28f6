import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { there } from '../contract/store-bench.ts';
import { sqliteBench } from '../helpers/sqlite-bench.ts';
import { effects, IMSI, OTHER_IMSI, versionAt, wantedAt } from '../helpers/subscribers.ts';

test('what came of a call and could not be written is of unknown result when it is refused later', async (t) => {
  await using bench = await sqliteBench();
  const store = await bench.open();
  t.after(() => store.close());
  const release = { version: versionAt(2), change: wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }).change };
  await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release], wanted: null }));
  const wanted = wantedAt(3, { owed: false });
  const { claim } = there(await store.claim(IMSI, wanted, 1));
  const result = effects({ kind: 'applied', imsi: IMSI, wanted, ageMs: 1, released: [release], claim });

  using other = new DatabaseSync(bench.file);
  other.exec('ALTER TABLE subscribers RENAME TO elsewhere');
  await assert.rejects(store.write(result), /no such table/);
  assert.equal(await store.claim(IMSI, null, 1), null, 'he is held until it can be written');

  other.exec('ALTER TABLE elsewhere RENAME TO subscribers');
  await store.probe();
  const found = there(await store.claim(IMSI, null, 1));
  assert.deepEqual([found.applied, found.desired, found.after], [null, wanted, [release]]);
  assert.ok(found.unsettledUntil && found.dueAt);
});

test('whoever can be written nothing of stays held, and the store is well for everybody else', async (t) => {
  await using bench = await sqliteBench();
  const store = await bench.open();
  t.after(() => store.close());
  const wanted = wantedAt(3, { owed: false });
  const { claim } = there(await store.claim(IMSI, wanted, 1));
  const result = effects({ kind: 'applied', imsi: IMSI, wanted, ageMs: 1, released: [], claim });
  using other = new DatabaseSync(bench.file);
  other.exec(`CREATE TRIGGER refuses BEFORE INSERT ON subscribers WHEN new.imsi = ${IMSI}
    BEGIN SELECT RAISE(ABORT, 'not him'); END`);
  await assert.rejects(store.write(result), /not him/);

  await store.probe();
  assert.equal(await store.claim(IMSI, null, 1), null, 'he is held');
  there(await store.claim(OTHER_IMSI, null, 1));

  other.exec('DROP TRIGGER refuses');
  await store.probe();
  assert.deepEqual(there(await store.claim(IMSI, null, 1)).applied, wanted);
});
