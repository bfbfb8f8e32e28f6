import { keepRecent } from '../basics/recent.ts';
import { namesOf } from '../core/names.ts';
import type { FailureCode, Outcome } from '../core/outcome.ts';
import { type Effect, gives, isGrant, type Release, type Subscriber, type Wanted } from '../core/subscriber.ts';
import { effectsOnly, type Store } from '../ports/store.ts';
import type { Pushed } from './push.ts';

/** Those called by one number that are looked at, those called so now first. */
const MOST = 20;
/** Those remembered who were tried once more: more than are dead letters between that and its end. */
const REMEMBERED = 1_000;

/** The SIMs that are or were called by a number, but for one of them; none where the store fails. */
async function calledBy(number: string, but: string, store: Store): Promise<readonly string[]> {
  const found = await store.views.find(number, MOST).catch(() => []);
  return found
    .filter(({ by, value, imsi }) => by === 'msisdn' && value === number && imsi !== but)
    .map(({ imsi }) => imsi);
}

/** And those that released it for that one. */
export async function wereCalledBy(
  number: string,
  imsi: string,
  released: readonly Release[],
  store: Store,
): Promise<readonly string[]> {
  return [...new Set([...released.map(({ change }) => change.state.imsi), ...(await calledBy(number, imsi, store))])];
}

/**
 * Tries dead letters again once the number they want has become free: a core that refuses a number in use may have refused it
 * for that. Those which were refused for something else are so once more. Whoever frees a number looks for dead letters once
 * that is written, and whoever wrote a dead letter looks whether its number is free: one of the two sees the other, also in
 * another connector. Given up where the store fails: dead letters stay what they are then, and an operator sees them.
 */
export class FreedNumbers {
  readonly #store: Store;
  readonly #told: (imsi: string, from: string) => void;
  /** Dead letters that were tried once more though nobody gave their number back since: what each SIM was refused by. */
  readonly #tried = new Map<string, string>();

  /** @param told hears of each dead letter that is tried again, and who had the number that it wants. */
  constructor(store: Store, told: (imsi: string, from: string) => void) {
    this.#store = store;
    this.#told = told;
  }

  /**
   * To be called when it is written what came of a call.
   * @param before what was known of the SIM that was called for.
   * @param isDead whether it is a dead letter by that.
   */
  async after(pushed: Pushed, before: Subscriber, isDead: boolean): Promise<void> {
    const { wanted, outcome, released } = pushed;
    const { imsi } = before;
    if (isDead) await this.#tryOnceMore(pushed);
    if (outcome.kind !== 'done') return;
    this.#tried.delete(imsi);
    const number = numberFreed(before, wanted) ?? (await this.#numberInDoubt(before, wanted));
    if (number !== null) await this.#passOn(number, imsi);
    await this.#tryReleased(released, imsi);
  }

  /** The number may have become free while the refusal was on its way. A refusal for something else counts the second time. */
  async #tryOnceMore({ wanted, outcome, released }: Pushed): Promise<void> {
    const { imsi, msisdn } = wanted.change.state;
    if (msisdn === null || !mayBeInUse(outcome)) return;
    const others = (await wereCalledBy(msisdn, imsi, released, this.#store)).toSorted();
    const known = await Promise.all(others.map((other) => this.#look(other)));
    if (others.length === 0 || known.some((one) => one === null || mayHave(one, msisdn))) return;
    // One of them may have got it, and given it back, while it was tried.
    const refusedBy = JSON.stringify([wanted.eventId, ...known.map((one) => one?.applied?.eventId ?? null)]);
    if (this.#tried.get(imsi) === refusedBy) return;
    keepRecent(this.#tried, imsi, refusedBy, REMEMBERED);
    await this.#tryAgain([imsi], others.join(', '));
  }

  /**
   * What a SIM may have had by a call of unknown result alone: once it is to be something else, only the event that says so tells
   * by which number it was called.
   */
  async #numberInDoubt({ unsettledUntil }: Subscriber, { change, eventId }: Wanted): Promise<string | null> {
    if (unsettledUntil === null || isGrant(change)) return null;
    const event = await this.#store.views.event(eventId).catch(() => null);
    return event && numberIn(event.body);
  }

  async #passOn(number: string, from: string): Promise<void> {
    const dead: string[] = [];
    for (const imsi of await calledBy(number, from, this.#store)) {
      const known = await this.#look(imsi);
      if (known && known.dead !== null && known.desired?.change.state.msisdn === number) dead.push(imsi);
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
    await this.#store.write(effectsOnly(...effects)).then(
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
  return isGrant(change) && change.state.msisdn === had ? null : had;
}

function numberIn(body: Uint8Array): string | null {
  try {
    return namesOf(JSON.parse(new TextDecoder().decode(body))).msisdn;
  } catch {
    // The journal keeps it as it came, and what was understood once may not be by another version.
    return null;
  }
}

const NUMBER_IN_USE: ReadonlySet<FailureCode> = new Set(['refused', 'not_released', 'number_held']);

/** Whether a core may have said by that that it has the number in use. */
function mayBeInUse(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && NUMBER_IN_USE.has(outcome.failure.code);
}

/**
 * Whether a SIM has a number by what was confirmed, or may have one by a call of unknown result. Of a dead letter nothing is
 * confirmed, so that would never be over: whoever is tried once more waits for as long as the core may still come to that call.
 */
function mayHave({ applied, unsettledUntil, dead }: Subscriber, number: string): boolean {
  if (unsettledUntil !== null && dead === null) return true;
  return gives(applied, number);
}
