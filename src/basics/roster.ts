/** Where something stands in a {@link Roster}; whoever put it there takes it out with it. */
export interface Place<T> {
  /** Null once it was taken out. */
  value: T | null;
  before: Place<T> | null;
  after: Place<T> | null;
}

/**
 * What comes and goes all the time, oldest first. A `Set` would do, but for V8: whenever the table of a `Set` is replaced by
 * another, the old one leads to the new one and to all that was in it. Once an old table has become old for the collector,
 * too, nearly all that comes after it survives until everything is collected (ADR 13). Here nothing that is gone leads to
 * anything.
 */
export class Roster<T extends NonNullable<unknown>> {
  #first: Place<T> | null = null;
  #last: Place<T> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(value: T): Place<T> {
    const place: Place<T> = { value, before: this.#last, after: null };
    if (this.#last) this.#last.after = place;
    else this.#first = place;
    this.#last = place;
    this.#size++;
    return place;
  }

  /** @returns whether it was there until now. */
  remove(place: Place<T>): boolean {
    if (place.value === null) return false;
    if (place.before) place.before.after = place.after;
    else this.#first = place.after;
    if (place.after) place.after.before = place.before;
    else this.#last = place.before;
    place.value = null;
    place.before = null;
    place.after = null;
    this.#size--;
    return true;
  }

  /** Whatever came before all others; null when there is nothing. */
  get oldest(): Place<T> | null {
    return this.#first;
  }

  /** What there is now, in the order it came. */
  places(): Place<T>[] {
    const places: Place<T>[] = [];
    for (let place = this.#first; place; place = place.after) places.push(place);
    return places;
  }
}
