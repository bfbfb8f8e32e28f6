import { createSign } from 'node:crypto';
import type { ServiceKey } from '../../config/google-key.ts';
import type { Told } from '../../ports/recording.ts';
import type { Clock } from '../../ports/runtime.ts';
import { exchange } from './exchange.ts';
import { type TokenAnswer, understandToken } from './wire.ts';

const SCOPE = 'https://www.googleapis.com/auth/spreadsheets';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** How long an assertion says that it is good for: an hour at most is allowed, in seconds. */
const ASSERTED_S = 3_600;

/** A token is renewed so long before it ends, or at half its life when that is shorter, in milliseconds. */
const AHEAD_MS = 300_000;

/**
 * The assertion that a service account exchanges for a token (RFC 7523; RS256).
 * @param wallMs milliseconds since 1970.
 */
export function signedAssertion({ email, keyId, privateKey, tokenUri }: ServiceKey, wallMs: number): string {
  const issuedAt = Math.floor(wallMs / 1000);
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId !== null && { kid: keyId }) };
  const claims = { iss: email, scope: SCOPE, aud: tokenUri.href, iat: issuedAt, exp: issuedAt + ASSERTED_S };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = createSign('RSA-SHA256').update(text).sign(privateKey.reveal(), 'base64url');
  return `${text}.${signature}`;
}

interface Held {
  readonly token: string;
  /** On the clock's `now()`. */
  readonly renewAt: number;
  readonly endsAt: number;
}

/** Access tokens of a service account, had ahead of time and kept while they are good. */
export class Tokens {
  readonly #key: ServiceKey;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  #held: Held | null = null;
  #fetching: Promise<Told<string>> | null = null;

  /** @param closing gives up what is under way, and whatever is asked for later. */
  constructor(key: ServiceKey, clock: Clock, closing: AbortSignal = new AbortController().signal) {
    this.#key = key;
    this.#clock = clock;
    this.#closing = closing;
  }

  /** @param ms until it is given up. */
  async get(ms: number): Promise<Told<string>> {
    const now = this.#clock.now();
    const held = this.#held;
    if (held && now < held.renewAt) return { kind: 'done', value: held.token };
    this.#fetching ??= this.#fetch(ms).finally(() => {
      this.#fetching = null;
    });
    const told = await this.#fetching;
    // The old one still does: renewing it can wait.
    return told.kind === 'failed' && held && now < held.endsAt ? { kind: 'done', value: held.token } : told;
  }

  /** It was refused: the next call gets another one. */
  forget(token: string): void {
    if (this.#held?.token === token) this.#held = null;
  }

  async #fetch(ms: number): Promise<Told<string>> {
    const assertion = signedAssertion(this.#key, this.#clock.wall());
    const body = new URLSearchParams({ grant_type: GRANT, assertion }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const asked = this.#clock.now();
    const call = { method: 'POST', url: this.#key.tokenUri, headers, body } as const;
    const reply = await exchange(call, this.#clock, ms, this.#closing);
    const told = understandToken(reply, this.#clock.wall());
    if (told.kind === 'failed') return told;
    this.#held = heldFrom(told.value, asked);
    return { kind: 'done', value: told.value.token };
  }
}

function heldFrom({ token, lifeMs }: TokenAnswer, asked: number): Held {
  return { token, endsAt: asked + lifeMs, renewAt: asked + lifeMs - Math.min(AHEAD_MS, lifeMs / 2) };
}
