import { keepRecent } from '../ports/recent.ts';

/** Ends of doubts that are remembered: more than calls are under way at a time. */
const REMEMBERED = 1_000;

/** Of whom a call of unknown result came to be settled while others were being called for. */
export class Doubts {
  readonly #ended = new Map<string, number>();
  #count = 0;

  /** How many have ended so far: tells what came before from what comes after. */
  get count(): number {
    return this.#count;
  }

  /** The doubt about a SIM is over. */
  end(imsi: string): void {
    keepRecent(this.#ended, imsi, ++this.#count, REMEMBERED);
  }

  /** @param count what it was then. */
  hasEndedSince(imsi: string, count: number): boolean {
    return (this.#ended.get(imsi) ?? 0) > count;
  }
}
