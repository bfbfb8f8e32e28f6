import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from '../../../src/core/outcome.ts';
import type { Clock } from '../../../src/ports/runtime.ts';
import { until } from '../../helpers/polling.ts';
import { assertFault, EXPECTED, SPOKEN_FAULTS, type Spoken, type SpokenFault, WAIT_S } from './faults.ts';
import type { Line } from './line.ts';
import { WatchedClock } from './watched-clock.ts';

/** An external system that is up and empty. Disposing of it ends the line, too. */
export interface SystemUnderTest extends AsyncDisposable {
  /** The one way to it that the target knows. */
  readonly line: Line;
}

/** How one implementation is put to the test. */
export interface Run<S extends SystemUnderTest> {
  open(): Promise<S>;
  /** All faults that a system can have in its own words, or why this one cannot. */
  readonly faults: { readonly [Fault in SpokenFault]: Spoken<S> };
}

/** A target in use, as far as all targets are alike. */
export interface Caller {
  /** One attempt to change something. */
  call(): Promise<Outcome>;
  /** Has the same change made as often as the connector and NSPS may, until it is confirmed. */
  deliver(): Promise<void>;
  /** What the system holds of it. */
  contents(): Promise<unknown>;
  /** What it has to hold once it is delivered. */
  readonly wanted: unknown;
  close(): Promise<void>;
  /** Ends what `deliver` began. */
  end(): Promise<void>;
}

/** @param callMs how long a call may take, in milliseconds. */
export type Begin<S> = (system: S, clock: Clock, callMs: number) => Promise<Caller>;

/** A call's time where it must end in time, where it has enough of it, and where only a fault of ours would use it up. */
const SHORT_MS = 1_000;
const ENOUGH_MS = 10_000;
const NEVER_MS = 600_000;

const STOPPING = /the connector is stopping/;

/** What every target promises, whether it holds states or records events. */
export function callSuite<S extends SystemUnderTest>(run: Run<S>, begin: Begin<S>): void {
  const start = (callMs = ENOUGH_MS) => Bench.start(run, begin, callMs);
  describe('what failed comes back as a value, in words', () => {
    test(EXPECTED.refused.what, async () => {
      await using bench = await start();
      await bench.system.line.refuse();
      assertFault(await bench.caller.call(), 'refused', /^Connection refused/);
    });
    test(EXPECTED.cut.what, async () => {
      await using bench = await start();
      void bench.system.line.next('cut');
      assertFault(await bench.caller.call(), 'cut', /^Connection reset/);
      assert.deepEqual(await bench.caller.call(), { kind: 'done' }, 'the next call finds its way');
    });
    for (const fault of SPOKEN_FAULTS) spokenTest(fault, run.faults[fault], start);
  });
  describe('the deadline is kept', () => {
    test(EXPECTED.silence.what, async () => {
      await using bench = await start(SHORT_MS);
      void bench.system.line.next('silence');
      assertFault(await bench.caller.call(), 'silence', /timeout/);
    });
    test(EXPECTED.deaf.what, async () => {
      await using bench = await start(SHORT_MS);
      await bench.system.line.deafen();
      assertFault(await bench.caller.call(), 'deaf', /timeout/);
    });
  });
  describe('the same again changes nothing', () => {
    test('after it was confirmed', async () => {
      await using bench = await start();
      for (let time = 0; time < 3; time++) await bench.delivered();
    });
    test('after an attempt that was cut', async () => {
      await using bench = await start();
      const cut = bench.system.line.next('cut');
      await bench.delivered();
      await cut;
    });
    const { error } = run.faults;
    if ('make' in error) {
      test('after an attempt that failed half way', async () => {
        await using bench = await start();
        error.make(bench.system);
        await bench.delivered();
      });
    }
  });
  describe('closing', () => {
    test('ends a call that waits for its answer', async () => {
      await using bench = await start(NEVER_MS);
      const waiting = bench.system.line.next('silence');
      const call = bench.caller.call();
      await waiting;
      await Promise.all([bench.caller.close(), bench.caller.close()]);
      assertFault(await call, 'cut', STOPPING);
      await bench.nothingLeft();
    });
    test('ends a call that is connecting', async () => {
      await using bench = await start(NEVER_MS);
      await bench.system.line.deafen();
      const call = bench.caller.call();
      await until('it connects', () => process.getActiveResourcesInfo().includes('ConnectWrap'));
      await bench.caller.close();
      assertFault(await call, 'deaf', STOPPING);
      await bench.nothingLeft();
    });
    test('leaves nothing behind, may be done twice, and later calls fail', async () => {
      await using bench = await start(NEVER_MS);
      assert.deepEqual(await bench.caller.call(), { kind: 'done' });
      for (let time = 0; time < 2; time++) await bench.caller.close();
      const before = await bench.caller.contents();
      assertFault(await bench.caller.call(), 'refused', STOPPING);
      assert.deepEqual(await bench.caller.contents(), before);
      await bench.nothingLeft();
    });
  });
}

function spokenTest<S extends SystemUnderTest>(
  fault: SpokenFault,
  spoken: Spoken<S>,
  start: () => Promise<Bench<S>>,
): void {
  const { what } = EXPECTED[fault];
  if ('cannot' in spoken) {
    test(`cannot be here: ${what}`, (context) => {
      context.diagnostic(spoken.cannot);
      assert.match(spoken.cannot, /\w+ \w+/, 'a reason is given');
    });
    return;
  }
  test(what, async () => {
    await using bench = await start();
    const mend = 'hold' in spoken ? spoken.hold(bench.system) : spoken.make(bench.system);
    const failure = assertFault(await bench.caller.call(), fault, spoken.words);
    if (fault === 'wait') assert.equal(failure.retryAfterMs, WAIT_S * 1000);
    mend?.();
    assert.deepEqual(await bench.caller.call(), { kind: 'done' }, 'the next call finds its way');
  });
}

/** A system, a target in use, and what that takes of this process. */
class Bench<S extends SystemUnderTest> implements AsyncDisposable {
  readonly system: S;
  readonly caller: Caller;
  readonly #clock: WatchedClock;
  readonly #socketsBefore: number;

  private constructor(system: S, caller: Caller, clock: WatchedClock, socketsBefore: number) {
    this.system = system;
    this.caller = caller;
    this.#clock = clock;
    this.#socketsBefore = socketsBefore;
  }

  static async start<S extends SystemUnderTest>(run: Run<S>, begin: Begin<S>, callMs: number): Promise<Bench<S>> {
    const system = await run.open();
    const [clock, sockets] = [new WatchedClock(), openSockets()];
    return new Bench(system, await begin(system, clock, callMs), clock, sockets);
  }

  async delivered(): Promise<void> {
    await this.caller.deliver();
    assert.deepEqual(await this.caller.contents(), this.caller.wanted);
  }

  /** Neither the system nor this process has anything of the target any more: it could end. */
  async nothingLeft(): Promise<void> {
    const { line } = this.system;
    await until('the system sees its connections closed', () => line.connections === 0);
    await until('no socket is left', () => openSockets() <= this.#socketsBefore + line.fillers);
    assert.equal(this.#clock.pending, 0, 'no timer is left');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.caller.end();
    await this.caller.close();
    await this.system[Symbol.asyncDispose]();
  }
}

/** Those that would keep this process from ending. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
