import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { newest } from '../../src/core/subscriber.ts';
import { Engine } from '../../src/store/sqlite/engine.ts';
import { migrate } from '../../src/store/sqlite/schema.ts';
import { SubscriberRows } from '../../src/store/sqlite/subscriber-rows.ts';
import { acceptanceOf, asked, effects, entryOf, IMSI, LIMITS, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';
import { releaseAt } from '../helpers/swaps.ts';

/** Fewer than there are subscribers: some are read again, most are not. */
const REMEMBERED = 3;
const SUBSCRIBERS = Array.from({ length: 6 }, (_, n) => String(250_011_234_567_890 + n));

interface Step {
  readonly imsi: string;
  readonly what: 'change' | 'note' | 'change and fail' | 'others change';
}

const steps = fc.array(
  fc.record<Step>({
    imsi: fc.constantFrom(...SUBSCRIBERS),
    what: fc.constantFrom('change', 'change', 'note', 'change and fail', 'others change'),
  }),
  { maxLength: 60, size: 'max' },
);

/** Rows, and what the table should hold of them. */
class Model {
  readonly #db = new DatabaseSync(':memory:');
  readonly #rows: SubscriberRows;
  readonly #held = new Map<string, { wanted: number | null; lastEvent: number | null }>();
  #step = 0;

  constructor() {
    migrate(this.#db);
    this.#rows = new SubscriberRows(this.#db, REMEMBERED);
  }

  carryOut({ imsi, what }: Step): void {
    const n = ++this.#step;
    const held = this.#held.get(imsi) ?? { wanted: null, lastEvent: null };
    if (what === 'others change') {
      this.#change(new SubscriberRows(this.#db), imsi, n);
      this.#rows.forget();
      this.#held.set(imsi, { ...held, wanted: n });
    } else if (what === 'note') {
      this.#rows.open(imsi, this.#rows.nextWrite()).note(n, null);
      this.#rows.flush();
      this.#held.set(imsi, { ...held, lastEvent: n });
    } else if (what === 'change') {
      this.#change(this.#rows, imsi, n);
      this.#held.set(imsi, { ...held, wanted: n });
    } else {
      this.#db.exec('BEGIN');
      this.#change(this.#rows, imsi, n);
      this.#db.exec('ROLLBACK');
      this.#rows.forget();
    }
  }

  #change(rows: SubscriberRows, imsi: string, n: number): void {
    const row = rows.open(imsi, rows.nextWrite());
    row.subscriber = { ...row.subscriber, desired: wantedAt(n, { imsi }), dueAt: n };
    rows.flush();
  }

  check(): void {
    for (const imsi of SUBSCRIBERS) {
      const { wanted, lastEvent } = this.#held.get(imsi) ?? { wanted: null, lastEvent: null };
      assert.equal(this.#rows.read(imsi).desired?.eventId ?? null, wanted && `event-${wanted}`);
      const stored = this.#db.prepare('SELECT desired, last_event FROM subscribers WHERE imsi = ?').get(Number(imsi));
      assert.equal(stored?.['last_event'] ?? null, lastEvent);
      assert.equal(this.#rows.open(imsi, this.#rows.nextWrite()).lastEvent, lastEvent);
      const { desired } = (stored ?? { desired: null }) as { desired: string | null };
      assert.equal(desired && (JSON.parse(desired) as { eventId: string }).eventId, wanted && `event-${wanted}`);
    }
    this.#rows.flush();
  }
}

test('what is remembered of subscribers is what the table holds, after failures and changes by others, too', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const model = new Model();
      for (const step of list) {
        model.carryOut(step);
        model.check();
      }
    }),
    { numRuns: 100 },
  );
});

test('what a command beside the connector wrote is known to the next write of the connector', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nsps-rows-'));
  const file = join(folder, 'connector.db');
  const owner = new Engine({ file, limits: LIMITS, role: 'owner' });
  const guest = new Engine({ file, limits: LIMITS, role: 'guest' });
  t.after(() => {
    guest.close();
    owner.close();
    rmSync(folder, { recursive: true });
  });
  assert.deepEqual(owner.writes(asked(acceptanceOf(1))).result, [{ taken: [true] }]);
  assert.deepEqual(guest.writes(asked(acceptanceOf(3))).result, [{ taken: [true] }]);
  assert.deepEqual(
    owner.writes(asked(acceptanceOf(2))),
    { result: [{ taken: [false] }], foreign: true, mark: 1 },
    'it is older',
  );
  assert.equal(owner.writes(asked(effects())).foreign, false, 'said once');
});

