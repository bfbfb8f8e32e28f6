/** No event has this place: the slot is empty, or what was in it was taken out. */
const EMPTY = 0;
const TAKEN_OUT = -1;

const LEAST_SLOTS = 1_024;

/**
 * Places of events by the hash of their ids, several of one hash too. Two arrays of numbers, where a map of texts would have
 * its thousands of keys copied by the collector again and again.
 */
export class SeqTable {
  #hashes = new Float64Array(LEAST_SLOTS);
  #seqs = new Float64Array(LEAST_SLOTS);
  /** Slots that are not empty. */
  #used = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param seq from 1. */
  add(hash: number, seq: number): void {
    // Half of the slots stay empty, so that a search ends soon.
    if (this.#used * 2 >= this.#seqs.length) this.#grow();
    let slot = this.#first(hash);
    while (this.#seqs[slot] !== EMPTY) slot = this.#next(slot);
    this.#hashes[slot] = hash;
    this.#seqs[slot] = seq;
    this.#used++;
    this.#size++;
  }

  /** Places of the events of a hash; none, mostly. */
  *of(hash: number): Iterable<number> {
    for (let slot = this.#first(hash); this.#seqs[slot] !== EMPTY; slot = this.#next(slot)) {
      const seq = this.#seqs[slot] as number;
      if (this.#hashes[slot] === hash && seq !== TAKEN_OUT) yield seq;
    }
  }

  /** @returns whether it was there. */
  delete(hash: number, seq: number): boolean {
    for (let slot = this.#first(hash); this.#seqs[slot] !== EMPTY; slot = this.#next(slot)) {
      if (this.#hashes[slot] !== hash || this.#seqs[slot] !== seq) continue;
      this.#seqs[slot] = TAKEN_OUT;
      this.#size--;
      return true;
    }
    return false;
  }

  /** Each once, ascending. */
  sortedHashes(): Float64Array {
    const hashes = this.#hashes.filter((_, slot) => (this.#seqs[slot] as number) > EMPTY).sort();
    return hashes.filter((hash, index) => hash !== hashes[index - 1]);
  }

  #first(hash: number): number {
    // The low bits, which are as even as the others; the number of slots is a power of two.
    return hash & (this.#seqs.length - 1);
  }

  #next(slot: number): number {
    return slot + 1 === this.#seqs.length ? 0 : slot + 1;
  }

  #grow(): void {
    const [hashes, seqs] = [this.#hashes, this.#seqs];
    // What was taken out is left behind: when that was most of it, there is room enough.
    const slots = this.#size * 4 > seqs.length ? seqs.length * 2 : seqs.length;
    [this.#hashes, this.#seqs, this.#used, this.#size] = [new Float64Array(slots), new Float64Array(slots), 0, 0];
    for (const [slot, seq] of seqs.entries()) if (seq > EMPTY) this.add(hashes[slot] as number, seq);
  }
}
