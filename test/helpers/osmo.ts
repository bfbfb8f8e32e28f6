import { osmoHlrProgram } from '../../sim/osmo-hlr.ts';
import type { Change, SubscriberState } from '../../src/core/types.ts';

/** For `test(name, { skip })`: the one word that says why a test against the real daemon cannot run here. */
export const skip = osmoHlrProgram() === null ? 'osmo-hlr is not installed' : false;

export const IMSI = '001010000000001';
export const OTHER = '001010000000002';

/** A full state for a subscriber; what is not given is granted, and without a number. */
export function wanted(state: Partial<SubscriberState> = {}, action: Change['action'] = 'update'): Change {
  return {
    action,
    state: { imsi: IMSI, status: 'serviceGranted', msisdn: null, csProfile: 'cs', epsProfile: 'eps', ...state },
  };
}

export const BARRED = { status: 'operatorDeterminedBarring' } as const;

export function within(now: number, ms = 5_000) {
  return { requestId: 'r', uniqueId: 'u', deadline: now + ms };
}
