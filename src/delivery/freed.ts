import { type Effect, isGrant, type Release, type Subscriber, type Wanted } from '../core/subscriber.ts';
import { keepRecent } from '../ports/recent.ts';
import type { Store } from '../ports/store.ts';
import type { Pushed } from './push.ts';

/** Those called by one number that are looked at, those called so now first. */
const MOST = 20;
/** Those remembered who want a number that became free while they were called for: more than calls are under way at a time. */
const REMEMBERED = 1_000;

/** The SIMs that are or were called by a number, but for one of them. Rejects with a `StoreError`. */
export async function calledBy(number: string, but: string, store: Store): Promise<readonly string[]> {
  const found = await store.views.find(number, MOST);
  return found
    .filter(({ by, value, imsi }) => by === 'msisdn' && value === number && imsi !== but)
    .map(({ imsi }) => imsi);
}

/**
 * Tries dead letters again once the number they want has become free: a core that refuses a number in use may have refused it
 * for that. Those which were refused for something else are so once more. Kept in memory only, and given up where the store
 * fails: dead letters stay what they are then, and an operator sees them.
 */
export class FreedNumbers {
  readonly #store: Store;
  readonly #told: (imsi: string, from: string) => void;
  /** Of whoever wanted a number that became free, and was no dead letter then, who had it. */
  readonly #missed = new Map<string, string>();

  /** @param told hears of each dead letter that is tried again, and whose number it wants. */
  constructor(store: Store, told: (imsi: string, from: string) => void) {
    this.#store = store;
    this.#told = told;
  }

  /**
   * To be called when it is written what came of a call.
   * @param before what was known of the SIM that was called for.
   * @param isDead whether it is a dead letter by that.
   */
  async after({ wanted, outcome, released }: Pushed, before: Subscriber, isDead: boolean): Promise<void> {
    const { imsi } = before;
    const from = this.#missed.get(imsi);
    this.#missed.delete(imsi);
    // The refusal was on its way while the number became free.
    if (isDead && from !== undefined) await this.#tryAgain([imsi], from);
    if (outcome.kind !== 'done') return;
    const number = numberFreed(before, wanted);
    if (number !== null) await this.#passOn(number, imsi);
    await this.#tryReleased(released, imsi);
  }

  async #passOn(number: string, from: string): Promise<void> {
    const dead: string[] = [];
    for (const imsi of await calledBy(number, from, this.#store).catch(() => [])) {
      const known = await this.#look(imsi);
      if (known?.desired?.change.state.msisdn !== number) continue;
      if (known.dead === null) keepRecent(this.#missed, imsi, from, REMEMBERED);
      else dead.push(imsi);
    }
    await this.#tryAgain(dead, from);
  }

  /** A SIM that was only released, its own newer state being a dead letter, may have wanted the number this one had until now. */
  async #tryReleased(released: readonly Release[], from: string): Promise<void> {
    const dead: string[] = [];
    for (const imsi of new Set(released.map(({ change }) => change.state.imsi))) {
      const known = await this.#look(imsi);
      if (known?.desired && known.dead !== null && isGrant(known.desired.change)) dead.push(imsi);
    }
    await this.#tryAgain(dead, from);
  }

  #look(imsi: string): Promise<Subscriber | null> {
    return this.#store.look(imsi).catch(() => null);
  }

  async #tryAgain(imsis: readonly string[], from: string): Promise<void> {
    if (imsis.length === 0) return;
    const effects = imsis.map((imsi): Effect => ({ kind: 'resync', imsi }));
    await this.#store.write({ entry: null, story: null, effects }).then(
      () => {
        for (const imsi of imsis) this.#told(imsi, from);
      },
      () => {},
    );
  }
}

/**
 * @param before what was known of a SIM when it was called for.
 * @param confirmed what the core confirmed of it then.
 * @returns the number that it had by what was confirmed before, and has no more; null when there is none.
 */
function numberFreed({ applied }: Subscriber, { change }: Wanted): string | null {
  const had = applied?.change.state.msisdn ?? null;
  return change.action !== 'delete' && change.state.msisdn === had ? null : had;
}
