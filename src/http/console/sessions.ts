import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { keepRecent } from '../../basics/recent.ts';
import type { Secret } from '../../config/secret.ts';
import type { Clock } from '../../ports/runtime.ts';

/** Somebody who signed in. */
export interface Session {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly expires: number;
}

/** What the audit calls a session: enough to tell them apart, too little to be of use. */
export function sessionName({ id }: Session): string {
  return `session ${id.slice(0, 8)}`;
}

/** Ended sessions that are remembered until they would have expired. */
const MOST_REVOKED = 10_000;
/** Clocks of several connectors differ by less, in milliseconds. */
const CLOCK_SLACK_MS = 60_000;

/**
 * Sessions that nobody keeps: the cookie says all there is, signed with a key made of the console's token. So they hold on
 * every connector with the same token and over a restart, and all end when the token is changed. One that was signed out
 * of is refused by this process only.
 */
export class Sessions {
  readonly #token: Secret;
  readonly #lifeMs: number;
  readonly #clock: Clock;
  readonly #revoked = new Map<string, number>();
  #key: { token: string; made: Promise<Buffer> } | null = null;

  constructor(parts: { token: Secret; lifeMs: number; clock: Clock }) {
    this.#token = parts.token;
    this.#lifeMs = parts.lifeMs;
    this.#clock = parts.clock;
  }

  /** Opens a session. @returns it, and the cookie's value. */
  async open(): Promise<{ session: Session; cookie: string }> {
    const since = this.#clock.wall();
    const session = { id: randomBytes(16).toString('base64url'), since, expires: since + this.#lifeMs };
    const content = contentOf(session);
    return { session, cookie: `${content}.${(await this.#sign(content)).toString('base64url')}` };
  }

  /** @returns null when it is no session in force: never was, expired, ended, or of another token. */
  async read(cookie: string | undefined): Promise<Session | null> {
    const found = FORM.exec(cookie ?? '');
    if (!found || this.#token.reveal() === '') return null;
    const [, content = '', id = '', since = '', expires = '', signature = ''] = found;
    if (!timingSafeEqual(await this.#sign(content), Buffer.from(signature, 'base64url'))) return null;
    const session = { id, since: Number(since), expires: Number(expires) };
    return this.#inForce(session) ? session : null;
  }

  /** Ends a session, in this process. */
  revoke(session: Session): void {
    const now = this.#clock.wall();
    for (const [id, expires] of this.#revoked) if (expires <= now) this.#revoked.delete(id);
    keepRecent(this.#revoked, session.id, session.expires, MOST_REVOKED);
  }

  #inForce({ id, since, expires }: Session): boolean {
    const now = this.#clock.wall();
    // The setting may have become shorter since.
    const over = now >= Math.min(expires, since + this.#lifeMs) || since > now + CLOCK_SLACK_MS;
    return !over && !this.#revoked.has(id);
  }

  async #sign(content: string): Promise<Buffer> {
    const token = this.#token.reveal();
    if (this.#key?.token !== token) this.#key = { token, made: keyOf(token) };
    return createHmac('sha256', await this.#key.made)
      .update(content)
      .digest();
  }
}

const FORM = /^(([\w-]{22})\.(\d{1,15})\.(\d{1,15}))\.([\w-]{43})$/;

function contentOf({ id, since, expires }: Session): string {
  return `${id}.${since}.${expires}`;
}

/** Slow on purpose, and once a token: a cookie somebody got hold of must not let him guess the token quickly. */
function keyOf(token: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(token, 'nsps-connector console session', 32, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
