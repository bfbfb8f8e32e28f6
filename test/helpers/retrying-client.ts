import { setTimeout as delay } from 'node:timers/promises';
import { anEvent, stamp } from './events.ts';
import { post } from './nsps.ts';

const PAUSE_MS = 10;

/** The number that a subscriber has in his step `step`. */
export function numberAt(step: number): string {
  return String(79_000_000_000 + step);
}

/** Deliveries for many subscribers, each again until it is taken, over connectors that come and go. */
export class RetryingClient {
  /** The newest step of each subscriber that was acknowledged, by IMSI. */
  readonly newest = new Map<string, number>();
  readonly acknowledged = new Set<string>();
  readonly #eventUrl: () => string;
  #stopping = false;
  #abandoned = false;

  /** @param eventUrl where to deliver to now. */
  constructor(eventUrl: () => string) {
    this.#eventUrl = eventUrl;
  }

  /** Delivers one step of the subscriber after the other until it is told to stop, now and then an older one again. */
  async run(imsi: string): Promise<void> {
    for (let step = 1; !this.#stopping; step++) {
      const late = step > 1 && Math.random() < 0.3 ? [this.#deliver(imsi, step - 1, `${imsi}-${step}-late`)] : [];
      await Promise.all([this.#deliver(imsi, step, `${imsi}-${step}`), ...late]);
      this.newest.set(imsi, step);
    }
  }

  /** What is being delivered is delivered. */
  stop(): void {
    this.#stopping = true;
  }

  [Symbol.dispose](): void {
    this.#abandoned = true;
    this.stop();
  }

  async #deliver(imsi: string, step: number, event_id: string): Promise<void> {
    const account_info = { bill_status: 'open', blocked: false, i_account: 1, id: `${numberAt(step)}@msisdn` };
    const event = anEvent({ event_id, sim_info: { imsi }, account_info, updated_at: stamp(0, step) });
    while (!this.#abandoned) {
      const answer = await post(this.#eventUrl(), event).catch(() => null);
      if (answer?.status === 202) break;
      await delay(PAUSE_MS);
    }
    this.acknowledged.add(event_id);
  }
}
