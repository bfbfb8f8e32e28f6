import type { Limits, Subscriber } from '../../src/core/subscriber.ts';
import { type Store, StoreError, type Write } from '../../src/ports/store.ts';
import { endsClaim } from '../../src/store/requests.ts';
import { Engine } from '../../src/store/sqlite/engine.ts';
import { HoldsInMemory } from '../../src/store/sqlite/intents.ts';
import { LIMITS } from './subscribers.ts';

/** The embedded store without its thread: whatever it is asked is done at once, so that a fake clock can drive it. */
export function directStore(limits: Limits = LIMITS): Store {
  const engine = new Engine({ file: ':memory:', limits, role: 'owner' });
  const holds = new HoldsInMemory();
  const hold = (subscriber: Subscriber) => {
    holds.hold(subscriber.imsi);
    return subscriber;
  };
  return {
    claim: async (imsi) => (holds.has(imsi) ? null : hold(engine.read([imsi]).result[0] as Subscriber)),
    claimDue: async (limit) => engine.due(limit, [...holds.imsis]).result.map(hold),
    write: async (write: Write) => {
      const [result] = engine.writes([write]).result;
      for (const { imsi, kind } of write.effects) if (endsClaim(kind)) holds.letGo(imsi);
      if (!result || 'refused' in result) throw new StoreError(result?.refused ?? 'no result', { passing: false });
      return result.taken;
    },
    note: async (deed) => engine.note(deed),
    probe: async () => engine.probe(),
    views: engine.views,
    clean: async (order) => engine.clean(order),
    close: async () => engine.close(),
  };
}
