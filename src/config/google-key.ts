import { createPrivateKey } from 'node:crypto';
import { Secret } from './secret.ts';

/** A service account's key, as Google Cloud gives it in a file. */
export interface ServiceKey {
  readonly email: string;
  readonly keyId: string | null;
  /** PEM. */
  readonly privateKey: Secret;
  /** Where a token is had for it. */
  readonly tokenUri: URL;
}

/** @returns the key, or what is wrong with the file, in words that complete "<file> …". Nothing of the key is told. */
export function readServiceKey(json: string): ServiceKey | string {
  const fields = parse(json);
  if (!fields) return 'is not JSON: a service account key is expected';
  const { type, client_email: email, private_key: pem, private_key_id: keyId, token_uri: uri } = fields;
  if (type !== 'service_account') return 'is no key of a service account ("type" must be "service_account")';
  if (typeof email !== 'string' || email === '') return 'has no "client_email"';
  if (typeof pem !== 'string' || !isRsaKey(pem)) return 'has no RSA key in "private_key" that can be read';
  const tokenUri = typeof uri === 'string' ? URL.parse(uri) : null;
  if (!tokenUri || !/^https?:$/.test(tokenUri.protocol)) return 'has no address in "token_uri"';
  return { email, keyId: typeof keyId === 'string' ? keyId : null, privateKey: new Secret(pem), tokenUri };
}

function parse(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
