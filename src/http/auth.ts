import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../config/secret.ts';

/** Checks bearer tokens (RFC 6750) against those in force; more than one while a token is being changed. */
export class Authenticator {
  readonly #tokens: readonly Expected[];

  constructor(tokens: readonly Secret[]) {
    this.#tokens = tokens.map((token) => new Expected(token));
  }

  /**
   * A revoked token is empty, and what is presented never is. Takes the same time for all tokens of a length, and always
   * looks at every one of those in force: how long it takes may tell how long a token is, but nothing of what is in it. The
   * length of a random token is no secret.
   * @param header the `Authorization` header as Node gives it (one character a byte).
   */
  accepts(header: string | undefined): boolean {
    const presented = /^bearer +([^ ]+) *$/i.exec(header ?? '')?.[1];
    if (presented === undefined) return false;
    let accepted = false;
    for (const token of this.#tokens) if (token.equals(presented)) accepted = true;
    return accepted;
  }
}

/** A token's bytes, made again only when the token changes, and room for what is compared with them. */
class Expected {
  readonly #token: Secret;
  #text = '';
  #bytes = Buffer.alloc(0);
  #presented = Buffer.alloc(0);

  constructor(token: Secret) {
    this.#token = token;
  }

  equals(presented: string): boolean {
    const text = this.#token.reveal();
    // The same string nearly always: whether it is takes no time that depends on what was presented.
    if (text !== this.#text) this.#take(text);
    if (presented.length !== this.#bytes.length) return false;
    this.#presented.write(presented, 'latin1');
    return timingSafeEqual(this.#presented, this.#bytes);
  }

  #take(text: string): void {
    this.#text = text;
    this.#bytes = Buffer.from(text, 'latin1');
    this.#presented = Buffer.alloc(this.#bytes.length);
  }
}
