import type { Config } from '../config/load.ts';
import type { Settings } from '../config/table.ts';
import type { Change } from '../core/types.ts';
import type { Clock } from '../ports/runtime.ts';
import type { Finding, Target, TargetRequest } from '../ports/target.ts';

type TargetName = Settings['TARGET'];

/** What a target's folder exports. */
interface TargetModule {
  open(config: Config, clock: Clock): Target;
  /** What would be sent for a change, without opening anything; the settings may be incomplete. */
  preview(config: Config, change: Change): TargetRequest;
  /** Asks the system, changing nothing, whether it is there and takes our credentials. */
  probe(config: Config): Promise<Finding[]>;
}

/** One line per external system; each is loaded only when it is the one. */
const TARGETS: Record<TargetName, () => Promise<TargetModule>> = {
  wtl: () => import('./wtl/index.ts'),
};

/** Opens the external system that the settings name. */
export async function openTarget(config: Config, clock: Clock): Promise<Target> {
  return (await TARGETS[config.settings.TARGET]()).open(config, clock);
}

export async function previewer(config: Config): Promise<(change: Change) => TargetRequest> {
  const target = await TARGETS[config.settings.TARGET]();
  return (change) => target.preview(config, change);
}

export async function probeTarget(config: Config): Promise<Finding[]> {
  return (await TARGETS[config.settings.TARGET]()).probe(config);
}
