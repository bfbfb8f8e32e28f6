import { type Release, releasesBefore, releasesUpTo, type Wanted } from '../core/subscriber.ts';
import type { Store } from '../ports/store.ts';

/** SIMs known to have given their number back, each for one swap. */
export class Released {
  readonly #store: Store;
  readonly #done: Release[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  add(release: Release): void {
    this.#done.push(release);
  }

  /**
   * What is still to be done before a number is given (G5): the releases that nobody has seen done, and what those SIMs
   * had to wait for themselves, since they may never have got the number. Looked up anew, because swaps are announced while
   * the core is being called; a pass that finds nothing is the go-ahead, and makes no call.
   * @param imsi of the SIM that gets the number.
   */
  async missing(imsi: string, releases: readonly Release[]): Promise<readonly Release[]> {
    const missing: Release[] = [];
    const seen = new Set<string>();
    for (let round = releases; round.length > 0; ) {
      // A number that went from here to another SIM and comes back need not leave once more.
      const fresh = round.filter((release) => release.change.state.imsi !== imsi && !seen.has(keyOf(release)));
      for (const release of fresh) seen.add(keyOf(release));
      missing.push(...fresh.filter((release) => !this.#isDone(release)));
      const done = fresh.filter((release) => this.#isDone(release));
      round = (await Promise.all(done.map((release) => before(this.#store, release)))).flat();
    }
    return missing;
  }

  /** Asked of swaps only; every other event adds its own, and pays nothing for it. */
  #isDone(release: Release): boolean {
    const key = keyOf(release);
    return this.#done.some((done) => keyOf(done) === key);
  }

  /** Whether all that a number has to wait for is done, by what is known now. */
  async allBefore(wanted: Wanted): Promise<boolean> {
    const { imsi } = wanted.change.state;
    const releases = releasesBefore(await this.#store.look(imsi), wanted);
    return (await this.missing(imsi, releases)).length === 0;
  }
}

async function before(store: Store, { version, change }: Release): Promise<readonly Release[]> {
  return releasesUpTo(await store.look(change.state.imsi), version);
}

function keyOf({ version, change }: Release): string {
  return `${change.state.imsi} ${JSON.stringify(version)}`;
}
