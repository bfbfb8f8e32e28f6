import { type Effect, isGrant, type Release, type Subscriber, type Wanted } from '../core/subscriber.ts';
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

/** The SIMs that are or were called by a number, but for one of them. Rejects with a `StoreError`. */
export async function calledBy(number: string, but: string, store: Store): Promise<readonly string[]> {
  const found = await store.views.find(number, MOST);
  return found
    .filter(({ by, value, imsi }) => by === 'msisdn' && value === number && imsi !== but)
    .map(({ imsi }) => imsi);
}

/** Whoever wants a number that has become free. */
interface Wanting {
  /** Dead letters, which are tried again. */
  readonly again: readonly string[];
  /** Those under way or waiting: a refusal on its way to them may be older than that. */
  readonly others: readonly string[];
}

/**
 * Tries dead letters again that want a number which a SIM has given back: a core that refuses a number in use may have refused
 * it for that. Those which were refused for something else are so once more.
 * @param from the SIM.
 * @returns whose they are. Rejects with a `StoreError`.
 */
export async function tryAgainFor(number: string, from: string, store: Store): Promise<Wanting> {
  const again: string[] = [];
  const others: string[] = [];
  for (const imsi of await calledBy(number, from, store)) {
    const { dead, desired } = await store.look(imsi);
    if (desired?.change.state.msisdn === number) (dead === null ? others : again).push(imsi);
  }
  await tryAgain(again, store);
  return { again, others };
}

/**
 * Tries dead letters again whose SIMs have released a number.
 * @returns whose they are. Rejects with a `StoreError`.
 */
export async function tryAgainThose(released: readonly Release[], store: Store): Promise<readonly string[]> {
  const again: string[] = [];
  for (const imsi of new Set(released.map(({ change }) => change.state.imsi))) {
    const { dead, desired } = await store.look(imsi);
    if (dead !== null && desired && isGrant(desired.change)) again.push(imsi);
  }
  await tryAgain(again, store);
  return again;
}

/** Rejects with a `StoreError`. */
export async function tryAgain(imsis: readonly string[], store: Store): Promise<void> {
  const effects = imsis.map((imsi): Effect => ({ kind: 'resync', imsi }));
  if (effects.length > 0) await store.write({ entry: null, story: null, effects });
}
