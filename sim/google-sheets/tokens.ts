import {
  createPrivateKey,
  createPublicKey,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const SCOPE = 'https://www.googleapis.com/auth/spreadsheets';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const EMAIL = 'nsps-connector@emulator.iam.gserviceaccount.com';

/** How far two clocks may be apart, in seconds. */
const SKEW_S = 300;

export interface TokenAnswer {
  readonly status: number;
  readonly body: object;
}

/** A key of the account. */
interface AccountKey {
  readonly id: string;
  readonly pem: string;
  readonly publicKey: KeyObject;
}

/** The service account, and the place where it exchanges its assertions for tokens. */
export class TokenDesk {
  /** Those that are taken. */
  readonly #keys = new Map<string, AccountKey>();
  /** Given out last. */
  #newest: AccountKey;
  readonly #lifeS: number;
  readonly #good = new Map<string, number>();
  /** How far its clock is ahead of that of this machine, in milliseconds. */
  aheadMs = 0;

  /** @param keyFile of an earlier run: its key is used again. */
  constructor(lifeS: number, keyFile?: string) {
    const known = keyFile !== undefined && existsSync(keyFile) ? readKey(keyFile) : null;
    this.#newest = this.#take(known?.private_key ?? newKey(), known?.private_key_id);
    this.#lifeS = lifeS;
  }

  #take(pem: string, id = randomBytes(20).toString('hex')): AccountKey {
    const key = { id, pem, publicKey: createPublicKey(createPrivateKey(pem)) };
    this.#keys.set(id, key);
    return key;
  }

  /** Milliseconds since 1970, by its own clock. */
  now(): number {
    return Date.now() + this.aheadMs;
  }

  /** The account gets another key, which is the one that is given out from now on; the former ones are taken, too. */
  addKey(): void {
    this.#newest = this.#take(newKey());
  }

  /** Somebody deletes all keys of the account. Tokens that were given stay good. */
  deleteKeys(): void {
    this.#keys.clear();
  }

  /** The key as Google Cloud gives it. */
  keyFile(tokenUri: string): object {
    return {
      type: 'service_account',
      project_id: 'emulator',
      private_key_id: this.#newest.id,
      private_key: this.#newest.pem,
      client_email: EMAIL,
      client_id: '100000000000000000000',
      token_uri: tokenUri,
    };
  }

  writeKey(file: string, tokenUri: string): void {
    writeFileSync(file, `${JSON.stringify(this.keyFile(tokenUri), null, 2)}\n`, { mode: 0o600 });
  }

  /** @param form the body of the request. */
  exchange(form: string, tokenUri: string): TokenAnswer {
    const fields = new URLSearchParams(form);
    if (fields.get('grant_type') !== GRANT)
      return refusal('unsupported_grant_type', `Invalid grant_type: ${fields.get('grant_type')}`);
    const wrong = this.#faultOf(fields.get('assertion') ?? '', tokenUri);
    if (wrong !== null) return refusal('invalid_grant', wrong);
    const token = `ya29.${randomBytes(24).toString('base64url')}`;
    this.#good.set(token, performance.now() + this.#lifeS * 1000);
    return { status: 200, body: { access_token: token, expires_in: this.#lifeS, token_type: 'Bearer' } };
  }

  #faultOf(assertion: string, tokenUri: string): string | null {
    const [head = '', claims = '', signature = '', ...more] = assertion.split('.');
    const [header, said] = [parse(head), parse(claims)];
    if (!header || !said || signature === '' || more.length > 0) return 'Bad Request';
    if (header['alg'] !== 'RS256') return 'Invalid JWT Signature.';
    const key = this.#keys.get(String(header['kid']));
    const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`);
    if (!key || !verify.verify(key.publicKey, signature, 'base64url')) return 'Invalid JWT Signature.';
    if (said['iss'] !== EMAIL) return 'Invalid grant: account not found';
    if (said['aud'] !== tokenUri) return 'Invalid JWT: Failed audience check.';
    if (!String(said['scope']).split(' ').includes(SCOPE)) return 'Invalid OAuth scope or ID token audience provided.';
    return timesFault(Number(said['iat']), Number(said['exp']), this.now() / 1000);
  }

  /** Whether it was given here, and is not too old. */
  accepts(authorization: string | undefined): boolean {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
    return (this.#good.get(token) ?? 0) > performance.now();
  }

  /** All tokens end now. */
  revoke(): void {
    this.#good.clear();
  }
}

/** All in seconds. */
function timesFault(issuedAt: number, endsAt: number, now: number): string | null {
  const sound = issuedAt <= now + SKEW_S && endsAt > now - SKEW_S && endsAt > issuedAt && endsAt - issuedAt <= 3600;
  return sound ? null : 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
}

function refusal(error: string, error_description: string): TokenAnswer {
  return { status: 400, body: { error, error_description } };
}

function newKey(): string {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
}

function readKey(file: string): { private_key: string; private_key_id: string } {
  return JSON.parse(readFileSync(file, 'utf8')) as { private_key: string; private_key_id: string };
}

function parse(part: string): Record<string, unknown> | null {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return null;
  }
}
