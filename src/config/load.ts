import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { sameToken } from './doors.ts';
import { readServiceKey } from './google-key.ts';
import { ServiceKeyFile } from './google-key-file.ts';
import { misspeltNames } from './misspelt.ts';
import { Secret } from './secret.ts';
import type { Setting } from './setting.ts';
import { sheetFaults } from './sheet.ts';
import { fileWords, systemCode } from './system-words.ts';
import { SECRET_NAMES, SETTING_NAMES, SETTINGS, type SecretName, type SettingName, type Settings } from './table.ts';

/** Variables by name; undefined is as good as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One thing wrong with the settings: the name, and what is expected of it. Never holds a value that is a secret. */
export interface SettingFault {
  readonly name: string;
  readonly message: string;
}

/** Carries every fault at once: fixing them one restart at a time is no pleasure. */
export class ConfigError extends Error {
  readonly faults: readonly SettingFault[];

  constructor(faults: readonly SettingFault[]) {
    super(`${faults.length} setting${faults.length === 1 ? ' is' : 's are'} wrong`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** What a connection to the core shows and trusts, in PEM. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The settings, and what was read from the files that they name. */
export interface Config {
  readonly settings: Settings;
  /** Texts of the files named by `WTL_CA_FILE`, `WTL_CLIENT_CERT_FILE`, `WTL_CLIENT_KEY_FILE`. */
  readonly tls: Tls;
  /** The key in the file named by `GOOGLE_CREDENTIALS_PATH`, which changes with it; null when it is not needed. */
  readonly googleKey: ServiceKeyFile | null;
  /** Secrets that came from a file, and may change with it. */
  readonly secretFiles: ReadonlyMap<SecretName, string>;
  /** Variables that look like settings and are none: most likely misspelt. */
  readonly unknown: readonly string[];
}

/** The environment over the `.env` file of the working directory; an empty value counts as not set. */
export function readEnvironment(environment: Environment = process.env, file = '.env'): Environment {
  const merged: Record<string, string> = {};
  for (const source of [readDotEnv(file), environment]) {
    for (const [name, value] of Object.entries(source)) {
      if (value !== undefined && value !== '') merged[name] = value;
    }
  }
  return merged;
}

function readDotEnv(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return {};
    throw new ConfigError([{ name: file, message: `cannot be read: ${fileWords(error)}` }]);
  }
}

/**
 * Reads and checks all settings.
 * @param options.requireAll false for commands that call nobody: a required setting may then be absent (null).
 * @throws ConfigError with every fault.
 */
export function loadConfig(environment: Environment, options: { requireAll?: boolean } = {}): Config {
  const reader = new Reader(environment, options.requireAll ?? true);
  const config = reader.read();
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return config;
}

class Reader {
  readonly faults: SettingFault[] = [];
  readonly #environment: Environment;
  readonly #requireAll: boolean;
  readonly #secretFiles = new Map<SecretName, string>();

  constructor(environment: Environment, requireAll: boolean) {
    this.#environment = environment;
    this.#requireAll = requireAll;
  }

  read(): Config {
    const values = SETTING_NAMES.map((name) => [name, this.#value(name)] as const);
    const settings = Object.freeze(Object.fromEntries(values)) as unknown as Settings;
    this.#checkMetrics(settings);
    this.#checkOperators(settings);
    return {
      settings,
      tls: this.#tls(settings),
      googleKey: this.#googleKey(settings),
      secretFiles: this.#secretFiles,
      unknown: misspeltNames(Object.keys(this.#environment)),
    };
  }

  #value(name: SettingName): unknown {
    const setting: Setting = SETTINGS[name];
    const text = this.#text(name) ?? setting.fallback;
    if (text === undefined) {
      // The file is still to come, or was emptied to revoke the token. An empty secret is one that nobody can present.
      if (isSecretName(name) && this.#secretFiles.has(name) && !setting.required) return new Secret('');
      if (this.#isMissed(setting) && !this.#hasFault(name)) {
        this.#fault(name, `is required: ${setting.kind.expected}`);
      }
      return null;
    }
    try {
      return setting.kind.parse(text);
    } catch (error) {
      const more = error instanceof Error && error.message !== '' ? ` (${error.message})` : '';
      // What a secret holds must not be told, not even when it is wrong.
      const found = setting.secret || setting.kind.mayHideSecret?.(text) ? '' : `, not ${JSON.stringify(text)}`;
      this.#fault(name, `must be ${setting.kind.expected}${found}${more}`);
      return null;
    }
  }

  /** Whether it has to be set: what only another system than the one to provision needs may be absent. */
  #isMissed({ required, target }: Setting): boolean {
    if (!required || !this.#requireAll) return false;
    const wanted = this.#environment['TARGET'] ?? SETTINGS.TARGET.fallback;
    return target === undefined || target === wanted.toLowerCase();
  }

  #text(name: SettingName): string | undefined {
    const text = this.#environment[name];
    if (!isSecretName(name)) return text;
    const file = this.#environment[`${name}_FILE`];
    if (file === undefined) return text;
    if (text !== undefined) {
      this.#fault(name, `and ${name}_FILE are both set: keep one`);
      return undefined;
    }
    this.#secretFiles.set(name, file);
    return this.#readSecret(name, file);
  }

  #readSecret(name: SecretName, file: string): string | undefined {
    if (!('required' in SETTINGS[name]) && !existsSync(file)) return undefined;
    const content = this.#file(`${name}_FILE`, file)?.trim();
    if (content === '' && 'required' in SETTINGS[name]) this.#fault(`${name}_FILE`, `${file} is empty`);
    return content || undefined;
  }

  #file(name: string, path: string): string | undefined {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      this.#fault(name, `cannot read ${path}: ${fileWords(error)}`);
      return undefined;
    }
  }

  /** Whoever reads metrics must not be able to send events. */
  #checkMetrics({ METRICS_TOKEN: token, METRICS_PORT: port, ...settings }: Settings): void {
    const { API_TOKEN: own, API_TOKEN_PREVIOUS: previous } = settings;
    for (const [name, other] of Object.entries({ API_TOKEN: own, API_TOKEN_PREVIOUS: previous })) {
      if (!token || token.reveal() === '' || token.reveal() !== other?.reveal()) continue;
      this.#fault('METRICS_TOKEN', `must be another token than ${name}: whoever reads metrics could send events`);
    }
    if (port !== null && port !== 0 && port === settings.PORT) {
      this.#fault('METRICS_PORT', `must be another port than PORT, not ${port}`);
    }
  }

  #tls(settings: Settings): Tls {
    const [cert, key] = [settings.WTL_CLIENT_CERT_FILE, settings.WTL_CLIENT_KEY_FILE];
    if ((cert === null) !== (key === null)) {
      this.#fault(
        cert === null ? 'WTL_CLIENT_CERT_FILE' : 'WTL_CLIENT_KEY_FILE',
        'is required by the other of the two',
      );
    }
    const named = { ca: settings.WTL_CA_FILE, cert, key };
    const texts = Object.entries(named).flatMap(([part, path]) => {
      const text = path === null ? undefined : this.#pem(part as keyof typeof named, path);
      return text === undefined ? [] : [[part, text] as const];
    });
    if (texts.length > 0 && settings.WTL_API_URL?.protocol === 'http:') {
      this.#fault('WTL_API_URL', 'must be an https:// URL when certificates are given');
    }
    const tls: Tls = Object.fromEntries(texts);
    this.#tryTls(tls);
    return tls;
  }

  /** Finds what only shows when the parts are put together: a key of another certificate, or one with a pass phrase. */
  #tryTls(tls: Tls): void {
    if (Object.keys(tls).length === 0 || this.faults.length > 0) return;
    try {
      // Loaded only for those who use it: it costs a cold start some milliseconds.
      process.getBuiltinModule('node:tls').createSecureContext(tls);
    } catch (error) {
      this.#fault('WTL_CLIENT_KEY_FILE', `cannot be used with the certificate (${systemCode(error)})`);
    }
  }

  #pem(part: keyof Tls, path: string): string | undefined {
    const name = { ca: 'WTL_CA_FILE', cert: 'WTL_CLIENT_CERT_FILE', key: 'WTL_CLIENT_KEY_FILE' }[part];
    const text = this.#file(name, path);
    if (text === undefined) return undefined;
    const readable = part === 'key' ? /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) : isCertificate(text);
    if (!readable) this.#fault(name, `${path} holds no PEM ${part === 'key' ? 'private key' : 'certificate'}`);
    return text;
  }

  /** What is asked of the settings together when the target is a sheet, and the key that one of them names. */
  #googleKey(settings: Settings): ServiceKeyFile | null {
    if (settings.TARGET !== 'google-sheets') return null;
    this.faults.push(...sheetFaults(settings, this.#requireAll));
    const path = settings.GOOGLE_CREDENTIALS_PATH;
    if (path === null || !this.#requireAll) return null;
    const json = this.#file('GOOGLE_CREDENTIALS_PATH', path);
    const key = json === undefined ? null : readServiceKey(json);
    if (typeof key === 'string') this.#fault('GOOGLE_CREDENTIALS_PATH', `${path} ${key}`);
    return typeof key === 'object' && key ? new ServiceKeyFile(path, key) : null;
  }

  /** Whoever may send events, or read metrics, must not be able to read and replay events. */
  #checkOperators(settings: Settings): void {
    for (const name of ['ADMIN_TOKEN', 'CONSOLE_TOKEN'] as const) {
      const same = sameToken(name, (other) => settings[other]?.reveal());
      if (same) this.#fault(name, `must not be the same as ${same}: each opens a door of its own`);
    }
  }

  #hasFault(name: string): boolean {
    return this.faults.some((fault) => fault.name.startsWith(name));
  }

  #fault(name: string, message: string): void {
    this.faults.push({ name, message });
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}

function isSecretName(name: string): name is SecretName {
  return (SECRET_NAMES as readonly string[]).includes(name);
}
