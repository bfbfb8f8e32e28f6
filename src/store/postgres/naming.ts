import type { Entry } from '../../ports/store.ts';
import { bereft, type Identifier, identifiersOf, renamed } from '../names.ts';

/** What the subscribers of many events are called, one event after the other. */
export class Naming {
  readonly #kept: ReadonlyMap<string, string>;
  readonly #changed = new Map<string, string>();
  readonly #identifiers: (Identifier & { readonly imsi: number })[] = [];

  /** @param kept what they are called so far. */
  constructor(kept: ReadonlyMap<string, string>) {
    this.#kept = kept;
  }

  /** Records of those who are called something new; few events say anything new. */
  get changed(): readonly { readonly imsi: number; readonly names: string }[] {
    return [...this.#changed].map(([imsi, names]) => ({ imsi: Number(imsi), names }));
  }

  /** Records of all that they are called now. */
  get identifiers(): readonly (Identifier & { readonly imsi: number })[] {
    return this.#identifiers;
  }

  /** @param state where the event stands once it is written. @param again whether it was heard of earlier. */
  hear({ imsi, previousImsi, names }: Entry, state: Entry['state'], again: boolean): void {
    if (imsi === null) return;
    if (previousImsi !== null && previousImsi !== imsi && state !== 'superseded' && !again) {
      this.#call(previousImsi, bereft(this.#of(previousImsi), names));
    }
    if (this.#call(imsi, renamed(this.#of(imsi), names, state))) {
      this.#identifiers.push(...identifiersOf(names).map((one) => ({ ...one, imsi: Number(imsi) })));
    }
  }

  #of(imsi: string): string | null {
    return this.#changed.get(imsi) ?? this.#kept.get(imsi) ?? null;
  }

  /** @returns whether that is news. */
  #call(imsi: string, names: string | null): boolean {
    if (names === null || names === this.#of(imsi)) return false;
    this.#changed.set(imsi, names);
    return true;
  }
}
