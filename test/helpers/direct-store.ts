import { type Effect, type Limits, newest, type Subscriber, type Wanted } from '../../src/core/subscriber.ts';
import type { Standing } from '../../src/ports/outbox.ts';
import { type Held, type Store, StoreError, type Write } from '../../src/ports/store.ts';
import { asLate, claimEndedBy } from '../../src/store/requests.ts';
import type { Clocks } from '../../src/store/sqlite/clock.ts';
import { Engine } from '../../src/store/sqlite/engine.ts';
import { asked, effects, LIMITS } from './subscribers.ts';

/** Somebody who is held: by which claim, until when on the steady clock, and for what. */
interface Hold {
  readonly claim: string;
  readonly until: number;
  readonly wanted: Wanted | null;
}

/**
 * The embedded store without its thread: whatever it is asked is done at once, so that a fake clock can drive it.
 * @param options.leases whether claims are over after their time, as where several connectors share a database.
 */
export function directStore(limits: Limits = LIMITS, clocks?: Clocks, { leases = false } = {}): Store {
  const engine = new Engine({ file: ':memory:', limits, role: 'owner' }, clocks);
  const now = () => (clocks ?? performance).now();
  let claimed = 0;
  const holds = new Map<string, Hold>();
  const read = (imsi: string) => engine.read([imsi]).result[0] as Subscriber;
  const isHeld = (imsi: string) => (holds.get(imsi)?.until ?? 0) > now();
  const carryOut = (write: Write): readonly boolean[] => {
    const [result] = engine.writes(asked(write)).result;
    if (!result || 'refused' in result) throw new StoreError(result?.refused ?? 'no result', { passing: false });
    return result.taken;
  };
  const hold = (imsi: string, holdMs: number, wantedOf: (known: Subscriber) => Wanted | null): Held => {
    const left = holds.get(imsi);
    if (left) carryOut(effects({ kind: 'abandoned', imsi, wanted: left.wanted }));
    const known = read(imsi);
    const claim = String(++claimed);
    holds.set(imsi, { claim, until: leases ? now() + holdMs : Number.POSITIVE_INFINITY, wanted: wantedOf(known) });
    return { ...known, claim };
  };
  const isLate = (effect: Effect) => {
    const claim = claimEndedBy(effect);
    return typeof claim === 'string' && claim !== holds.get(effect.imsi)?.claim;
  };
  const endClaim = (effect: Effect) => {
    if (claimEndedBy(effect) !== null && !isLate(effect)) holds.delete(effect.imsi);
  };
  return {
    claim: async (imsi, wanted, holdMs) => (isHeld(imsi) ? null : hold(imsi, holdMs, () => wanted)),
    look: async (imsi) => read(imsi),
    now: async () => engine.now(),
    claimDue: async (limit, holdMs) => {
      const held = [...holds.keys()].filter(isHeld);
      return engine.due(limit, held).result.map(({ imsi }) => hold(imsi, holdMs, newest));
    },
    write: async (write: Write) => {
      const heard = write.effects.flatMap((effect) => (leases && isLate(effect) ? (asLate(effect) ?? []) : effect));
      try {
        return carryOut({ ...write, effects: heard });
      } finally {
        for (const effect of write.effects) endClaim(effect);
      }
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
