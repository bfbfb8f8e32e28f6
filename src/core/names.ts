import type { Event } from '../contract/event.ts';
import { storable } from './text.ts';

/** What billing calls a subscriber. */
export interface Names {
  readonly msisdn: string | null;
  readonly account: string | null;
  readonly iccid: string | null;
}

/** A subscriber of whom no event has told a name. */
export const NAMELESS: Names = { msisdn: null, account: null, iccid: null };

/** What is longer is no name, in characters. */
const LONGEST = 64;

/**
 * What an event calls its subscriber: for people who look for him, never for the core. The number is that of the account's
 * charging id (whatever its status), or else the one in the SIM inventory. Total: what is odd, or longer than 64
 * characters, is null.
 */
export function namesOf(event: Event): Names {
  const { account_info: account, sim_info: sim } = event.pb_data ?? {};
  return {
    msisdn: chargedNumber(account?.id) ?? numberOf(sim?.msisdn),
    account: digitsOf(account?.i_account),
    iccid: cardOf(sim?.iccid),
  };
}

function chargedNumber(id: string | null | undefined): string | null {
  const end = id?.indexOf('@msisdn') ?? -1;
  return id && end > 0 ? numberOf(id.slice(0, end)) : null;
}

/** Without the `+` that some write before it. */
function numberOf(value: unknown): string | null {
  return digitsOf(typeof value === 'string' && value.startsWith('+') ? value.slice(1) : value);
}

function digitsOf(value: unknown): string | null {
  const text = textOf(value);
  return text !== null && /^\d+$/.test(text) ? text : null;
}

function cardOf(value: unknown): string | null {
  const text = textOf(value);
  return text === null ? null : storable(text);
}

/** A number beyond 2^53 has lost its last digits in JSON: better none than a wrong one. */
function textOf(value: unknown): string | null {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === 'string' && text !== '' && text.length <= LONGEST ? text : null;
}
