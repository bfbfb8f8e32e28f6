import type { Config } from '../config/load.ts';
import type { Settings } from '../config/table.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Change } from '../core/types.ts';
import type { Clock } from '../ports/runtime.ts';
import type { CallContext, Finding, Target, TargetRequest } from '../ports/target.ts';

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
  'osmo-hlr': () => import('./osmo-hlr/index.ts'),
};

/** The external system that the settings name; it is loaded and opened at the first use, or when warmed up. */
export class ConfiguredTarget implements Target {
  readonly name: TargetName;
  readonly #config: Config;
  readonly #clock: Clock;
  #opening: Promise<Target> | null = null;
  #target: Target | null = null;

  constructor(config: Config, clock: Clock) {
    this.name = config.settings.TARGET;
    this.#config = config;
    this.#clock = clock;
  }

  /** Loads the system's code ahead of the first call: a cold start should not pay for it, nor should the first event. */
  async warmUp(): Promise<Target> {
    this.#opening ??= this.#open();
    this.#target = await this.#opening;
    return this.#target;
  }

  async #open(): Promise<Target> {
    try {
      return (await TARGETS[this.name]()).open(this.#config, this.#clock);
    } catch (error) {
      // The next event tries again.
      this.#opening = null;
      throw error;
    }
  }

  apply(change: Change, context: CallContext): Promise<Outcome> {
    if (this.#target) return this.#target.apply(change, context);
    return this.warmUp().then((target) => target.apply(change, context));
  }

  async close(): Promise<void> {
    if (this.#opening) await (await this.#opening).close();
  }
}

export async function previewer(config: Config): Promise<(change: Change) => TargetRequest> {
  const target = await TARGETS[config.settings.TARGET]();
  return (change) => target.preview(config, change);
}

export async function probeTarget(config: Config): Promise<Finding[]> {
  return (await TARGETS[config.settings.TARGET]()).probe(config);
}
