import { nspsEvent } from './event-format.ts';
import { type Account, type Draft, type Lives, live, type Sim } from './people.ts';
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

/** One change of one account, and its event. */
export interface LifeEvent {
  readonly id: string;
  readonly accountId: number;
  /** Counts from 1 within the account; the profiles `p-<change>` and `e-<change>` carry it to the core. */
  readonly change: number;
  /** When billing made it, in microseconds since 1970. */
  readonly at: bigint;
  /** What it leaves in the core: one SIM, or the released one and then the new one; nothing when it removes one. */
  readonly states: readonly CoreState[];
  /** The SIM that it deletes. */
  readonly removes: Sim | null;
  /** The SIM that loses the number with this event. */
  readonly releases: Sim | null;
  /** As NSPS posts it, every time the same bytes. */
  readonly json: string;
}

export interface Life {
  /** In the order in which billing made the changes. */
  readonly events: readonly LifeEvent[];
  /** What the core must hold in the end, by IMSI; null of whom it must not have. */
  readonly truth: ReadonlyMap<string, CoreState | null>;
  /** All SIMs that ever carry a number, the oldest first. */
  readonly simsOf: ReadonlyMap<string, readonly string[]>;
  /** The event that takes the number from a SIM, by IMSI. */
  readonly releasedBy: ReadonlyMap<string, string>;
}

/** @param size.changes of every subscriber. */
export function liveLife(seed: number, size: { subscribers: number; changes: number; lives?: Lives }): Life {
  const random = new Random(seed);
  const drafts = live(random, size);
  const events = drafts.map((draft, index) => eventOf(draft, index, random));
  return { events, truth: truthOf(events), ...numbersOf(drafts, events) };
}

function eventOf(draft: Draft, index: number, random: Random): LifeEvent {
  const { type, owner, sim, previousSim, change, at } = draft;
  const id = random.uuid();
  const json = nspsEvent({ ...draft, id, sequence: 1_000_000 + index, account: owner }, random);
  const removes = type === 'SIM/Deleted' ? sim : null;
  const left = removes ? [] : [owner ? stateOf(owner, change) : idleState(sim, change)];
  const states = [...(previousSim ? [idleState(previousSim, change)] : []), ...left];
  return { id, accountId: draft.accountId, change, at, states, removes, releases: previousSim, json };
}

function profiles(change: number) {
  return { cs_profile: `p-${change}`, eps_profile: `e-${change}` };
}

/** Of a SIM that is nobody's. */
function idleState({ imsi }: Sim, change: number): CoreState {
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

function truthOf(events: readonly LifeEvent[]): Map<string, CoreState | null> {
  return new Map(
    events.flatMap(({ states, removes }): [string, CoreState | null][] => [
      ...states.map((state): [string, CoreState] => [state.imsi, state]),
      ...(removes ? [[removes.imsi, null] as [string, null]] : []),
    ]),
  );
}

function numbersOf(drafts: readonly Draft[], events: readonly LifeEvent[]) {
  const simsOf = new Map<string, string[]>();
  for (const { owner } of drafts) {
    if (!owner) continue;
    const sims = simsOf.get(owner.number) ?? [];
    if (sims.at(-1) !== owner.sim.imsi) simsOf.set(owner.number, [...sims, owner.sim.imsi]);
  }
  const releases = events.flatMap(({ id, releases: sim }) => (sim ? [[sim.imsi, id] as const] : []));
  return { simsOf, releasedBy: new Map(releases) };
}
