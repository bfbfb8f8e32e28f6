import { hash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../config/secret.ts';

/** Checks bearer tokens (RFC 6750) against those in force; more than one while a token is being changed. */
export class Authenticator {
  readonly #tokens: readonly Secret[];

  constructor(tokens: readonly Secret[]) {
    this.#tokens = tokens;
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
      if (timingSafeEqual(digest, sha256(token.reveal()))) accepted = true;
    }
    return accepted;
  }
}

function sha256(text: string): Buffer {
  return hash('sha256', Buffer.from(text, 'latin1'), 'buffer');
}
