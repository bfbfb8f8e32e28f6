import { createHash } from 'node:crypto';
import type { Logger } from '../ports/runtime.ts';
import { readServiceKey, type ServiceKey } from './google-key.ts';
import { readSmallFile } from './small-file.ts';
import { fileWords } from './system-words.ts';

const SETTING = 'GOOGLE_CREDENTIALS_PATH';

/** A service account's key, kept equal to the file it came from. A file that holds none leaves the former in force. */
export class ServiceKeyFile {
  readonly path: string;
  #current: ServiceKey;
  /** What the file held when it could not be used, as a digest or a fault: it is said once. */
  #useless: string | null = null;

  constructor(path: string, key: ServiceKey) {
    this.path = path;
    this.#current = key;
  }

  /** Another object when it is another key. */
  get current(): ServiceKey {
    return this.#current;
  }

  /**
   * Reads the file again. Never throws, and logs nothing of what a key keeps secret.
   * @returns whether there is another key now.
   */
  reread(log: Logger): boolean {
    const found = contentOf(this.path);
    const key = found.json === null ? found.fault : readServiceKey(found.json);
    if (typeof key === 'string') {
      if (found.mark !== this.#useless) {
        log.warn(
          { setting: SETTING, file: this.path, reason: key },
          'Service account key cannot be used; the former key stays in force',
        );
      }
      this.#useless = found.mark;
      return false;
    }
    this.#useless = null;
    if (same(key, this.#current)) return false;
    this.#current = key;
    log.info(this.#fields, 'Service account key reloaded');
    return true;
  }

  /** Google does not take what the file holds. @param why in its words. */
  refused(log: Logger, why: string): void {
    log.warn(
      { ...this.#fields, error: why },
      'Google refuses the new service account key; the former key stays in force',
    );
  }

  get #fields() {
    const { email, keyId } = this.#current;
    return { setting: SETTING, file: this.path, account: email, key_id: keyId };
  }
}

function contentOf(
  path: string,
): { json: string; fault: null; mark: string } | { json: null; fault: string; mark: string } {
  try {
    const json = readSmallFile(path);
    return { json, fault: null, mark: createHash('sha256').update(json).digest('hex') };
  } catch (error) {
    const fault = `cannot be read: ${fileWords(error)}`;
    return { json: null, fault, mark: fault };
  }
}

function same(one: ServiceKey, other: ServiceKey): boolean {
  return (
    one.email === other.email &&
    one.keyId === other.keyId &&
    one.tokenUri.href === other.tokenUri.href &&
    one.privateKey.reveal() === other.privateKey.reveal()
  );
}
