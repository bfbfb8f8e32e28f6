import { test } from 'node:test';
import fc from 'fast-check';
import type { StoreBench } from '../contract/store-bench.ts';
import { postgresBench } from './postgres.ts';
import { sqliteBench } from './sqlite-bench.ts';
import { checkInTheEnd, emptyModel, type Real, storeCommands } from './store-model.ts';
import { LIMITS } from './subscribers.ts';

/** An attempt without a known result is to be repeated at once. */
const AT_ONCE = { ...LIMITS, settleAfterMs: 0 };

function keepsItsPromises(
  name: string,
  numRuns: number,
  makeBench: () => Promise<StoreBench>,
  expire: (bench: never) => Promise<unknown>,
) {
  test(`whatever happens in whatever order, ${name} keeps its promises`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(storeCommands, { maxCommands: 40, size: 'max' }), async (commands) => {
        await using bench = await makeBench();
        const real: Real = {
          store: await bench.open(AT_ONCE),
          crash: async (store) => {
            await store.close();
            await expire(bench as never);
            return bench.open(AT_ONCE);
          },
        };
        const model = emptyModel();
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await checkInTheEnd(model, real);
      }),
      { numRuns },
    );
  });
}

/** Runs so many random stories on each durable store. */
export function durableStoresKeepTheirPromises(numRuns: number): void {
  keepsItsPromises('SQLite', numRuns, sqliteBench, async () => {});
  keepsItsPromises('PostgreSQL', numRuns, postgresBench, (bench: Awaited<ReturnType<typeof postgresBench>>) =>
    bench.query('UPDATE nsps_connector.subscribers SET lease_until = 0 WHERE lease_owner IS NOT NULL'),
  );
}
