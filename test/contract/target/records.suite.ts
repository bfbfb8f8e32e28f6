import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FAILURES, type Outcome } from '../../../src/core/outcome.ts';
import { systemClock } from '../../../src/observe/clock.ts';
import type { RecordingTarget, Row, Told } from '../../../src/ports/recording.ts';
import type { Clock } from '../../../src/ports/runtime.ts';
import { recordingSite } from '../../helpers/recording-site.ts';
import { type Begin, callSuite, type Run, type SystemUnderTest } from './calls.suite.ts';

/** A system that records events, and a way to look inside. */
export interface RecordingSystem extends SystemUnderTest {
  /** A target that knows the system by its line. @param callMs how long a call may take, in milliseconds. */
  connect(clock: Clock, callMs: number): RecordingTarget;
  /** First cells of all rows under the header, in their order. */
  ids(): readonly string[];
}

/** Longest that the system may take to come to what it was asked, in milliseconds. */
const SETTLE_MS = 300;
const ENOUGH_MS = 10_000;

/** A target whose place has its header. */
async function prepared(system: RecordingSystem, clock: Clock, callMs: number): Promise<RecordingTarget> {
  const before = system.connect(systemClock, ENOUGH_MS);
  assert.equal((await before.writeHeader()).kind, 'done');
  await before.close();
  const target = system.connect(clock, callMs);
  // What a target gets first, such as a token, it has now.
  assert.equal((await target.readHeader()).kind, 'done');
  return target;
}

/** A target that adds rows; the recorder, which promises that none is doubled, delivers events with it. */
const begin: Begin<RecordingSystem> = async (system, clock, callMs) => {
  const target = await prepared(system, clock, callMs);
  let [calls, site]: [number, ReturnType<typeof recordingSite> | null] = [0, null];
  return {
    call: async () => outcomeOf(await target.append([rowOf(target, `call-${calls++}`)])),
    deliver: async () => {
      site ??= recordingSite(target, SETTLE_MS);
      await site.recorded('event-1');
    },
    contents: async () => system.ids(),
    wanted: ['event-1'],
    close: () => target.close(),
    end: async () => site?.stop(),
  };
};

function rowOf(target: RecordingTarget, eventId: string): Row {
  return target.rowOf({ event_id: eventId, data: { event_type: 'SIM/Updated' } }, eventId);
}

function outcomeOf(told: Told<unknown>): Outcome {
  return told.kind === 'done' ? { kind: 'done' } : told;
}

/** What every target that records events promises; run it on each of them. */
export function recordingTargetSuite<S extends RecordingSystem>(name: string, run: Run<S>): void {
  describe(`target: ${name}`, () => {
    callSuite(run, begin);
    describe('a place for rows', () => placeSuite(run));
    describe('every event has one row, in order', () => recorderSuite(run));
  });
}

/** A system, and a target of it. */
async function opened<S extends RecordingSystem>(run: Run<S>, open = prepared) {
  const system = await run.open();
  const target = await open(system, systemClock, ENOUGH_MS);
  return {
    system,
    target,
    append: (...ids: readonly string[]) => target.append(ids.map((id) => rowOf(target, id))),
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await system[Symbol.asyncDispose]();
    },
  };
}

function placeSuite<S extends RecordingSystem>(run: Run<S>): void {
  test('the header is missing, is written, and may be written again', async () => {
    await using bench = await opened(run, async (system, ...rest) => system.connect(...rest));
    const { target } = bench;
    assert.deepEqual(await target.readHeader(), { kind: 'done', value: { kind: 'empty' } });
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(await target.writeHeader(), { kind: 'done', value: null });
      assert.deepEqual(await target.readHeader(), { kind: 'done', value: { kind: 'right' } });
    }
    assert.deepEqual(bench.system.ids(), []);
  });
  test('rows are added at the end, in their order, and it is told how far they go', async () => {
    await using bench = await opened(run);
    assert.deepEqual(await bench.append('b', 'a'), { kind: 'done', value: 3 });
    assert.deepEqual(await bench.append('c'), { kind: 'done', value: 4 });
    assert.deepEqual(bench.system.ids(), ['b', 'a', 'c']);
  });
  test('ids are read back from any row on, as they were written', async () => {
    await using bench = await opened(run);
    await bench.append('007', '=1+1', 'c');
    const { target } = bench;
    const cells = ['007', '=1+1', 'c'].map((id) => target.idCell(id));
    assert.deepEqual(await target.readIds(2, null), { kind: 'done', value: cells });
    assert.deepEqual(await target.readIds(3, 4), { kind: 'done', value: cells.slice(1) });
    const count = await target.countRows();
    assert.ok(count.kind === 'done' && count.value >= 4);
  });
  for (const misfortune of ['cut', Buffer.from('nonsense\r\n\r\n')] as const) {
    const name = misfortune === 'cut' ? 'cut off' : 'answered with nonsense';
    test(`rows whose adding was ${name} may be there: that is said, and they can be looked for`, async () => {
      await using bench = await opened(run);
      await bench.append('a');
      void bench.system.line.next(misfortune);
      const told = await bench.append('b', 'c');
      assert.equal(told.kind === 'failed' && FAILURES[told.failure.code].kind, 'unsure');
      assert.deepEqual(await bench.target.readIds(2, null), { kind: 'done', value: ['a', 'b', 'c'] });
    });
  }
}

function recorderSuite<S extends RecordingSystem>(run: Run<S>): void {
  const ids = (count: number) => Array.from({ length: count }, (_, index) => `event-${index}`);
  test('many at once', async () => {
    await using bench = await opened(run);
    await using site = recordingSite(bench.target, SETTLE_MS);
    await Promise.all(ids(30).map((id) => site.recorded(id)));
    assert.deepEqual(bench.system.ids(), ids(30));
  });
  test('also when answers are cut off, and events come again meanwhile', async () => {
    await using bench = await opened(run);
    await using site = recordingSite(bench.target, SETTLE_MS);
    for (const half of [ids(5), ids(10)]) {
      const cut = bench.system.line.next('cut');
      await Promise.all(half.map((id) => site.recorded(id)));
      await cut;
    }
    assert.deepEqual(bench.system.ids(), ids(10));
  });
}
