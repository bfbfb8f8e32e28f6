import type { Effect, Limits, Subscriber } from '../../src/core/subscriber.ts';
import type { Standing } from '../../src/ports/outbox.ts';
import { type Held, type Store, StoreError, type Write } from '../../src/ports/store.ts';
import { claimEndedBy } from '../../src/store/requests.ts';
import type { Clocks } from '../../src/store/sqlite/clock.ts';
import { Engine } from '../../src/store/sqlite/engine.ts';
import { HoldsInMemory } from '../../src/store/sqlite/intents.ts';
import { asked, LIMITS } from './subscribers.ts';

/** The embedded store without its thread: whatever it is asked is done at once, so that a fake clock can drive it. */
export function directStore(limits: Limits = LIMITS, clocks?: Clocks): Store {
  const engine = new Engine({ file: ':memory:', limits, role: 'owner' }, clocks);
  const holds = new HoldsInMemory();
  let claimed = 0;
  const claims = new Map<string, string>();
  const hold = (subscriber: Subscriber): Held => {
    holds.hold(subscriber.imsi);
    const claim = String(++claimed);
    claims.set(subscriber.imsi, claim);
    return { ...subscriber, claim };
  };
  const endClaim = (effect: Effect) => {
    const claim = claimEndedBy(effect);
    if (claim === undefined || claim === claims.get(effect.imsi)) holds.letGo(effect.imsi);
  };
  const read = (imsi: string) => engine.read([imsi]).result[0] as Subscriber;
  return {
    claim: async (imsi) => (holds.has(imsi) ? null : hold(read(imsi))),
    look: async (imsi) => read(imsi),
    now: async () => engine.now(),
    claimDue: async (limit) => engine.due(limit, [...holds.imsis]).result.map(hold),
    write: async (write: Write) => {
      const [result] = engine.writes(asked(write)).result;
      for (const effect of write.effects) endClaim(effect);
      if (!result || 'refused' in result) throw new StoreError(result?.refused ?? 'no result', { passing: false });
      return result.taken;
    },
    note: async (deed) => engine.note(deed),
    probe: async () => engine.probe(),
    views: engine.views,
    outbox: {
      put: async (entry) => engine.put([entry])[0] as Standing,
      queued: async (limits) => engine.outbox.queued(limits),
      conclude: async (conclusions, note) => engine.conclude({ conclusions, note }),
      note: async () => engine.outbox.note(),
      backlog: async () => engine.outbox.backlog(),
    },
    clean: async (order) => engine.clean(order).deleted,
    close: async () => engine.close(),
  };
}
