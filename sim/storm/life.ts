import { nspsEvent } from './event-format.ts';
import { Random } from './random.ts';

/**
 * The life of some subscribers as billing knows it: changes in their true order, the event that NSPS makes of each, and
 * what the core must hold when all is over. Pure: the same seed gives the same life.
 */

/** Full state of one SIM in the core. */
export interface CoreState {
  readonly imsi: string;
  readonly subscriber_status: 'serviceGranted' | 'operatorDeterminedBarring';
  readonly msisdn: readonly string[];
  readonly cs_profile: string;
  readonly eps_profile: string;
}

export interface Sim {
  readonly imsi: string;
  readonly iccid: string;
  readonly cardId: number;
}

/** An account as billing has it after a change. */
export interface Account {
  readonly id: number;
  readonly number: string;
  readonly billStatus: 'open' | 'suspended' | 'inactive' | 'terminated';
  readonly blocked: boolean;
  readonly sim: Sim;
}

/** One change of one account, and its event. */
export interface LifeEvent {
  readonly id: string;
  readonly accountId: number;
  /** Counts from 1 within the account; the profiles `p-<change>` and `e-<change>` carry it to the core. */
  readonly change: number;
  /** When billing made it, in microseconds since 1970. */
  readonly at: bigint;
  /** What it leaves in the core: one SIM, or the released one and then the new one. */
  readonly states: readonly CoreState[];
  /** The SIM that loses the number with this event. */
  readonly releases: Sim | null;
  /** As NSPS posts it, every time the same bytes. */
  readonly json: string;
}

export interface Life {
  /** In the order in which billing made the changes. */
  readonly events: readonly LifeEvent[];
  /** What the core must hold in the end, by IMSI. */
  readonly truth: ReadonlyMap<string, CoreState>;
  /** All SIMs that ever carry a number, the oldest first. */
  readonly simsOf: ReadonlyMap<string, readonly string[]>;
  /** The event that takes the number from a SIM, by IMSI. */
  readonly releasedBy: ReadonlyMap<string, string>;
}

/** A change before the whole life is put in order and numbered. */
interface Draft {
  readonly before: Account | null;
  readonly account: Account;
  readonly change: number;
  readonly at: bigint;
}

const BEGINNING = BigInt(Date.UTC(2026, 0, 15, 10)) * 1000n;

/** How often a change is a SIM swap, and how often it follows the one before within the same millisecond. */
const SWAPS = 0.15;
const SAME_MILLISECOND = 0.25;

/** @param size.changes of every subscriber. */
export function liveLife(seed: number, size: { subscribers: number; changes: number }): Life {
  const random = new Random(seed);
  const people = new People(random);
  const drafts = Array.from({ length: size.subscribers }, (_, index) => people.live(index, size.changes)).flat();
  drafts.sort((a, b) => Number(a.at - b.at));
  const events = drafts.map((draft, index) => eventOf(draft, index, random));
  return { events, truth: truthOf(events), ...numbersOf(drafts, events) };
}

/** Hands out SIMs and numbers, and moves accounts through their changes. */
class People {
  readonly #random: Random;
  /** Part of every IMSI and number, so that lives of different seeds do not meet in a core that remembers. */
  readonly #region: string;
  #sims = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#region = String(random.whole(1000, 9999));
  }

  live(index: number, changes: number): Draft[] {
    const drafts: Draft[] = [];
    let at = BEGINNING + BigInt(this.#random.whole(0, 60_000_000));
    let account: Account | null = null;
    for (let change = 1; change <= changes; change++) {
      const before: Account | null = account;
      account = before === null ? this.#newcomer(index) : this.#changed(before);
      drafts.push({ before, account, change, at });
      at = this.#later(at);
    }
    return drafts;
  }

  #newcomer(index: number): Account {
    const number = `79${this.#region}${String(index).padStart(5, '0')}`;
    return { id: 10_000 + index, number, billStatus: 'open', blocked: false, sim: this.#newSim() };
  }

  #changed(account: Account): Account {
    if (this.#random.chance(SWAPS)) return { ...account, sim: this.#newSim() };
    const what = this.#random.pick(['block', 'bill', 'open', 'open', 'profile', 'profile']);
    if (what === 'block') return { ...account, blocked: !account.blocked };
    if (what === 'bill') {
      return { ...account, billStatus: this.#random.pick(['suspended', 'inactive', 'terminated', 'open']) };
    }
    // Most people are served most of the time.
    return what === 'open' ? { ...account, billStatus: 'open', blocked: false } : account;
  }

  #newSim(): Sim {
    const serial = String(this.#sims++).padStart(6, '0');
    return { imsi: `00101${this.#region}${serial}`, iccid: `8901410${this.#region}${serial}00`, cardId: this.#sims };
  }

  #later(at: bigint): bigint {
    const room = 999 - Number(at % 1000n);
    if (room > 1 && this.#random.chance(SAME_MILLISECOND)) return at + BigInt(this.#random.whole(1, room));
    return at + BigInt(this.#random.whole(1_000, 600_000_000));
  }
}

function eventOf({ before, account, change, at }: Draft, index: number, random: Random): LifeEvent {
  const id = random.uuid();
  const releases = before !== null && before.sim.imsi !== account.sim.imsi ? before.sim : null;
  const json = nspsEvent({ id, sequence: 1_000_000 + index, account, previousSim: releases, change, at }, random);
  const states = [...(releases ? [releasedState(releases, change)] : []), stateOf(account, change)];
  return { id, accountId: account.id, change, at, states, releases, json };
}

function profiles(change: number) {
  return { cs_profile: `p-${change}`, eps_profile: `e-${change}` };
}

function releasedState({ imsi }: Sim, change: number): CoreState {
  return { imsi, subscriber_status: 'operatorDeterminedBarring', msisdn: [], ...profiles(change) };
}

function stateOf({ sim, number, billStatus, blocked }: Account, change: number): CoreState {
  const open = billStatus === 'open';
  const subscriber_status = open && !blocked ? 'serviceGranted' : 'operatorDeterminedBarring';
  return { imsi: sim.imsi, subscriber_status, msisdn: open ? [number] : [], ...profiles(change) };
}

/** The change that a state in the core came from, or null when it is none of ours. */
export function changeOf(csProfile: unknown): number | null {
  const digits = typeof csProfile === 'string' ? /^p-(\d+)$/.exec(csProfile)?.[1] : undefined;
  return digits === undefined ? null : Number(digits);
}

function truthOf(events: readonly LifeEvent[]): Map<string, CoreState> {
  return new Map(events.flatMap(({ states }) => states.map((state) => [state.imsi, state] as const)));
}

function numbersOf(drafts: readonly Draft[], events: readonly LifeEvent[]) {
  const simsOf = new Map<string, string[]>();
  for (const { account } of drafts) {
    const sims = simsOf.get(account.number) ?? [];
    if (sims.at(-1) !== account.sim.imsi) simsOf.set(account.number, [...sims, account.sim.imsi]);
  }
  const releases = events.flatMap(({ id, releases: sim }) => (sim ? [[sim.imsi, id] as const] : []));
  return { simsOf, releasedBy: new Map(releases) };
}
