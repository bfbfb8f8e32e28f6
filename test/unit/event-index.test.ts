import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventIndex, findEvent, hashOf } from '../../src/store/sqlite/event-index.ts';
import { migrate } from '../../src/store/sqlite/schema.ts';
import { SeqTable } from '../../src/store/sqlite/seq-table.ts';

/** Of a connector, and of a command beside it. */
type Who = 'connector' | 'command';

/** So few that several generations go to disk, and one is on its way most of the time. */
const GENERATION = 8;

type Step = {
  readonly what: 'add' | 'remove' | 'add and fail' | 'remove and fail' | 'restart';
  readonly number: number;
  readonly who: Who;
};

const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom('add', 'add', 'add', 'add', 'remove', 'add and fail', 'remove and fail', 'restart'),
    number: fc.nat(99),
    who: fc.constantFrom('connector', 'connector', 'connector', 'command'),
  }),
  { maxLength: 120, size: 'max' },
);

/** A journal that is nothing but ids, two who look for events in it, and what they should find. */
class Model {
  readonly #db = new DatabaseSync(':memory:');
  readonly #indexes: Record<Who, EventIndex>;
  readonly #known = new Map<string, number>();
  #added = 0;

  constructor() {
    migrate(this.#db);
    this.#indexes = { connector: this.#begin(), command: this.#begin() };
  }

  #begin(): EventIndex {
    return new EventIndex(this.#db, GENERATION);
  }

  carryOut({ what, number, who }: Step): void {
    if (what === 'restart') {
      this.#indexes[who] = this.#begin();
      return;
    }
    const index = this.#indexes[who];
    const work = what.startsWith('add') ? () => this.#add(index) : () => this.#remove(index, number);
    this.#transaction(index, work, what.endsWith('fail'));
  }

  #transaction(index: EventIndex, work: () => (() => void) | null, fails: boolean): void {
    this.#db.exec('BEGIN');
    index.catchUp();
    const done = work();
    this.#db.exec(fails ? 'ROLLBACK' : 'COMMIT');
    if (fails) index.rolledBack();
    else {
      done?.();
      index.committed();
    }
  }

  #add(index: EventIndex): () => void {
    const id = `event ${this.#added++}`;
    const seq = insert(this.#db, id);
    index.add(id, seq);
    return () => this.#known.set(id, seq);
  }

  #remove(index: EventIndex, number: number): (() => void) | null {
    const [id, seq] = [...this.#known][number % Math.max(1, this.#known.size)] ?? [];
    // The newest stays, as in the journal: its place must not be given again.
    if (id === undefined || seq === undefined || seq === Math.max(...this.#known.values())) return null;
    this.#db.prepare('DELETE FROM journal WHERE seq = ?').run(seq);
    index.remove(id, seq);
    return () => this.#known.delete(id);
  }

  /** What the other does next, it does on what it has read so far. */
  check({ who }: Step): void {
    const index = this.#indexes[who];
    index.catchUp();
    for (let number = 0; number < this.#added; number++) {
      const id = `event ${number}`;
      assert.equal(index.find(id), this.#known.get(id) ?? null, id);
    }
  }
}

function insert(db: DatabaseSync, id: string): number {
  const columns =
    'event_id, received_at, updated_at, type, state, status, request_id, unique_id, decision, attempts, body';
  const sql = `INSERT INTO journal (${columns}) VALUES (?, 0, 0, '', 'processed', 202, '', '', '', '[]', x'')`;
  return Number(db.prepare(sql).run(id).lastInsertRowid);
}

test('an event is found by its id wherever the index has it, after transactions that failed, a start, and the work of another', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const model = new Model();
      for (const step of all) {
        model.carryOut(step);
        model.check(step);
      }
    }),
    { numRuns: 60 },
  );
});

test('an event is found though another one of the same hash was there before it, and is deleted', () => {
  const ids = ['event 1kiy6o0', 'event fho1xq'] as const;
  assert.equal(hashOf(ids[0]), hashOf(ids[1]));
  const db = new DatabaseSync(':memory:');
  migrate(db);
  const index = new EventIndex(db, 2);
  // What comes after a generation brings it to the disk.
  const seqs = [...ids, 'another', 'one more'].map((id) => {
    const seq = insert(db, id);
    index.add(id, seq);
    index.committed();
    return seq;
  });
  assert.deepEqual(
    ids.map((id) => new EventIndex(db).find(id)),
    seqs.slice(0, 2),
  );
  db.prepare('DELETE FROM journal WHERE seq = ?').run(seqs[0] as number);
  index.remove(ids[0], seqs[0] as number);
  index.committed();
  for (const one of [index, new EventIndex(db)])
    assert.deepEqual(
      ids.map((id) => one.find(id)),
      [null, seqs[1]],
    );
  assert.deepEqual(
    ids.map((id) => findEvent(db, id)),
    [null, seqs[1]],
  );
});

test('a table of places keeps several of one hash apart, and forgets what is taken out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ hash: fc.nat(20), seq: fc.integer({ min: 1, max: 400 }), out: fc.boolean() }), {
        maxLength: 3_000,
        size: 'max',
      }),
      (all) => {
        const [table, known] = [new SeqTable(), new Set<string>()];
        for (const { hash, seq, out } of all) {
          const key = `${hash} ${seq}`;
          if (out) assert.equal(table.delete(hash, seq), known.delete(key));
          else if (!known.has(key)) {
            table.add(hash, seq);
            known.add(key);
          }
        }
        assert.equal(table.size, known.size);
        const found = [...table.sortedHashes()].flatMap((hash) => [...table.of(hash)].map((seq) => `${hash} ${seq}`));
        assert.deepEqual(found.toSorted(), [...known].toSorted());
      },
    ),
    { numRuns: 40 },
  );
});
