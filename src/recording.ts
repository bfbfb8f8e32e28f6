import type { Calls } from './app-operators.ts';
import { ConfigError } from './config/faults.ts';
import type { Config } from './config/load.ts';
import type { Delivery } from './delivery/arrival.ts';
import { RecordingDelivery } from './delivery/recording/delivery.ts';
import { Recorder } from './delivery/recording/recorder.ts';
import { systemClock } from './observe/clock.ts';
import type { Observer } from './ports/observer.ts';
import type { Outbox } from './ports/outbox.ts';
import type { Logger } from './ports/runtime.ts';
import type { Tracer } from './ports/tracer.ts';
import { openRecordingTarget } from './targets/registry.ts';

/** The part of the connector that is another one when the target records events (`app.ts` wires the rest). */
export interface Recording {
  readonly delivery: Delivery;
  readonly work: Recorder;
  /** One call at a time. What only somebody who mends it ends is told as an open circuit. */
  readonly attempts: Calls;
  close(): Promise<void>;
}

/** Events being stored or waited for at a time: what waits costs next to nothing. */
const CAPACITY = 5_000;

/** A start does not wait longer for Google, in milliseconds: events can be taken without it. */
const FIRST_LOOK_MS = 5_000;

/** Google gives up on a request after so long, in milliseconds (its documented limit). */
const SETTLE_MS = 180_000;

/** The longest pause after failures, in milliseconds: Google advises a minute. */
const LONGEST_REST_MS = 60_000;

/**
 * Opens the target, and looks whether what is recorded fits into what is there.
 * @returns null when the settings name a target that holds states.
 * @throws ConfigError when it has another header.
 */
export async function openRecording(
  config: Config,
  outbox: Outbox | null,
  log: Logger,
  { observer, tracer }: { observer: Observer | null; tracer: Tracer },
): Promise<Recording | null> {
  const target = await openRecordingTarget(config, systemClock, { log, tracer });
  if (!target) return null;
  // The settings were refused before (config/sheet.ts).
  if (!outbox) throw new Error('the store cannot serve a target that records events');
  const { settings } = config;
  const limits = {
    perMinute: settings.SHEET_WRITES_PER_MINUTE,
    settleMs: settings.SETTLE_AFTER === null ? SETTLE_MS : settings.SETTLE_AFTER * 1000,
    patience: settings.RETRY_COUNT,
    rest: {
      firstMs: settings.RETRY_FIRST_PAUSE * 1000,
      longestMs: Math.min(LONGEST_REST_MS, settings.RETRY_LONGEST_PAUSE * 1000),
    },
  };
  const parts = { outbox, target, clock: systemClock, random: Math.random, log, limits, observer, tracer };
  const recorder = new Recorder(parts);
  const wrong = await inTime(recorder.firstLook());
  if (wrong !== null) {
    await target.close();
    throw new ConfigError([{ name: 'SHEET_COLUMNS', message: `do not fit: ${wrong}` }]);
  }
  const waitMs = settings.DELIVERY === 'inline' ? settings.GOOGLE_HTTP_REQUESTS_TIMEOUT * 1000 : 0;
  const delivery = new RecordingDelivery({ outbox, recorder, limits: { capacity: CAPACITY, waitMs } });
  return { delivery, work: recorder, attempts: callsOf(recorder), close: () => target.close() };
}

function callsOf(recorder: Recorder): Calls {
  return {
    get circuit() {
      return recorder.circuit;
    },
    get rest() {
      return recorder.restMs;
    },
    get fault() {
      return recorder.fault?.why ?? null;
    },
    get underWay() {
      return recorder.underWay > 0 ? 1 : 0;
    },
    waiting: 0,
  };
}

/** Null when it does not come in time: then whoever goes on looks again. */
async function inTime(look: Promise<string | null>): Promise<string | null> {
  return await new Promise((resolve, reject) => {
    const cancel = systemClock.after(FIRST_LOOK_MS, () => resolve(null));
    look.then(resolve, reject).finally(cancel);
  });
}
