import { existsSync, readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Logger } from '../ports/runtime.ts';
import { type Config, sameToken } from './load.ts';
import { SETTINGS, type SecretName } from './table.ts';

/** How often the files are looked at, in milliseconds. Polling also sees the symbolic links that Kubernetes swaps. */
const POLL_MS = 1_000;

/** Keeps secrets, and the key of the service account, equal to the files they came from. A file that cannot be used leaves the old secret in force. */
export class SecretFiles {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #listeners: { readonly path: string; readonly listener: () => void }[] = [];

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  watch(): void {
    const { secretFiles, googleKey } = this.#config;
    for (const [name, path] of secretFiles) this.#watch(path, () => this.#reload(name, path));
    if (googleKey) this.#watch(googleKey.path, () => googleKey.reread(this.#log));
  }

  #watch(path: string, listener: () => void): void {
    watchFile(path, { interval: POLL_MS, persistent: false }, listener);
    this.#listeners.push({ path, listener });
  }

  /** Reads all files again now (SIGHUP). */
  reload(): void {
    for (const [name, path] of this.#config.secretFiles) this.#reload(name, path);
    this.#config.googleKey?.reread(this.#log);
  }

  close(): void {
    for (const { path, listener } of this.#listeners.splice(0)) unwatchFile(path, listener);
  }

  #reload(name: SecretName, path: string): void {
    const current = this.#config.settings[name];
    if (!current) return;
    try {
      const fresh = readSecret(name, path);
      if (fresh === current.reveal()) return;
      const same = sameToken(name, fresh, this.#config.settings);
      if (same) throw Object.assign(new Error(), { code: `the same as ${same}` });
      current.replace(fresh);
      this.#log.info({ setting: name, file: path }, fresh === '' ? 'Secret revoked' : 'Secret reloaded');
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? error.code : `not ${SETTINGS[name].kind.expected}`;
      this.#log.warn(
        { setting: name, file: path, reason },
        'Secret file cannot be used; the old secret stays in force',
      );
    }
  }
}

/** @returns '' when an optional secret's file is empty or gone: that is how a token is revoked. */
function readSecret(name: SecretName, path: string): string {
  const optional = !('required' in SETTINGS[name]);
  if (optional && !existsSync(path)) return '';
  const text = readFileSync(path, 'utf8').trim();
  return optional && text === '' ? '' : SETTINGS[name].kind.parse(text).reveal();
}
