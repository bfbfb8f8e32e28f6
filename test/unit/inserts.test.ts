import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DONE, failed, type Outcome } from '../../src/core/outcome.ts';
import { react } from '../../src/core/react.ts';
import { type Effect, unknownSubscriber } from '../../src/core/subscriber.ts';
import type { Action, Change } from '../../src/core/types.ts';
import type { Arrival } from '../../src/delivery/arrival.ts';
import { InlineDelivery } from '../../src/delivery/inline.ts';
import type { Target } from '../../src/ports/target.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { strictSite } from '../helpers/strict-core.ts';
import { entryOf, IMSI, LIMITS, wantedAt } from '../helpers/subscribers.ts';
import { attemptsOn, TIMED_OUT } from '../helpers/swaps.ts';

/** A core that says no to an insert of somebody it has, and to an update of somebody it does not have. */
class StrictCore implements Target {
  readonly name = 'strict';
  readonly calls: Action[] = [];
  /** What becomes of the next call: its answer is lost, or it is itself, or another SIM has the number. */
  fault: 'unheard' | 'lost' | 'taken' | null = null;
  there = false;
  /** Whether another SIM has every number that is asked for. */
  taken = false;

  async apply({ action }: Change): Promise<Outcome> {
    this.calls.push(action);
    const { fault } = this;
    this.fault = null;
    if (fault === 'lost') return TIMED_OUT;
    if (fault === 'taken') return failed('refused', 'number in use');
    const outcome = this.#do(action);
    return fault === 'unheard' ? TIMED_OUT : outcome;
  }

  #do(action: Action): Outcome {
    if (action === 'insert' && this.taken) return failed('refused', 'number in use');
    if (action === 'insert' && this.there) return failed('refused', 'already exists');
    if (action !== 'insert' && !this.there) return failed('unknown_subscriber', 'no such subscriber');
    this.there = action !== 'delete';
    return DONE;
  }

  async close() {}
}

function made() {
  const clock = new FakeClock();
  const core = new StrictCore();
  const limits = { deadlineMs: 5_000, capacity: 100, retries: 0 };
  const attempts = attemptsOn(core, clock);
  const delivery = new InlineDelivery({
    store: directStore(),
    attempts,
    clock,
    random: () => 0.5,
    limits,
    done: async () => {},
  });
  /** @returns what NSPS is told. */
  const deliver = async (action: Action, n: number) => {
    const answer = await delivery.deliver(eventAt(n, action), []);
    return answer.kind === 'failed' ? answer.failure.code : answer.kind;
  };
  return { core, deliver };
}

function eventAt(n: number, action: Action): Arrival {
  const { version, change } = wantedAt(n);
  const { state: _, why, status, attempts, ...draft } = entryOf(n, { imsi: IMSI });
  return { decision: { kind: 'provision', action, version, changes: [{ ...change, action }] }, draft };
}

describe('an insert', () => {
  for (const [fault, calls] of [
    ['unheard', ['insert', 'update']],
    ['lost', ['insert', 'update', 'insert']],
  ] as const) {
    test(`whose ${fault === 'lost' ? 'request' : 'answer'} was lost succeeds when NSPS sends it again`, async () => {
      const { core, deliver } = made();
      core.fault = fault;
      assert.deepEqual([await deliver('insert', 1), await deliver('insert', 1)], ['timeout', 'processed']);
      assert.deepEqual(core.calls, calls);
    });
  }

  test('that comes once more after it was confirmed is done, and not refused', async () => {
    const { core, deliver } = made();
    assert.deepEqual([await deliver('insert', 1), await deliver('insert', 1)], ['processed', 'processed']);
    assert.deepEqual(core.calls, ['insert', 'update']);
  });

  test('that is refused leaves what is newer to insert the subscriber, whichever comes first', async () => {
    for (const first of [[], ['unknown_subscriber']]) {
      const { core, deliver } = made();
      const answers: string[] = [];
      if (first.length > 0) answers.push(await deliver('update', 2));
      core.fault = 'taken';
      for (const [action, n] of [
        ['insert', 1],
        ['update', 2],
        ['insert', 1],
      ] as const)
        answers.push(await deliver(action, n));
      assert.deepEqual(answers, [...first, 'refused', 'processed', 'superseded']);
      assert.deepEqual(core.calls.slice(first.length), ['insert', 'update', 'insert']);
    }
  });

  test('in whose place another one is refused leaves the same when NSPS sends that again', async () => {
    const { core, deliver } = made();
    core.fault = 'taken';
    assert.equal(await deliver('insert', 1), 'refused');
    core.taken = true;
    assert.equal(await deliver('update', 2), 'refused');
    core.taken = false;
    assert.equal(await deliver('update', 2), 'processed');
  });

  test('that is refused since the subscriber is there leaves what is newer an update', async () => {
    const { core, deliver } = made();
    core.there = true;
    assert.deepEqual([await deliver('insert', 1), await deliver('update', 2)], ['refused', 'processed']);
    assert.deepEqual(core.calls, ['insert', 'update']);
  });

  test('of somebody who was deleted is an insert', async () => {
    const { core, deliver } = made();
    for (const [n, action] of (['insert', 'delete', 'insert'] as const).entries()) await deliver(action, n);
    assert.deepEqual(core.calls, ['insert', 'delete', 'insert']);
  });
});

test('an update that overtook the insert of its subscriber stays an insert though nobody knows what came of it', () => {
  const insert = { ...wantedAt(1), change: { ...wantedAt(1).change, action: 'insert' } } as const;
  const sent = { imsi: IMSI, wanted: wantedAt(2) };
  const story: Effect[] = [
    { ...sent, kind: 'want', after: [] },
    { kind: 'want', imsi: IMSI, wanted: insert, after: [] },
    { ...sent, kind: 'failed', result: 'unsure', why: 'no answer', retryInMs: 1, counts: true },
  ];
  let subscriber = unknownSubscriber(IMSI);
  for (const effect of story) subscriber = react(subscriber, effect, 1, LIMITS).subscriber;
  assert.deepEqual([subscriber.desired?.eventId, subscriber.desired?.change.action], ['event-2', 'insert']);
});

test('queued: who was not inserted because he is there already is updated by what comes next', async (t) => {
  const { core, deliver, close } = strictSite(t, 'queued');
  core.holds = 'by hand';
  await deliver('insert', 1);
  await deliver('update', 2);
  assert.deepEqual([core.holds, core.calls.slice(0, 2)], ['cs-2', ['insert', 'update']]);
  await close();
});

for (const mode of ['inline', 'queued'] as const) {
  for (const action of ['update', 'set', 'modify'] as const) {
    test(`${mode}: who is to be inserted is so as what ${action} makes of him before the core took the insert`, async (t) => {
      const { core, deliver, settle, close } = strictSite(t, mode);
      core.fates = ['lost'];
      await deliver('insert', 1);
      assert.equal(await deliver(action, 2), mode === 'inline' ? 'processed' : 'queued');
      await settle();
      assert.deepEqual([core.holds, core.calls.slice(0, 3)], ['cs-2', ['insert', 'update', 'insert']]);
      await close();
    });
  }
}
