import { type CommandLine, type Option, UsageError } from './command.ts';
import { STORE_OPTION } from './store-access.ts';

/** How the commands that look into the store are told to ask a running connector instead. */
const URL_OPTION: Option = {
  type: 'string',
  value: 'url',
  help: 'Ask the running connector there instead, with ADMIN_TOKEN: http://127.0.0.1:8000.',
};

/** Where the commands that look at events and subscribers look. */
export const PLACE_OPTIONS = { store: STORE_OPTION, url: URL_OPTION } as const satisfies Record<string, Option>;

/**
 * Whether a running connector is to be asked rather than the store.
 * @param onlyStore options that need the store.
 * @throws UsageError naming an option that does not go with `--url`, or is empty.
 */
export function isRemote({ positionals, values, flags }: CommandLine, ...onlyStore: readonly string[]): boolean {
  if (values['url'] === undefined) return false;
  if (values['store'] !== undefined) throw new UsageError('--url and --store exclude each other');
  const wrong = onlyStore.find((name) => values[name] !== undefined || flags[name] === true);
  if (wrong !== undefined) {
    throw new UsageError(`--${wrong} needs the store, and does not go with --url: use --store or STORE_URL`);
  }
  // To the admin API an empty parameter is one that was not given: it would choose everything.
  const empty = Object.keys(values).find((name) => values[name] === '');
  if (empty !== undefined) throw new UsageError(`--${empty} must not be empty`);
  if (positionals.includes('')) throw new UsageError('an event id must not be empty');
  return true;
}
