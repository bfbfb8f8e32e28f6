import type { Event } from '../../src/contract/event.ts';
import type { Rules } from '../../src/core/types.ts';

export const IMSI = '001010000020349';
export const OTHER_IMSI = '001010000020357';
export const NUMBER = '79123456789';

type Block = Record<string, unknown> | null;

export interface EventParts {
  readonly event_id?: string;
  readonly event_type?: string;
  readonly variables?: Record<string, unknown>;
  readonly account_info?: Block | undefined;
  readonly sim_info?: Block | undefined;
  readonly prev_sim_info?: Block;
  readonly access_policy_info?: unknown;
  readonly updated_at?: string | null;
  readonly created_at?: string | null;
}

/** An event of an open account; what is given replaces the block of that name as a whole. */
export function anEvent(parts: EventParts = {}): Event {
  const {
    event_id = 'e-1',
    event_type = 'SIM/Updated',
    variables = { i_account: 1 },
    updated_at,
    created_at,
    ...blocks
  } = parts;
  const pb_data = {
    account_info: { bill_status: 'open', blocked: false, i_account: 1, id: `${NUMBER}@msisdn` },
    sim_info: { imsi: IMSI },
    ...blocks,
  };
  return {
    event_id,
    data: { event_type, variables },
    pb_data,
    ...(updated_at !== undefined && { updated_at }),
    ...(created_at !== undefined && { created_at }),
  } as Event;
}

export const RULES: Rules = {
  eventActions: new Map([
    ['SIM/Updated', 'update'],
    ['SIM/Replaced', 'replace'],
  ]),
  imsiPattern: null,
  defaultCsProfile: 'default',
  defaultEpsProfile: 'default',
  strictEnrichment: true,
};

/** A stamp some seconds into a fixed hour, with microseconds. */
export function stamp(seconds: number, micros = 0): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `2026-01-15T10:${two(Math.floor(seconds / 60))}:${two(seconds % 60)}.${String(micros).padStart(6, '0')}+00:00`;
}
