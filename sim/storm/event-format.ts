import type { Account, EventType, Sim } from './people.ts';
import type { Random } from './random.ts';

/** How NSPS's documents and samples spell the same status. */
const SPELLINGS = {
  open: ['open', 'open', 'open', 'active', 'O', 'Open'],
  suspended: ['suspended', 'suspended', 'S'],
  inactive: ['inactive', 'inactive', 'I'],
  terminated: ['terminated', 'closed', 'C'],
} as const;

/** The enrichment follows the change after this many microseconds. */
const ENRICHED_AFTER = 917_496n;

export interface EventParts {
  readonly id: string;
  readonly type: EventType;
  /** Grows with every event of the environment. */
  readonly sequence: number;
  /** Whose card it is; null when it is nobody's. */
  readonly account: Account | null;
  readonly sim: Sim;
  /** The card that this one replaces. */
  readonly previousSim: Sim | null;
  readonly change: number;
  /** Microseconds since 1970. */
  readonly at: bigint;
}

/** A complete enriched event as NSPS posts it. */
export function nspsEvent(parts: EventParts, random: Random): string {
  const { account, sim, previousSim, at } = parts;
  const owner = account ? { i_account: account.id } : {};
  const offset = random.pick([0, 0, 0, 0, 120, -210] as const);
  return JSON.stringify({
    event_id: parts.id,
    data: {
      event_type: parts.type,
      variables: {
        i_env: 1,
        i_event: random.chance(0.5) ? parts.sequence : String(parts.sequence),
        ...owner,
        event_time: isoStamp(at, 0).slice(0, 19).replace('T', ' '),
      },
    },
    pb_data: {
      ...(account && { account_info: accountInfo(account, random) }),
      sim_info: {
        ...card(sim),
        ...owner,
        ...(account && { msisdn: account.number }),
        status: account ? 'used' : 'available',
      },
      ...(previousSim && { prev_sim_info: { ...card(previousSim), status: 'available' } }),
      access_policy_info: policy(parts.change, random),
    },
    handler_id: 'wtl-hlr-hss-nsps',
    created_at: isoStamp(at, offset),
    updated_at: isoStamp(at + ENRICHED_AFTER, offset),
    status: 'queued',
  });
}

function accountInfo({ id, number, billStatus, blocked }: Account, random: Random) {
  return {
    bill_status: random.pick(SPELLINGS[billStatus]),
    billing_model: 'credit_account',
    blocked: random.chance(0.8) ? blocked : blocked ? 'Y' : 'N',
    i_account: id,
    i_customer: 6392,
    i_product: 3774,
    id: `${number}@msisdn`,
    product_name: 'Pay as you go',
    assigned_addons: [],
    service_features: [],
  };
}

function card({ imsi, iccid, cardId }: Sim) {
  return { i_sim_card: cardId, iccid, imsi };
}

function policy(change: number, random: Random) {
  const value = (name: string) => (random.chance(0.9) ? `${name}-${change}` : `${name}-${change}, ${name}-other`);
  const attributes = [
    { group_name: 'lte.wtl', name: 'cs_profile', value: value('p') },
    { group_name: 'lte.wtl', name: 'eps_profile', value: value('e') },
  ];
  const one = { i_access_policy: 179, name: 'WTL integration', attributes };
  return random.chance(0.9) ? one : [one];
}

/**
 * ISO 8601 with microseconds and offset.
 * @param at microseconds since 1970. @param offset minutes east of UTC.
 */
export function isoStamp(at: bigint, offset: number): string {
  const local = new Date(Number(at / 1000n) + offset * 60_000).toISOString();
  const micros = String(at % 1_000_000n).padStart(6, '0');
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.abs(offset);
  return `${local.slice(0, 19)}.${micros}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
