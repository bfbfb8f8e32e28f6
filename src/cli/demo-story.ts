import type { Event } from '../contract/event.ts';

/** A short life of a few subscribers, as NSPS would tell it. */

export interface Scene {
  readonly title: string;
  readonly event: Event;
  /** Whose state to show afterwards. */
  readonly imsis: readonly string[];
}

const ANNA = '001010000000001';
const ANNAS_NEW_SIM = '001010000000003';
const BORIS = '001010000000002';

interface Account {
  readonly number?: string;
  readonly bill_status?: string;
  readonly blocked?: boolean;
  readonly profile?: string;
}

let sequence = 0;

function event(event_type: string, imsi: string, account: Account | null, more: object = {}): Event {
  sequence++;
  const minute = String(sequence).padStart(2, '0');
  return {
    event_id: `demo-${minute}`,
    data: {
      event_type,
      variables: { i_event: 1000 + sequence, i_account: 1, event_time: `2026-01-15 10:${minute}:00` },
    },
    pb_data: {
      ...(account && { account_info: accountInfo(account) }),
      sim_info: { imsi, status: 'used' },
      ...(account?.profile && { access_policy_info: policy(account.profile) }),
      ...more,
    },
    handler_id: 'demo',
    created_at: `2026-01-15T10:${minute}:01.000000+00:00`,
    updated_at: `2026-01-15T10:${minute}:02.000000+00:00`,
    status: 'queued',
  };
}

function accountInfo({ number, bill_status = 'open', blocked = false }: Account) {
  return { i_account: 1, bill_status, blocked, id: number ? `${number}@msisdn` : 'data-only' };
}

function policy(name: string) {
  const attribute = (kind: string) => ({ group_name: 'lte.wtl', name: `${kind}_profile`, value: `${kind}-${name}` });
  return { name, attributes: [attribute('cs'), attribute('eps')] };
}

/** The scenes in their order; each is an event that NSPS could send. */
export function story(): Scene[] {
  sequence = 0;
  const annaOpen = event('SIM/Updated', ANNA, { number: '79123456701', profile: 'gold' });
  return [
    { title: 'Anna gets her first SIM', event: annaOpen, imsis: [ANNA] },
    {
      title: 'Boris gets a data-only SIM',
      event: event('SIM/Updated', BORIS, {}),
      imsis: [BORIS],
    },
    {
      title: 'Anna is blocked',
      event: event('SIM/Updated', ANNA, { number: '79123456701', blocked: true, profile: 'gold' }),
      imsis: [ANNA],
    },
    { title: 'Boris does not pay', event: event('SIM/Updated', BORIS, { bill_status: 'suspended' }), imsis: [BORIS] },
    {
      title: 'Anna is back, with a new number',
      event: event('SIM/Updated', ANNA, { number: '79123456709', profile: 'gold' }),
      imsis: [ANNA],
    },
    {
      title: 'Anna loses her phone: SIM swap',
      event: event(
        'SIM/Replaced',
        ANNAS_NEW_SIM,
        { number: '79123456709', profile: 'gold' },
        { prev_sim_info: { imsi: ANNA, status: 'available' } },
      ),
      imsis: [ANNA, ANNAS_NEW_SIM],
    },
    { title: 'The first event again, days late', event: annaOpen, imsis: [ANNA] },
    { title: 'An event of no concern', event: event('Account/Created', BORIS, {}), imsis: [] },
    {
      title: 'A SIM the core cannot take',
      event: event('SIM/Updated', '00101123456', { number: '79123456702' }),
      imsis: [],
    },
  ];
}