test('a write that is refused leaves nothing behind in what is remembered', (t) => {
  const engine = new Engine({ file: ':memory:', limits: LIMITS, role: 'owner' });
  t.after(() => engine.close());
  engine.writes(asked(acceptanceOf(1)));
  const refused = { ...acceptanceOf(9), entry: { ...acceptanceOf(9).entry, type: null } } as never;
  const [first, second] = engine.writes(asked(refused, acceptanceOf(2))).result;
  assert.ok(first && 'refused' in first);
  assert.deepEqual(second, { taken: [true] }, 'the newer one was taken back');
  assert.equal(engine.read([IMSI]).result[0]?.desired?.eventId, 'event-2');
});

test('a transaction that a failing disk does not let be taken back leaves nothing behind either', (t) => {
  const engine = new Engine({ file: ':memory:', limits: LIMITS, role: 'owner' });
  t.after(() => engine.close());
  engine.writes(asked(acceptanceOf(1)));
  const { exec } = DatabaseSync.prototype;
  const failing = t.mock.method(DatabaseSync.prototype, 'exec', function failing(this: DatabaseSync, sql: string) {
    if (sql === 'COMMIT' || sql === 'ROLLBACK') throw new Error('the disk fails');
    exec.call(this, sql);
  });
  assert.throws(() => engine.writes(asked(acceptanceOf(2))), /the disk fails/);
  assert.throws(() => engine.read([IMSI]), /the disk fails/, 'what it would find is not so');
  failing.mock.restore();
  assert.equal(engine.read([IMSI]).result[0]?.desired?.eventId, 'event-1');
  assert.deepEqual(engine.writes(asked(acceptanceOf(2))).result, [{ taken: [true] }]);
});

test('writes that were done before the disk filled up, though all are told that they failed, are done again without harm', (t) => {
  const engine = new Engine({ file: ':memory:', limits: LIMITS, role: 'owner' });
  t.after(() => engine.close());
  const refused = { ...acceptanceOf(9), entry: { ...acceptanceOf(9).entry, type: null } } as never;
  const other = wantedAt(3, { imsi: OTHER_IMSI });
  const confirmed = effects({ kind: 'applied', imsi: OTHER_IMSI, wanted: other, ageMs: 1, released: [] });
  const all = [confirmed, acceptanceOf(1), refused, acceptanceOf(2)];
  const { exec } = DatabaseSync.prototype;
  let commits = 0;
  const filling = t.mock.method(DatabaseSync.prototype, 'exec', function filling(this: DatabaseSync, sql: string) {
    if (sql === 'COMMIT' && ++commits > 2) throw new Error('the disk is full');
    exec.call(this, sql);
  });
  assert.throws(() => engine.writes(asked(...all)), /the disk is full/);
  filling.mock.restore();
  const state = () => engine.read([IMSI, OTHER_IMSI]).result;
  assert.deepEqual(
    state().map((known) => newest(known)?.eventId),
    ['event-1', 'event-3'],
    'one by one, since one of them was refused',
  );
  const again = engine.writes(asked(...all)).result;
  assert.deepEqual([again[0], again[1], again[3]], [{ taken: [true] }, { taken: [true] }, { taken: [true] }]);
  assert.deepEqual(
    state().map((known) => newest(known)?.eventId),
    ['event-2', 'event-3'],
  );
});

test('the rules of the database are about each write of a transaction, not about what two of them come to', (t) => {
  const engine = new Engine({ file: ':memory:', limits: LIMITS, role: 'owner' });
  t.after(() => engine.close());
  const release = releaseAt(2, OTHER_IMSI);
  const grant = wantedAt(2);
  const [announced, given] = engine.writes(
    asked(
      effects({ kind: 'expect', imsi: IMSI, after: [release], wanted: null }),
      effects({ kind: 'applied', imsi: IMSI, wanted: grant, ageMs: 0, released: [release] }),
    ),
  ).result;
  assert.deepEqual(announced, { taken: [true] });
  // The other SIM never gave the number back (G5).
  assert.deepEqual(given, { refused: 'a number was not released yet' });
  assert.equal(engine.read([IMSI]).result[0]?.applied, null);
});

test('what an event calls a subscriber is kept, also when another write of the transaction was the first to know him', async (t) => {
  const engine = new Engine({ file: ':memory:', limits: LIMITS, role: 'owner' });
  t.after(() => engine.close());
  const named = (msisdn: string) => entryOf(1, { state: 'processed', names: { msisdn, account: null, iccid: null } });
  // Sent again with the same turn, and enriched again meanwhile.
  engine.writes(asked({ ...acceptanceOf(1), entry: named('711') }, { ...effects(), entry: named('722') }));
  assert.equal((await engine.views.names(IMSI))?.msisdn, '722');
});
