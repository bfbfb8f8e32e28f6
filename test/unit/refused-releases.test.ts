import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failed } from '../../src/core/outcome.ts';
import { Reconciler } from '../../src/delivery/reconciler.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import { effects, entryOf, LIMITS, wantedAt } from '../helpers/subscribers.ts';
import { attemptsOn, CALL_MS, confirmed, grantAt, SlowCore } from '../helpers/swaps.ts';

const [OLD, NEW] = ['001010000000001', '001010000000002'] as const;
const ROUNDS = 20;

/** A number that a SIM waits for, of one that is to become nothing itself: its own part of the swap was given up, say. */
async function site(maxAttempts: number) {
  const clock = new FakeClock();
  const core = new SlowCore(clock);
  const store = directStore({ ...LIMITS, maxAttempts });
  const reconciler = new Reconciler({
    store,
    attempts: attemptsOn(core, clock),
    clock,
    random: () => 0.5,
    log: memoryLog(),
    limits: { deadlineMs: 5_000, concurrency: 10, rest: { firstMs: 10, longestMs: 100 } },
    newIds: () => ({ requestId: 'r', uniqueId: 'u' }),
  });
  await confirmed(store, wantedAt(0, { imsi: OLD }));
  await store.write({ ...effects(), entry: entryOf(0, { imsi: OLD, state: 'processed' }) });
  await store.write({ ...grantAt(2, OLD, NEW), entry: entryOf(2, { imsi: NEW, previousImsi: OLD }) });
  reconciler.start();
  /** What is due is told by the store's own clock, which is the real one. */
  const rounds = async () => {
    for (let n = 0; n < ROUNDS; n++) {
      await clock.advance(CALL_MS);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const states = await Promise.all([0, 2].map(async (n) => (await store.views.event(`event-${n}`))?.state));
    return { dead: [(await store.look(OLD)).dead, (await store.look(NEW)).dead], states };
  };
  const close = async () => {
    const stopped = reconciler.stop();
    await clock.advance(10_000);
    await stopped;
    await store.close();
  };
  return { core, store, rounds, close };
}

describe('a release that fails of a SIM which is to become nothing itself makes no dead letter of that SIM', () => {
  for (const [code, why] of [
    ['refused', 'No such profile'],
    ['connect_failed', 'Connection refused'],
  ] as const) {
    test(`${code}: its event is on its way, and done once the number is free`, async () => {
      const { core, store, rounds, close } = await site(0);
      core.answers.set(`${OLD} -`, failed(code, why));
      assert.deepEqual(await rounds(), { dead: [null, null], states: ['processed', 'queued'] });
      assert.equal((await store.look(OLD)).dueAt, null);
      core.answers.clear();
      assert.deepEqual(await rounds(), { dead: [null, null], states: ['processed', 'processed'] });
      await close();
    });

    test(`${code}: it is the event of the SIM that waits which is given up in the end`, async () => {
      const { core, rounds, close } = await site(2);
      core.answers.set(`${OLD} -`, failed(code, why));
      const { dead, states } = await rounds();
      assert.deepEqual(
        { dead, states },
        { dead: [null, `${OLD} still holds the number: ${why} (after 2 attempts)`], states: ['processed', 'dead'] },
      );
      await close();
    });
  }
});
