import { existsSync, unwatchFile, watchFile } from 'node:fs';
import type { Logger } from '../ports/runtime.ts';
import { sameToken } from './doors.ts';
import type { Config } from './load.ts';
import { readSmallFile } from './small-file.ts';
import { fileWords } from './system-words.ts';
import { SETTINGS, type SecretName } from './table.ts';

/** How often the files are looked at, in milliseconds. Polling also sees the symbolic links that Kubernetes swaps. */
const POLL_MS = 1_000;

/** What a file holds now, or why that cannot be used. */
type Found = { readonly fresh: string } | { readonly reason: string };

/**
 * Keeps secrets, and the key of the service account, equal to the files they came from. A file that cannot be used leaves the
 * old secret in force. Whichever file changed, all of them are read together: two tokens may change places, and only the end
 * of that is to be judged.
 */
export class SecretFiles {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #listeners: { readonly path: string; readonly listener: () => void }[] = [];
  /** What was said of a file last, so that it is not said again when only another one changes. */
  readonly #said = new Map<SecretName, string>();

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  watch(): void {
    const { secretFiles, googleKey } = this.#config;
    for (const [name, path] of secretFiles) {
      this.#watch(path, () => {
        this.#said.delete(name);
        this.#reload();
      });
    }
    if (googleKey) this.#watch(googleKey.path, () => googleKey.reread(this.#log));
  }

  #watch(path: string, listener: () => void): void {
    watchFile(path, { interval: POLL_MS, persistent: false }, listener);
    this.#listeners.push({ path, listener });
  }

  /** Reads all files again now (SIGHUP). */
  reload(): void {
    this.#said.clear();
    this.#reload();
    this.#config.googleKey?.reread(this.#log);
  }

  close(): void {
    for (const { path, listener } of this.#listeners.splice(0)) unwatchFile(path, listener);
  }

  #reload(): void {
    const found = new Map<SecretName, Found>();
    for (const [name, path] of this.#config.secretFiles) {
      if (this.#config.settings[name]) found.set(name, readSecret(name, path));
    }
    this.#refuseSame(found);
    for (const [name, one] of found) {
      if ('reason' in one) this.#keep(name, one.reason);
      else this.#replace(name, one.fresh);
    }
  }

  /**
   * Refuses a new token that would open another's door: the old one stays. That may be equal to a new one of a third door, so
   * it is looked again until nothing more is refused.
   */
  #refuseSame(found: Map<SecretName, Found>): void {
    const tokenOf = (name: SecretName) => {
      const one = found.get(name);
      return one && 'fresh' in one ? one.fresh : this.#config.settings[name]?.reveal();
    };
    for (;;) {
      const wrong = [...found].flatMap(([name, one]) => {
        const same = 'fresh' in one && this.#isNew(name, one.fresh) ? sameToken(name, tokenOf) : null;
        return same ? [{ name, reason: `the same as ${same}` }] : [];
      });
      if (wrong.length === 0) return;
      for (const { name, reason } of wrong) found.set(name, { reason });
    }
  }

  #isNew(name: SecretName, fresh: string): boolean {
    return fresh !== this.#config.settings[name]?.reveal();
  }

  #replace(name: SecretName, fresh: string): void {
    this.#said.delete(name);
    if (!this.#isNew(name, fresh)) return;
    this.#config.settings[name]?.replace(fresh);
    const file = this.#config.secretFiles.get(name);
    this.#log.info({ setting: name, file }, fresh === '' ? 'Secret revoked' : 'Secret reloaded');
  }

  #keep(name: SecretName, reason: string): void {
    if (this.#said.get(name) === reason) return;
    this.#said.set(name, reason);
    const file = this.#config.secretFiles.get(name);
    this.#log.warn({ setting: name, file, reason }, 'Secret file cannot be used; the old secret stays in force');
  }
}

/**
 * Secrets that need not be set, and are not since their file is not there: it may be still to come, or its path be wrong.
 * @returns of each the setting that names the file, and what to say of it.
 */
export function absentSecretFiles({ secretFiles }: Config): { readonly setting: string; readonly words: string }[] {
  return [...secretFiles]
    .filter(([, path]) => !existsSync(path))
    .map(([name, path]) => ({
      setting: `${name}_FILE`,
      words: `names ${path}, which is not there: ${name} is not set until it is`,
    }));
}

/** Holds '' when an optional secret's file is empty or gone: that is how a token is revoked. Never throws. */
function readSecret(name: SecretName, path: string): Found {
  const optional = !('required' in SETTINGS[name]);
  let text: string;
  try {
    text = optional && !existsSync(path) ? '' : readSmallFile(path).trim();
  } catch (error) {
    return { reason: fileWords(error) };
  }
  const { kind } = SETTINGS[name];
  try {
    return { fresh: optional && text === '' ? '' : kind.parse(text).reveal() };
  } catch {
    return { reason: `not ${kind.expected}` };
  }
}
