import { type StoreLocation, storeUrl } from '../config/kinds.ts';
import { type Config, loadConfig, readEnvironment } from '../config/load.ts';
import { type Store, StoreError } from '../ports/store.ts';
import { readStore } from '../store/open.ts';
import { type CommandLine, EXIT, type Option, optionOf, PlainError } from './command.ts';

/** How the commands that look into the store are told which one. */
export const STORE_OPTION: Option = {
  type: 'string',
  value: 'url',
  help: 'The store to look into; STORE_URL when absent.',
};

/** Exit codes that all of them share. */
export const STORE_EXITS = {
  69: 'the store cannot be opened, or the connector cannot be asked',
  78: 'settings are wrong',
} as const;

/** What they print of subscribers is for the operator who asks. */
export const NOT_MASKED = 'IMSIs and numbers are shown in full, whatever LOG_PII says: that is for logs.';

/**
 * Opens the store beside the connector that may be running on it, does the work, and closes it.
 * @throws UsageError, ConfigError, or PlainError (69) saying why the store cannot be opened or used.
 */
export async function withStore(
  line: CommandLine,
  work: (store: Store, config: Config) => Promise<number>,
): Promise<number> {
  const config = configOf(line);
  const store = await plainly(line, openGuest(config));
  try {
    return await plainly(line, work(store, config));
  } finally {
    await store.close();
  }
}

function configOf(line: CommandLine): Config {
  const named = line.values['store'];
  if (named === undefined) return loadConfig(readEnvironment(), { requireAll: false });
  // Said of the option rather than of the setting.
  optionOf(storeUrl, 'store', named);
  return loadConfig({ ...readEnvironment(), STORE_URL: named }, { requireAll: false });
}

async function openGuest({ settings }: Config): Promise<Store> {
  refuseMemory(settings.STORE_URL);
  return await (await readStore(settings))('guest');
}

function refuseMemory({ kind }: StoreLocation): void {
  if (kind !== 'memory') return;
  throw new StoreError(
    'memory: is inside the connector, where no other process can look: ask it with --url, or give both a file (sqlite:…) or postgres://…',
    { passing: false },
  );
}

async function plainly<T>(line: CommandLine, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const name = line.values['store'] === undefined ? 'STORE_URL' : '--store';
    throw new PlainError(`${name}: ${error.message}`, EXIT.unavailable);
  }
}
