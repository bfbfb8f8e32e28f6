import type { Effect, Subscriber, Wanted } from '../core/subscriber.ts';
import type { Store } from '../ports/store.ts';

/** Those called by one number that are looked at, those called so now first. */
const MOST = 20;

/**
 * @param before what was known of a SIM when it was called for.
 * @param confirmed what the core confirmed of it then.
 * @returns the number that it had by what was confirmed before, and has no more; null when there is none.
 */
export function numberFreed({ applied }: Subscriber, { change }: Wanted): string | null {
  const had = applied?.change.state.msisdn ?? null;
  return change.action !== 'delete' && change.state.msisdn === had ? null : had;
}

/**
 * Tries dead letters again that want a number which a SIM has given back: a core that refuses a number in use may have refused
 * it for that. Those which were refused for something else are so once more.
 * @param from the SIM.
 * @returns whose they are. Rejects with a `StoreError`.
 */
export async function tryAgainFor(number: string, from: string, store: Store): Promise<readonly string[]> {
  const found = await store.views.find(number, MOST);
  const called = found.filter(({ by, value, imsi }) => by === 'msisdn' && value === number && imsi !== from);
  const waiting: string[] = [];
  for (const { imsi } of called) {
    const { dead, desired } = await store.look(imsi);
    if (dead !== null && desired?.change.state.msisdn === number) waiting.push(imsi);
  }
  const effects = waiting.map((imsi): Effect => ({ kind: 'resync', imsi }));
  if (effects.length > 0) await store.write({ entry: null, story: null, effects });
  return waiting;
}
