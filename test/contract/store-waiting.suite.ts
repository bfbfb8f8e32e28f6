import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settled } from '../helpers/fake-clock.ts';
import { until } from '../helpers/polling.ts';
import { acceptanceOf, effects, IMSI, LIMITS, wantedAt } from '../helpers/subscribers.ts';
import type { SharedBench } from './store-bench.ts';

/** Writes that wait for somebody else's. */
export function waitingContract(name: string, makeBench: () => Promise<SharedBench>): void {
  describe(`store contract, writes that wait: ${name}`, () => {
    test('a confirmation is as old as its call when it is written at last (G4)', async () => {
      await using bench = await makeBench();
      const store = await bench.open({ ...LIMITS, settleAfterMs: 1_500 });
      const wanted = wantedAt(1, { owed: false });
      const unsure = { result: 'unsure', why: 'no answer', retryInMs: null, counts: true } as const;
      await store.write(effects({ kind: 'failed', imsi: IMSI, wanted, ...unsure }));
      const { unsettledUntil } = await store.look(IMSI);
      assert.ok(unsettledUntil);
      const goOn = await bench.holdUp();
      assert.ok(Date.now() < unsettledUntil, 'the call ends before the core has had its time');
      // Others wait before it.
      const ahead: Promise<unknown>[] = [];
      for (const imsi of ['001010000000001', '001010000000002', '001010000000003']) {
        ahead.push(store.write(acceptanceOf(1, { imsi })));
        await settled();
      }
      const written = store.write(effects({ kind: 'applied', imsi: IMSI, wanted, ageMs: 1, released: [] }));
      await until('the core has had its time', () => Date.now() > unsettledUntil);
      await goOn();
      await Promise.all([written, ...ahead]);
      const known = await store.look(IMSI);
      assert.deepEqual([known.applied?.eventId, known.unsettledUntil], ['event-1', unsettledUntil]);
    });
  });
}
