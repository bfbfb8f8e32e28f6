import { isSameRelease, type Release, releasesBefore, releasesUpTo, type Wanted } from '../core/subscriber.ts';
import { compareVersions } from '../core/version.ts';
import type { Store } from '../ports/store.ts';

/** SIMs known to have given their number back, each for one swap. */
export class Released {
  readonly #store: Store;
  readonly #done: Release[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  add(...releases: readonly Release[]): void {
    this.#done.push(...releases);
  }

  /**
   * What is still to be done before a number is given (G5): the releases that nobody has seen done, and what those SIMs
   * had to wait for themselves, since they may never have got the number. Looked up anew, because swaps are announced while
   * the core is being called; a pass that finds nothing is the go-ahead, and makes no call.
   * @param imsi of the SIM that gets the number.
   */
  async missing(imsi: string, releases: readonly Release[]): Promise<readonly Release[]> {
    const missing: Release[] = [];
    const seen: Release[] = [];
    for (let round = releases; round.length > 0; ) {
      // A number that went from here to another SIM and comes back need not leave once more.
      const fresh = round.filter((release) => release.change.state.imsi !== imsi && !isAmong(seen, release));
      seen.push(...fresh);
      missing.push(...newestOfEach(fresh.filter((release) => !this.#isDone(release))));
      const done = fresh.filter((release) => this.#isDone(release));
      round = (await Promise.all(done.map((release) => before(this.#store, release)))).flat();
    }
    return missing;
  }

  /** Asked of swaps only; every other event adds its own, and pays nothing for it. */
  #isDone(release: Release): boolean {
    return this.#done.some((done) => isSameRelease(done, release) || isLater(done, release));
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

/** A SIM that is released for a later swap is for an earlier one, too. */
function newestOfEach(releases: readonly Release[]): readonly Release[] {
  return releases.filter((release) => !releases.some((other) => isLater(other, release)));
}

function isLater(a: Release, b: Release): boolean {
  return a.change.state.imsi === b.change.state.imsi && compareVersions(a.version, b.version) > 0;
}

function isAmong(releases: readonly Release[], release: Release): boolean {
  return releases.some((one) => isSameRelease(one, release));
}
