import type { Limits } from '../../src/core/subscriber.ts';
import { type Store, StoreError, type Write } from '../../src/ports/store.ts';
import { Engine } from '../../src/store/sqlite/engine.ts';
import { LIMITS } from './subscribers.ts';

/** The embedded store without its thread: whatever it is asked is done at once, so that a fake clock can drive it. */
export function directStore(limits: Limits = LIMITS): Store {
  const engine = new Engine({ file: ':memory:', limits, role: 'owner' });
  return {
    claim: async (imsi, wanted) => engine.claims([{ imsi, wanted }])[0] ?? null,
    claimDue: async (limit) => engine.claimDue(limit),
    write: async (write: Write) => {
      const [result] = engine.writes([write]);
      if (!result || 'refused' in result) throw new StoreError(result?.refused ?? 'no result', { passing: false });
      return result.taken;
    },
    probe: async () => engine.probe(),
    views: engine.views,
    clean: async (before, limit) => engine.clean(before, limit),
    close: async () => engine.close(),
  };
}
