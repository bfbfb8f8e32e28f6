import { NAMELESS } from '../../src/core/names.ts';
import type { Limits, Wanted } from '../../src/core/subscriber.ts';
import type { Version } from '../../src/core/version.ts';
import type { Entry, Write } from '../../src/ports/store.ts';

export { effectsOnly as effects } from '../../src/ports/store.ts';

import { type AskedWrite, momentNow } from '../../src/store/requests.ts';

export const LIMITS: Limits = { settleAfterMs: 60_000, maxAttempts: 3, maxAgeMs: 3_600_000, longestRestMs: 3_600_000 };

export const IMSI = '250011234567890';
export const OTHER_IMSI = '001011234567890';

/** A version whose place in time is its number. */
export function versionAt(n: number): Version {
  return { updatedAt: new Date(Date.UTC(2025, 0, 1) + n * 1000).toISOString().replace('Z', '000') };
}

/** The state number `n` of a subscriber, as event `event-n` wants it. */
export function wantedAt(n: number, more: { imsi?: string; msisdn?: string | null; owed?: boolean } = {}): Wanted {
  const { imsi = IMSI, msisdn = '79123456789', owed = true } = more;
  return {
    version: versionAt(n),
    change: {
      action: 'update',
      state: { imsi, status: 'serviceGranted', msisdn, csProfile: `cs-${n}`, epsProfile: 'default' },
    },
    eventId: `event-${n}`,
    owed,
  };
}

/** The journal's entry of event number `n`. */
export function entryOf(n: number, more: Partial<Entry> = {}): Entry {
  return {
    eventId: `event-${n}`,
    type: 'SIM/Updated',
    imsi: IMSI,
    previousImsi: null,
    names: NAMELESS,
    body: Buffer.from(`{"event_id":"event-${n}"}`),
    decision: '{"kind":"provision"}',
    state: 'queued',
    why: null,
    status: 202,
    attempts: [],
    requestId: '463ac35c9f6413ad',
    uniqueId: `unique-${n}`,
    receivedAt: 1_735_689_600_000 + n,
    ...more,
  };
}

/** What accepting event number `n` for later delivery writes. */
export function acceptanceOf(n: number, more: Parameters<typeof wantedAt>[1] = {}): Write {
  const wanted = wantedAt(n, more);
  const { imsi } = wanted.change.state;
  return { entry: entryOf(n, { imsi }), story: null, effects: [{ kind: 'want', imsi, wanted, after: [] }] };
}

/** Writes as they are carried out at once. */
export function asked(...writes: readonly Write[]): AskedWrite[] {
  return writes.map((write) => ({ ...write, askedAt: momentNow() }));
}
