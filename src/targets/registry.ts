import type { Config } from '../config/load.ts';
import type { Settings } from '../config/table.ts';
import type { Clock } from '../ports/runtime.ts';
import type { Target } from '../ports/target.ts';

type TargetName = Settings['TARGET'];

/** One line per external system; each is loaded only when it is the one. */
const TARGETS: Record<TargetName, (config: Config, clock: Clock) => Promise<Target>> = {
  wtl: async (config, clock) => (await import('./wtl/target.ts')).openWtl(config, clock),
};

/** Opens the external system that the settings name. */
export function openTarget(config: Config, clock: Clock): Promise<Target> {
  return TARGETS[config.settings.TARGET](config, clock);
}
