import { hash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../config/secret.ts';

/** Checks bearer tokens (RFC 6750) against those in force; more than one while a token is being changed. */
export class Authenticator {
  readonly #tokens: readonly Digested[];

  constructor(tokens: readonly Secret[]) {
    this.#tokens = tokens.map((token) => new Digested(token));
  }

  /**
   * A revoked token is empty, and what is presented never is. Takes the same time whatever is presented: digests of equal length are compared, and always with every token.
   * @param header the `Authorization` header as Node gives it (one character a byte).
   */
  accepts(header: string | undefined): boolean {
    const presented = /^bearer +([^ ]+) *$/i.exec(header ?? '')?.[1];
    if (presented === undefined) return false;
    const digest = sha256(presented);
    let accepted = false;
    for (const token of this.#tokens) {
      if (timingSafeEqual(digest, token.digest())) accepted = true;
    }
    return accepted;
  }
}

/** A token's digest, made again only when the token changes. */
class Digested {
  readonly #token: Secret;
  #text = '';
  #digest = sha256('');

  constructor(token: Secret) {
    this.#token = token;
  }

  digest(): Buffer {
    const text = this.#token.reveal();
    if (text !== this.#text) {
      this.#digest = sha256(text);
      this.#text = text;
    }
    return this.#digest;
  }
}

function sha256(text: string): Buffer {
  return hash('sha256', Buffer.from(text, 'latin1'), 'buffer');
}
