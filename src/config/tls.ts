import { X509Certificate } from 'node:crypto';
import type { Faults } from './faults.ts';
import { systemCode } from './system-words.ts';
import type { Settings } from './table.ts';

/** What a connection to the core shows and trusts, in PEM. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

type TlsSettings = Pick<Settings, 'WTL_CA_FILE' | 'WTL_CLIENT_CERT_FILE' | 'WTL_CLIENT_KEY_FILE' | 'WTL_API_URL'>;

const NAMES = { ca: 'WTL_CA_FILE', cert: 'WTL_CLIENT_CERT_FILE', key: 'WTL_CLIENT_KEY_FILE' } as const;

/**
 * The certificates and the key that the settings name.
 * @param faults takes what is wrong with them; what cannot be read is left out of the answer.
 */
export function readTls(settings: TlsSettings, faults: Faults): Tls {
  const [cert, key] = [settings.WTL_CLIENT_CERT_FILE, settings.WTL_CLIENT_KEY_FILE];
  if ((cert === null) !== (key === null)) {
    faults.add(cert === null ? NAMES.cert : NAMES.key, 'is required by the other of the two');
  }
  const texts = (['ca', 'cert', 'key'] as const).flatMap((part) => {
    const path = settings[NAMES[part]];
    const text = path === null ? undefined : readPem(part, path, faults);
    return text === undefined ? [] : [[part, text] as const];
  });
  if (texts.length > 0 && settings.WTL_API_URL?.protocol === 'http:') {
    faults.add('WTL_API_URL', 'must be an https:// URL when certificates are given');
  }
  const tls: Tls = Object.fromEntries(texts);
  if (texts.length > 0 && faults.all.length === 0) tryTls(tls, faults);
  return tls;
}

function readPem(part: keyof Tls, path: string, faults: Faults): string | undefined {
  const text = faults.readFile(NAMES[part], path);
  if (text === undefined) return undefined;
  const readable = part === 'key' ? /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) : isCertificate(text);
  if (!readable) faults.add(NAMES[part], `${path} holds no PEM ${part === 'key' ? 'private key' : 'certificate'}`);
  return text;
}

/** Finds what only shows when the parts are put together: a key of another certificate, or one with a pass phrase. */
function tryTls(tls: Tls, faults: Faults): void {
  try {
    // Loaded only for those who use it: it costs a cold start some milliseconds.
    process.getBuiltinModule('node:tls').createSecureContext(tls);
  } catch (error) {
    faults.add(NAMES.key, `cannot be used with the certificate (${systemCode(error)})`);
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}
