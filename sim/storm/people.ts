import type { Random } from './random.ts';

/** What billing does to accounts and their SIM cards, in its true order. */

/**
 * `changes`: everybody is there from the first event on, which changes him like every other. `full`: SIMs are created (into
 * stock, or for their account) before anything else happens to them, and deleted, and created again.
 */
export const LIVES = ['changes', 'full'] as const;
export type Lives = (typeof LIVES)[number];

export type EventType = 'SIM/Created' | 'SIM/Updated' | 'SIM/Replaced' | 'SIM/Deleted';

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

/** A change of an account or of one of its cards, before the whole life is put in order. */
export interface Draft extends Step {
  readonly accountId: number;
  /** Counts from 1 within the account. */
  readonly change: number;
  /** In microseconds since 1970. */
  readonly at: bigint;
}

/** What happens to a card. */
interface Step {
  readonly type: EventType;
  readonly sim: Sim;
  /** Whose it is; null when it is nobody's, or no more. */
  readonly owner: Account | null;
  readonly previousSim: Sim | null;
}

/** An account and all its cards. */
interface Household {
  readonly account: Account;
  /** Whether its own card was deleted. */
  readonly isBare: boolean;
  /** A card that was created for it and is not used yet. */
  readonly stock: Sim | null;
  /** Cards that were replaced. */
  readonly old: readonly Sim[];
}

type Move = readonly [Household, Step];

const BEGINNING = BigInt(Date.UTC(2026, 0, 15, 10)) * 1000n;

/** How often a change is a SIM swap, and how often it follows the one before within the same millisecond. */
const SWAPS = 0.15;
const SAME_MILLISECOND = 0.25;

/** In a full life: how often a card is created for a swap to come, such a swap comes, and cards in use or replaced ones go. */
const STOCKED = 0.15;
const SWAPS_FROM_STOCK = 0.5;
const DELETIONS = 0.15;
const OLD_DELETIONS = 0.3;

/** The lives of all, in the order of their changes. @param size.changes of every subscriber. */
export function live(random: Random, size: { subscribers: number; changes: number; lives?: Lives }): readonly Draft[] {
  const people = new People(random, size.lives ?? 'changes');
  const drafts = Array.from({ length: size.subscribers }, (_, index) => people.live(index, size.changes)).flat();
  return drafts.sort((a, b) => Number(a.at - b.at));
}

/** Hands out SIMs and numbers, and moves accounts through their changes. */
class People {
  readonly #random: Random;
  readonly #lives: Lives;
  /** Part of every IMSI and number, so that lives of different seeds do not meet in a core that remembers. */
  readonly #region: string;
  #sims = 0;

  constructor(random: Random, lives: Lives) {
    this.#random = random;
    this.#lives = lives;
    this.#region = String(random.whole(1000, 9999));
  }

  live(index: number, changes: number): Draft[] {
    const drafts: Draft[] = [];
    let at = BEGINNING + BigInt(this.#random.whole(0, 60_000_000));
    let household: Household | null = null;
    for (let change = 1; change <= changes; change++) {
      const move: Move = household ? this.#next(household) : this.#newcomer(index);
      household = move[0];
      drafts.push({ ...move[1], accountId: household.account.id, change, at });
      at = this.#later(at);
    }
    return drafts;
  }

  #newcomer(index: number): Move {
    const number = `79${this.#region}${String(index).padStart(5, '0')}`;
    const account: Account = { id: 10_000 + index, number, billStatus: 'open', blocked: false, sim: this.#newSim() };
    const type = this.#lives === 'full' ? 'SIM/Created' : 'SIM/Updated';
    return [{ account, isBare: false, stock: null, old: [] }, stepOf(type, account)];
  }

  #next(household: Household): Move {
    if (this.#lives === 'full') return this.#cardMove(household) ?? this.#changed(household);
    return this.#random.chance(SWAPS) ? swapped(household, this.#newSim()) : this.#changed(household);
  }

  /** Something that becomes of a card in a full life; null when nothing does. */
  #cardMove(household: Household): Move | null {
    const { account, isBare, stock, old } = household;
    if (isBare) return this.#createdAgain(household);
    if (this.#random.chance(DELETIONS)) return this.#deleted(household);
    if (stock) return this.#random.chance(SWAPS_FROM_STOCK) ? swapped({ ...household, stock: null }, stock) : null;
    const [first, ...others] = old;
    if (first && this.#random.chance(OLD_DELETIONS)) {
      return [{ ...household, old: others }, stepOf('SIM/Deleted', null, first)];
    }
    if (!this.#random.chance(STOCKED)) return null;
    const created = this.#newSim();
    return [{ ...household, account, stock: created }, stepOf('SIM/Created', null, created)];
  }

  /** The same card, or another one. */
  #createdAgain(household: Household): Move {
    const { account } = household;
    const sim = this.#random.chance(0.5) ? account.sim : this.#newSim();
    const created: Account = { ...account, sim, billStatus: 'open', blocked: false };
    return [{ ...household, account: created, isBare: false }, stepOf('SIM/Created', created)];
  }

  /** Billing may still have it at its account when NSPS asks. */
  #deleted(household: Household): Move {
    const { account } = household;
    const owner = this.#random.chance(0.5) ? account : null;
    return [{ ...household, isBare: true }, stepOf('SIM/Deleted', owner, account.sim)];
  }

  #changed(household: Household): Move {
    const account = this.#otherwise(household.account);
    return [{ ...household, account }, stepOf('SIM/Updated', account)];
  }

  #otherwise(account: Account): Account {
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

function swapped(household: Household, sim: Sim): Move {
  const previousSim = household.account.sim;
  const account = { ...household.account, sim };
  return [
    { ...household, account, old: [...household.old, previousSim] },
    { ...stepOf('SIM/Replaced', account), previousSim },
  ];
}

function stepOf(type: EventType, owner: Account): Step;
function stepOf(type: EventType, owner: Account | null, sim: Sim): Step;
function stepOf(type: EventType, owner: Account | null, sim = owner?.sim): Step {
  return { type, sim: sim as Sim, owner, previousSim: null };
}
