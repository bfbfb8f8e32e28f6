import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Audit } from '../../src/store/sqlite/audit.ts';
import { migrate } from '../../src/store/sqlite/schema.ts';

test('cleaning the audit looks at its oldest entries only, however many there are', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  let now = 0;
  const audit = new Audit(db, () => now);
  // The third was noted when the clock was wrong.
  for (now of [10, 11, 50, 12, 51]) audit.note({ who: 'nobody', what: 'sign-in refused', subject: null, detail: null });
  const left = () =>
    db
      .prepare('SELECT at FROM audit ORDER BY seq')
      .all()
      .map((row) => row['at']);
  const clean = () => audit.clean({ before: 50, most: 1_000, limit: 2 });
  clean();
  assert.deepEqual(left(), [50, 12, 51]);
  clean();
  assert.deepEqual(left(), [50, 51]);
  now = 0;
  for (let i = 0; i < 2; i++) audit.note({ who: 'nobody', what: 'sign-in refused', subject: null, detail: null });
  clean();
  assert.deepEqual(left(), [50, 51, 0, 0]);
  db.close();
});
