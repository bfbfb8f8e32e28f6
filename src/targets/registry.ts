import type { Config } from '../config/load.ts';
import { type RecordingName, recordsEvents, type TargetName } from '../config/setting.ts';
import type { Event } from '../contract/event.ts';
import { failed, type Outcome } from '../core/outcome.ts';
import type { Change } from '../core/types.ts';
import type { RecordingTarget } from '../ports/recording.ts';
import type { Clock, Logger } from '../ports/runtime.ts';
import type { CallContext, Finding, Previewer, Target, TargetRequest } from '../ports/target.ts';
import type { Tracer } from '../ports/tracer.ts';
import { STOPPING } from './connect-words.ts';

type StateName = Exclude<TargetName, RecordingName>;

/** What the folder of a target that holds states exports. */
interface TargetModule {
  open(config: Config, clock: Clock): Target;
  /** What would be sent for a change, without opening anything; the settings may be incomplete. */
  preview(config: Config, change: Change): TargetRequest;
  /** Asks the system, changing nothing, whether it is there and takes our credentials. */
  probe(config: Config): Promise<Finding[]>;
}

/** Who hears of what a target that records events does. */
interface Watchers {
  readonly log?: Logger;
  readonly tracer?: Tracer;
}

/** The same of a target that records events. */
interface RecordingModule {
  open(config: Config, clock: Clock, watchers: Watchers): RecordingTarget;
  preview(config: Config, event: Event): TargetRequest;
  probe(config: Config, clock: Clock): Promise<Finding[]>;
}

/** One line per external system; each is loaded only when it is the one. */
const TARGETS: Record<StateName, () => Promise<TargetModule>> = {
  wtl: () => import('./wtl/index.ts'),
  'osmo-hlr': () => import('./osmo-hlr/index.ts'),
};

const RECORDING_TARGETS: Record<RecordingName, () => Promise<RecordingModule>> = {
  'google-sheets': () => import('./google-sheets/index.ts'),
};

/** The external system that the settings name; it is loaded and opened at the first use, or when warmed up. */
export class ConfiguredTarget implements Target {
  readonly name: StateName;
  readonly #config: Config;
  readonly #clock: Clock;
  #opening: Promise<Target> | null = null;
  #target: Target | null = null;
  #closed = false;

  /** @throws Error when the settings name a target that records events. */
  constructor(config: Config, clock: Clock) {
    this.name = stateName(config.settings.TARGET);
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
    if (this.#closed) return Promise.resolve(failed('connect_failed', STOPPING));
    return this.warmUp().then((target) => target.apply(change, context));
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#opening) await (await this.#opening).close();
  }
}

function stateName(name: TargetName): StateName {
  if (recordsEvents(name)) throw new Error(`${name} records events: it holds no states`);
  return name;
}

/** Opens the target that the settings name, when it is one that records events; its code is read now. */
export async function openRecordingTarget(
  config: Config,
  clock: Clock,
  watchers: Watchers = {},
): Promise<RecordingTarget | null> {
  const { TARGET } = config.settings;
  return recordsEvents(TARGET) ? (await RECORDING_TARGETS[TARGET]()).open(config, clock, watchers) : null;
}

/** Loads the code of the configured system; nothing is opened, and required settings may be missing. */
export async function previewer(config: Config): Promise<Previewer> {
  const { TARGET } = config.settings;
  if (!recordsEvents(TARGET)) {
    const target = await TARGETS[TARGET]();
    return (change) => target.preview(config, change);
  }
  const target = await RECORDING_TARGETS[TARGET]();
  const noState = (): never => {
    throw new Error(`${TARGET} records events: there is no state to send`);
  };
  return Object.assign(noState, { row: (event: Event) => target.preview(config, event) });
}

/** What `doctor` finds about the configured system. Changes nothing there. */
export async function probeTarget(config: Config, clock: Clock): Promise<Finding[]> {
  const { TARGET } = config.settings;
  return recordsEvents(TARGET)
    ? await (await RECORDING_TARGETS[TARGET]()).probe(config, clock)
    : await (await TARGETS[TARGET]()).probe(config);
}
