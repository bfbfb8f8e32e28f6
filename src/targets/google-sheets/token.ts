import { createSign } from 'node:crypto';
import type { ServiceKey } from '../../config/google-key.ts';
import type { Failed } from '../../core/outcome.ts';
import type { Told } from '../../ports/recording.ts';
import type { Clock } from '../../ports/runtime.ts';
import { NO_TRACER } from '../../ports/tracer.ts';
import { Line } from './line.ts';
import { type TokenAnswer, understandToken } from './wire.ts';

const SCOPE = 'https://www.googleapis.com/auth/spreadsheets';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** While the old one still does, a new one is waited for so long, a quarter of the call's time at most, and so often. */
const RENEWAL_MS = { wait: 5_000, pause: 30_000 } as const;

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

/** A new key that Google refuses may only be too young: it is tried again after so long, in milliseconds. */
const TRY_AGAIN_MS = 60_000;

/** Where the account's key comes from: a new one is another object. */
export interface KeySource {
  readonly current: ServiceKey;
  /** Looks whether there is another one by now. */
  reread(): boolean;
  /** Google does not take the newest one, and the one before it goes on. */
  refused(why: string): void;
}

interface Held {
  readonly token: string;
  /** That it was had for. */
  readonly key: ServiceKey;
  /** On the clock's `now()`. */
  readonly renewAt: number;
  readonly endsAt: number;
}

/** Access tokens of a service account, had ahead of time and kept while they are good. */
export class Tokens {
  readonly #keys: KeySource;
  readonly #clock: Clock;
  readonly #line: Line;
  /** The last key that Google gave a token for. */
  #proven: ServiceKey;
  #refused: { readonly key: ServiceKey; readonly again: number } | null = null;
  #held: Held | null = null;
  #fetching: Promise<Told<string>> | null = null;

  /** @param key one that stays, or where it comes from. */
  constructor(key: ServiceKey | KeySource, clock: Clock, line = new Line(clock, NO_TRACER)) {
    this.#keys = 'current' in key ? key : { current: key, reread: () => false, refused: () => {} };
    this.#proven = this.#keys.current;
    this.#clock = clock;
    this.#line = line;
  }

  /** Address of the account. */
  get account(): string {
    return this.#keys.current.email;
  }

  /** @param ms until it is given up. */
  async get(ms: number): Promise<Told<string>> {
    const now = this.#clock.now();
    const held = this.#held;
    if (held && now < held.renewAt && this.#isOfTheRightKey(held)) return { kind: 'done', value: held.token };
    const good = held && now < held.endsAt ? held : null;
    this.#fetching ??= this.#fetch(good ? Math.min(RENEWAL_MS.wait, ms / 4) : ms).finally(() => {
      this.#fetching = null;
    });
    const told = await this.#fetching;
    return told.kind === 'failed' && good ? this.#goOnWith(good) : told;
  }

  /** The old one still does: renewing it can wait. */
  #goOnWith(held: Held): Told<string> {
    const renewAt = Math.min(held.endsAt, this.#clock.now() + RENEWAL_MS.pause);
    if (this.#held === held) this.#held = { ...held, renewAt };
    return { kind: 'done', value: held.token };
  }

  #isOfTheRightKey({ key }: Held): boolean {
    const { current } = this.#keys;
    return key === current || (this.#refused?.key === current && this.#clock.now() < this.#refused.again);
  }

  /** It was refused: the next call gets another one, with the key that is there now. */
  forget(token: string): void {
    if (this.#held?.token !== token) return;
    this.#held = null;
    this.#keys.reread();
  }

  /** A key that is refused is looked for once more, as it may have been changed; then the former one has to do. */
  async #fetch(ms: number): Promise<Told<string>> {
    const told = await this.#ask(this.#keys.current, ms);
    if (!isRefusal(told)) return told;
    const newest = this.#keys.reread() ? await this.#ask(this.#keys.current, ms) : told;
    return isRefusal(newest) && this.#keys.current !== this.#proven ? await this.#former(newest, ms) : newest;
  }

  async #former(refusal: Failed, ms: number): Promise<Told<string>> {
    const { current } = this.#keys;
    if (this.#refused?.key !== current) this.#keys.refused(refusal.failure.why);
    const now = this.#clock.now();
    this.#refused = { key: current, again: now + TRY_AGAIN_MS };
    const held = this.#held;
    if (held && now < held.renewAt) return { kind: 'done', value: held.token };
    const told = await this.#ask(this.#proven, ms);
    // It is the newest that is to be mended.
    return isRefusal(told) ? refusal : told;
  }

  async #ask(key: ServiceKey, ms: number): Promise<Told<string>> {
    const assertion = signedAssertion(key, this.#clock.wall());
    const body = new URLSearchParams({ grant_type: GRANT, assertion }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const asked = this.#clock.now();
    const call = { method: 'POST', url: key.tokenUri, headers, body } as const;
    const told = await this.#line.ask('token', call, ms, (reply) => understandToken(reply, this.#clock.wall()));
    if (told.kind === 'failed') return told;
    this.#held = { key, ...lifeOf(told.value, asked) };
    this.#proven = key;
    return { kind: 'done', value: told.value.token };
  }
}

/** Google took neither the key nor another one for it: asking again changes nothing. */
function isRefusal(told: Told<unknown>): told is Failed {
  return told.kind === 'failed' && told.failure.code === 'misconfigured';
}

function lifeOf({ token, lifeMs }: TokenAnswer, asked: number): Omit<Held, 'key'> {
  return { token, endsAt: asked + lifeMs, renewAt: asked + lifeMs - Math.min(AHEAD_MS, lifeMs / 2) };
}
