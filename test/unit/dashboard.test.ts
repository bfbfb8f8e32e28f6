import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dashboard } from '../../src/http/admin/dashboard.ts';
import type { AdminParts } from '../../src/http/admin/parts.ts';
import { Series } from '../../src/observe/series.ts';
import { type Backlog, StoreError } from '../../src/ports/store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const BACKLOG: Backlog = { waiting: 3, oldest: 1_800_000_000_000 - 5_000, dead: 1 };

/** A dashboard over a store of which nothing but the backlog is asked. */
function dashboard(backlog: () => Promise<Backlog>) {
  const clock = new FakeClock();
  const parts = {
    backlog,
    about: { service: 'x', version: '1', target: 'wtl', delivery: 'inline', store: 'sqlite', rateLimit: 5 },
    load: () => ({ circuit: 'open', retryInMs: 12.3, fault: 'mend it', inFlight: 1, waiting: 2, inside: 3 }),
    charts: new Series(clock),
    storeFault: () => null,
    simulated: null,
    clock,
  } as unknown as AdminParts;
  return { clock, board: new Dashboard(parts) };
}

test('the store is counted once for all who look within a second', async () => {
  let asked = 0;
  const { clock, board } = dashboard(async () => {
    asked++;
    return BACKLOG;
  });
  const [first] = await Promise.all([board.overview(), board.overview(), board.overview()]);
  assert.equal(asked, 1);
  assert.deepEqual(first?.backlog, { waiting: 3, oldestMs: 5_000, dead: 1 });
  assert.deepEqual(first?.circuit, { state: 'open', retryInMs: 13, fault: 'mend it' });
  assert.deepEqual(first?.rate, { perSecond: 0, limit: 5 });
  await clock.advance(1_000);
  await board.overview();
  assert.equal(asked, 2);
});

test('a count that takes long is made less often', async () => {
  let asked = 0;
  const { clock, board } = dashboard(async () => {
    asked++;
    await new Promise<void>((resolve) => clock.after(500, resolve));
    return BACKLOG;
  });
  const first = board.overview();
  await clock.advance(500);
  await first;
  await clock.advance(9_000);
  await board.overview();
  assert.equal(asked, 1);
  await clock.advance(1_000);
  const second = board.overview();
  await clock.advance(500);
  await second;
  assert.equal(asked, 2);
});

test('a store that fails is told, with what was counted last', async () => {
  let fault: Error | null = null;
  const { clock, board } = dashboard(async () => {
    if (fault) throw fault;
    return BACKLOG;
  });
  await board.overview();
  fault = new StoreError('the disk is full');
  await clock.advance(1_000);
  const { store, backlog } = await board.overview();
  assert.deepEqual([store.fault, backlog.dead], ['the disk is full', 1]);
  fault = null;
  await clock.advance(1_000);
  assert.equal((await board.overview()).store.fault, null);
});
