import { setTimeout as delay } from 'node:timers/promises';
import type { Subscriber, Wanted } from '../core/subscriber.ts';
import { compareVersions } from '../core/version.ts';
import type { Result } from '../operate/result.ts';
import { NOT_KNOWN } from '../operate/wording.ts';
import type { Attempt, StoredEvent, Views } from '../ports/store.ts';
import { type CommandLine, type Option, wholeNumber } from './command.ts';

export const WAIT_OPTIONS = {
  'no-wait': { type: 'boolean', help: 'Do not wait until the connector has done it.' },
  timeout: {
    type: 'string',
    default: '30',
    value: 'seconds',
    help: 'Give up waiting when nothing was done for so long.',
  },
} as const satisfies Record<string, Option>;

/** How often the store is asked what was done, in milliseconds. */
const LOOK_AGAIN_MS = 100;

/** How long to wait while nothing happens. Begins with the first `renew`; once it is over, it is over. */
export class Patience {
  readonly #ms: number;
  #until = Number.POSITIVE_INFINITY;

  /** @throws UsageError when `--timeout` is wrong. */
  static of(line: CommandLine): Patience {
    return new Patience(wholeNumber(line, 'timeout', 1, 86_400) * 1000);
  }

  private constructor(ms: number) {
    this.#ms = ms;
  }

  get over(): boolean {
    return performance.now() >= this.#until;
  }

  renew(): void {
    if (!this.over) this.#until = performance.now() + this.#ms;
  }
}

/** Something that the connector was asked to do. @returns how it stands; `waiting` while it does. */
export type Look = () => Promise<Result>;

/** Waits until all of it is done, or patience is over; `tell` hears each result once. */
export async function waitFor(looks: readonly Look[], patience: Patience, tell: (result: Result) => void) {
  let pending = looks;
  patience.renew();
  while (pending.length > 0) {
    const last = patience.over;
    const left: Look[] = [];
    for (const look of pending) {
      const result = await look();
      if (result.status === 'waiting' && !last) left.push(look);
      else tell(result);
    }
    if (left.length < pending.length) patience.renew();
    pending = left;
    if (pending.length > 0) await delay(LOOK_AGAIN_MS);
  }
}

/** How a replayed event stands. @param lastAt when it was called for last before that, in milliseconds since 1970. */
export function lookAtEvent(views: Pick<Views, 'event'>, subject: string, lastAt: number): Look {
  return async () => {
    const event = await views.event(subject);
    if (!event) return { subject, status: 'unknown', why: 'it was deleted meanwhile' };
    const why = event.why ?? failureSince(event.attempts, lastAt);
    const told = { subject, ...(why !== undefined && { why }) };
    switch (event.state) {
      case 'queued':
        return { ...told, status: 'waiting' };
      case 'processed':
        return { subject, status: 'done' };
      default:
        return { ...told, status: event.state };
    }
  };
}

/**
 * How a dead letter stands that is tried again, told as its event. What the core confirmed once and refused to confirm again
 * is a dead letter, too: its event counts as processed while it is tried.
 */
export function lookAtLetter(
  views: Pick<Views, 'event' | 'subscriber'>,
  { imsi, eventId: subject }: { imsi: string; eventId: string },
  lastAt: number,
): Look {
  const lookAgain = lookAtEvent(views, subject, lastAt);
  return async () => {
    const result = await lookAgain();
    const found = result.status === 'done' ? await views.subscriber(imsi) : null;
    if (!found) return result;
    if (found.dead !== null) return { subject, status: 'dead', why: found.dead };
    return found.waitingSince === null ? result : { subject, status: 'waiting' };
  };
}

/**
 * How a subscriber stands whose newest state was asked for again.
 * @param before the subscriber as it was then.
 * @param wanted that state.
 */
export function lookAtSubscriber(views: Pick<Views, 'event' | 'subscriber'>, before: Subscriber, wanted: Wanted): Look {
  const { imsi: subject } = before;
  const words = async () => {
    const event = await views.event(wanted.eventId);
    return event?.attempts.findLast(({ imsi, result }) => imsi === subject && result !== 'done')?.why;
  };
  return async () => {
    const found = await views.subscriber(subject);
    if (!found) return { subject, status: 'unknown', why: 'it was deleted meanwhile' };
    if (found.dead !== null) return { subject, status: 'dead', why: found.dead };
    if (found.waitingSince !== null) {
      const why = found.attempts > 0 ? await words() : undefined;
      return { subject, status: 'waiting', ...(why !== undefined && { why }) };
    }
    if (isConfirmed(found, wanted, before)) {
      return { subject, status: 'done', ...(found.applied?.missing && { why: NOT_KNOWN }) };
    }
    return {
      subject,
      status: 'failed',
      why: (await words()) ?? 'the core refused it; what it confirmed last is in force',
    };
  };
}

/** Whether the core confirmed that state, or something that came since; versions need not tell. */
function isConfirmed({ applied }: Subscriber, { eventId, version }: Wanted, before: Subscriber): boolean {
  if (applied === null) return false;
  const another = applied.eventId !== before.applied?.eventId;
  return applied.eventId === eventId || another || compareVersions(applied.version, version) > 0;
}

/** When an event was called for last; 0 when it never was. */
export function lastCallFor({ attempts }: Pick<StoredEvent, 'attempts'>): number {
  return attempts.at(-1)?.at ?? 0;
}

function failureSince(attempts: readonly Attempt[], since: number): string | undefined {
  const last = attempts.at(-1);
  return last && last.at > since && last.result !== 'done' ? last.why : undefined;
}
