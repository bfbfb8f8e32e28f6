import { storeName } from './config/kinds.ts';
import type { Config } from './config/load.ts';
import type { Logger } from './ports/runtime.ts';
import type { Store } from './ports/store.ts';
import { readStore } from './store/open.ts';

const NEW_STORE =
  'A new, empty store was made: nothing is known of any subscriber. Not the first start? See "A lost store" in the runbook';

const CLOCK_SET =
  "This machine's clock was set, or the machine slept: those who wait go on waiting for what was left, by the clock as it is now";

/**
 * Reads the code of a connector's store. A volume that was lost, or a folder that is not the one it was, looks like a first
 * start: whoever knows better has to see it in the log.
 * @returns what opens the store. @throws StoreError, that does, saying why it cannot be opened.
 */
export async function readOwnStore(settings: Config['settings'], log: Logger): Promise<() => Promise<Store>> {
  const open = await readStore(settings);
  const listeners = {
    onNew: () => log.warn({ store: storeName(settings.STORE_URL) }, NEW_STORE),
    onClockSet: (byMs: number) => log.warn({ set_by_s: Math.round(byMs / 1000) }, CLOCK_SET),
  };
  return () => open('owner', listeners);
}
