import { type Failed, failed } from '../core/outcome.ts';
import {
  isSameRelease,
  newestWith,
  type Release,
  releasesBefore,
  releasesUpTo,
  type Wanted,
} from '../core/subscriber.ts';
import { compareVersions } from '../core/version.ts';
import type { Store } from '../ports/store.ts';
import type { Still } from './attempts.ts';
import { wereCalledBy } from './freed.ts';

/** What is to come before a number is given. */
export interface Before {
  readonly missing: readonly Release[];
  /**
   * The number is another SIM's by something newer: it went there, and the event that takes it from the SIM of this swap has yet
   * to come. Told when nothing else is missing.
   */
  readonly overtaken: Failed | null;
}

/** Of events that are no swaps: they pay nothing for this. */
export const NOTHING_BEFORE: Before = { missing: [], overtaken: null };

/** Whether the number may be given. */
export function isFree({ missing, overtaken }: Before): boolean {
  return missing.length === 0 && overtaken === null;
}

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
   * What is between a SIM and its number (G5). Looked up anew, because swaps are announced while the core is being called; a look
   * that finds nothing is the go-ahead, and makes no call.
   * @param releases that the number waits for.
   */
  async before(wanted: Wanted, releases: readonly Release[]): Promise<Before> {
    if (releases.length === 0) return NOTHING_BEFORE;
    const missing = await this.#missing(wanted.change.state.imsi, releases);
    return { missing, overtaken: missing.length > 0 ? null : await this.#overtaken(wanted, releases) };
  }

  /**
   * Whether a number may still be given when its turn at the core comes. What cannot be looked up then is looked up again, or
   * fails, where all this begins anew: a call may have been made by now.
   * @param askedAt when what is known was read, on the clock's `now()`.
   */
  still(wanted: Wanted, askedAt: number): Still {
    return { askedAt, holds: () => this.#mayGive(wanted).catch(() => false) };
  }

  async #mayGive(wanted: Wanted): Promise<boolean> {
    const { imsi } = wanted.change.state;
    const releases = async () => releasesBefore(await this.#store.look(imsi), wanted);
    if (await this.#overtaken(wanted, await releases())) return false;
    // Last, since it is what changes meanwhile: the other look took its time.
    return (await this.#missing(imsi, await releases())).length === 0;
  }

  /** The releases that nobody has seen done, and what those SIMs had to wait for themselves: they may never have got the number. */
  async #missing(imsi: string, releases: readonly Release[]): Promise<readonly Release[]> {
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

  async #overtaken(wanted: Wanted, releases: readonly Release[]): Promise<Failed | null> {
    const { imsi, msisdn } = wanted.change.state;
    if (msisdn === null || releases.length === 0) return null;
    const others = await wereCalledBy(msisdn, imsi, releases, this.#store);
    const known = await Promise.all(others.map((other) => this.#store.look(other)));
    const [newer] = known.flatMap((other) => newestWith(other, msisdn, wanted.version) ?? []);
    return newer ? takenBy(newer) : null;
  }

  /** Asked of swaps only; every other event adds its own, and pays nothing for it. */
  #isDone(release: Release): boolean {
    return this.#done.some((done) => isSameRelease(done, release) || isLater(done, release));
  }
}

/** It passes once the SIM loses the number, or the event that is missing comes: it is an attempt, since that may never be. */
function takenBy({ change, eventId }: Wanted): Failed {
  return failed(
    'not_released',
    `its number is that of ${change.state.imsi} by a newer event (${eventId}); the event that took it there from this SIM has not come`,
  );
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
