import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { sameToken } from './doors.ts';
import { ConfigError, Faults } from './faults.ts';
import { readServiceKey } from './google-key.ts';
import { ServiceKeyFile } from './google-key-file.ts';
import { misspeltNames } from './misspelt.ts';
import { Secret } from './secret.ts';
import type { Setting } from './setting.ts';
import { sheetFaults } from './sheet.ts';
import { fileWords, systemCode } from './system-words.ts';
import { SECRET_NAMES, SETTING_NAMES, SETTINGS, type SecretName, type SettingName, type Settings } from './table.ts';
import { readTls, type Tls } from './tls.ts';

/** Variables by name; undefined is as good as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

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
  return new Reader(environment, options.requireAll ?? true).read();
}

class Reader {
  readonly #faults = new Faults();
  readonly #environment: Environment;
  readonly #requireAll: boolean;
  readonly #secretFiles = new Map<SecretName, string>();

  constructor(environment: Environment, requireAll: boolean) {
    this.#environment = environment;
    this.#requireAll = requireAll;
  }

  /** @throws ConfigError with every fault. */
  read(): Config {
    const values = SETTING_NAMES.map((name) => [name, this.#value(name)] as const);
    const settings = Object.freeze(Object.fromEntries(values)) as unknown as Settings;
    this.#checkMetrics(settings);
    this.#checkOperators(settings);
    const tls = readTls(settings, this.#faults);
    const googleKey = this.#googleKey(settings);
    if (this.#faults.all.length > 0) throw new ConfigError(this.#faults.all);
    return {
      settings,
      tls,
      googleKey,
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
      if (this.#isMissed(setting) && !this.#faults.has(name)) {
        this.#faults.add(name, `is required: ${setting.kind.expected}`);
      }
      return null;
    }
    try {
      return setting.kind.parse(text);
    } catch (error) {
      const more = error instanceof Error && error.message !== '' ? ` (${error.message})` : '';
      // What a secret holds must not be told, not even when it is wrong.
      const found = setting.secret || setting.kind.mayHideSecret?.(text) ? '' : `, not ${JSON.stringify(text)}`;
      this.#faults.add(name, `must be ${setting.kind.expected}${found}${more}`);
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
      this.#faults.add(name, `and ${name}_FILE are both set: keep one`);
      return undefined;
    }
    this.#secretFiles.set(name, file);
    return this.#readSecret(name, file);
  }

  #readSecret(name: SecretName, file: string): string | undefined {
    if (!('required' in SETTINGS[name]) && !existsSync(file)) return undefined;
    const content = this.#faults.readFile(`${name}_FILE`, file)?.trim();
    if (content === '' && 'required' in SETTINGS[name]) this.#faults.add(`${name}_FILE`, `${file} is empty`);
    return content || undefined;
  }

  /** Whoever reads metrics must not be able to send events. */
  #checkMetrics({ METRICS_TOKEN: token, METRICS_PORT: port, ...settings }: Settings): void {
    const { API_TOKEN: own, API_TOKEN_PREVIOUS: previous } = settings;
    for (const [name, other] of Object.entries({ API_TOKEN: own, API_TOKEN_PREVIOUS: previous })) {
      if (!token || token.reveal() === '' || token.reveal() !== other?.reveal()) continue;
      this.#faults.add('METRICS_TOKEN', `must be another token than ${name}: whoever reads metrics could send events`);
    }
    if (port !== null && port !== 0 && port === settings.PORT) {
      this.#faults.add('METRICS_PORT', `must be another port than PORT, not ${port}`);
    }
  }

  /** What is asked of the settings together when the target is a sheet, and the key that one of them names. */
  #googleKey(settings: Settings): ServiceKeyFile | null {
    if (settings.TARGET !== 'google-sheets') return null;
    this.#faults.all.push(...sheetFaults(settings, this.#requireAll));
    const path = settings.GOOGLE_CREDENTIALS_PATH;
    if (path === null || !this.#requireAll) return null;
    const json = this.#faults.readFile('GOOGLE_CREDENTIALS_PATH', path);
    const key = json === undefined ? null : readServiceKey(json);
    if (typeof key === 'string') this.#faults.add('GOOGLE_CREDENTIALS_PATH', `${path} ${key}`);
    return typeof key === 'object' && key ? new ServiceKeyFile(path, key) : null;
  }

  /** Whoever may send events, or read metrics, must not be able to read and replay events. */
  #checkOperators(settings: Settings): void {
    for (const name of ['ADMIN_TOKEN', 'CONSOLE_TOKEN'] as const) {
      const same = sameToken(name, (other) => settings[other]?.reveal());
      if (same) this.#faults.add(name, `must not be the same as ${same}: each opens a door of its own`);
    }
  }
}

function isSecretName(name: string): name is SecretName {
  return (SECRET_NAMES as readonly string[]).includes(name);
}
