import { RecordingDelivery } from '../../src/delivery/recording/delivery.ts';
import { Recorder } from '../../src/delivery/recording/recorder.ts';
import { systemClock } from '../../src/observe/clock.ts';
import type { Outbox } from '../../src/ports/outbox.ts';
import type { RecordingTarget } from '../../src/ports/recording.ts';
import { directStore } from './direct-store.ts';
import { memoryLog } from './log.ts';
import { until } from './polling.ts';
import { entryOf } from './subscribers.ts';

/** How long NSPS waits for a row, in milliseconds. */
const WAIT_MS = 5_000;

/**
 * All that stands between an event and its row: an outbox, the recorder, and NSPS, which sends again what was not recorded.
 * @param settleMs how long an append without a known result may still be applied, in milliseconds.
 */
export function recordingSite(target: RecordingTarget, settleMs: number) {
  const store = directStore();
  const outbox = store.outbox as Outbox;
  const recorder = new Recorder({
    outbox,
    target,
    clock: systemClock,
    random: Math.random,
    log: memoryLog(),
    limits: { perMinute: 6_000, settleMs, patience: 3, rest: { firstMs: 20, longestMs: 200 } },
  });
  recorder.start();
  const delivery = new RecordingDelivery({ outbox, recorder, limits: { capacity: 1_000, waitMs: WAIT_MS } });
  const deliver = (eventId: string) => {
    const { state: _state, why: _why, status: _status, attempts: _attempts, ...draft } = entryOf(0, { eventId });
    const body = Buffer.from(JSON.stringify({ event_id: eventId, data: { event_type: 'SIM/Updated' } }));
    return delivery.deliver({ decision: { kind: 'record' }, draft: { ...draft, body } }, []);
  };
  const stop = async () => {
    await recorder.stop();
    await store.close();
  };
  return {
    /** Sends an event until it is known to be recorded. */
    recorded: (eventId: string) =>
      until(`${eventId} is recorded`, async () => (await deliver(eventId)).kind === 'processed'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
