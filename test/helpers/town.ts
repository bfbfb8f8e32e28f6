import fc from 'fast-check';
import { Random } from '../../sim/storm/random.ts';
import { newest, type Wanted } from '../../src/core/subscriber.ts';
import type { Action, Change, SubscriberState } from '../../src/core/types.ts';
import type { Arrival, Delivery } from '../../src/delivery/arrival.ts';
import { EventIds } from '../../src/delivery/event-ids.ts';
import { InlineDelivery } from '../../src/delivery/inline.ts';
import { QueuedDelivery } from '../../src/delivery/queued.ts';
import { Reconciler } from '../../src/delivery/reconciler.ts';
import type { Clock } from '../../src/ports/runtime.ts';
import type { Store } from '../../src/ports/store.ts';
import { directStore } from './direct-store.ts';
import { FakeClock } from './fake-clock.ts';
import { memoryLog } from './log.ts';
import { effects, entryOf, LIMITS, versionAt } from './subscribers.ts';
import { attemptsOn } from './swaps.ts';
import { type Chance, TownCore } from './town-core.ts';

/** A few SIMs and fewer numbers, and whatever may happen to them. */
export const TOWN = ['001010000000001', '001010000000002', '001010000000003'] as const;
const NUMBERS = ['79000000001', '79000000002'] as const;

const DEADLINE_MS = 2_000;
/** The core may come to a call that ended without a word for so long. */
const SETTLE_MS = 2 * DEADLINE_MS;
/** NSPS comes again after so long. */
const ROUND_MS = 3_000;
/** Rounds in which a story has to be over. */
const ROUNDS = 100;
/** Longer than a claim lasts, and what its call left in doubt. */
const LONGEST_HANG_MS = 15_000;

/** What billing does to a SIM; to one that is not there it can only come. A number moves when nobody has it, or by a swap. */
type Deed = 'changes' | 'bars' | 'numbers' | 'goes' | 'swaps';
/** Besides: a connector is killed, or hangs; its wall clock is set; or an operator has everybody confirmed. */
type Accident = 'none' | 'kill' | 'hang' | 'clock' | 'resync';

export interface Step {
  readonly deed: Deed;
  readonly sim: number;
  /** The SIM that takes the other's place. */
  readonly to: number;
  readonly number: number;
  /** How many of the next events overtake this one. */
  readonly late: number;
  /** NSPS sends it again after so many more, though it was answered; 0 when it does not. */
  readonly again: number;
  /** Until the next event comes, in milliseconds. */
  readonly pauseMs: number;
  readonly accident: Accident;
}

export interface TownStory {
  readonly steps: readonly Step[];
  /** What becomes of the calls, in their order; those after them are done. */
  readonly chances: readonly Chance[];
  /** Of how long calls take. */
  readonly seed: number;
}

const A_CALM_STEP: Step = {
  deed: 'changes',
  sim: 0,
  to: 0,
  number: 0,
  late: 0,
  again: 0,
  pauseMs: 0,
  accident: 'none',
};

/** A step, of which only that is told which matters. */
export function step(deed: Deed, sim: number, more: Partial<Step> = {}): Step {
  return { ...A_CALM_STEP, deed, sim, ...more };
}

const aStep = (accidents: readonly Accident[]) =>
  fc.record<Step>({
    deed: fc.constantFrom('changes', 'changes', 'bars', 'numbers', 'goes', 'swaps'),
    sim: fc.nat(TOWN.length - 1),
    to: fc.nat(TOWN.length - 1),
    number: fc.nat(NUMBERS.length - 1),
    late: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
    again: fc.constantFrom(0, 0, 0, 0, 1, 3),
    pauseMs: fc.constantFrom(0, 0, 0, 50, 50, 150, 300, 1_000, 3_000, 9_000),
    accident: fc.constantFrom('none', 'none', 'none', 'none', ...accidents),
  });
const aChance = fc.record<Chance>({
  fate: fc.constantFrom('done', 'done', 'unheard', 'lost', 'late', 'away'),
  lateMs: fc.nat(SETTLE_MS - 500),
});

const stories = (accidents: readonly Accident[]): fc.Arbitrary<TownStory> =>
  fc.record({
    steps: fc.array(aStep(accidents), { minLength: 2, maxLength: 9 }),
    chances: fc.array(aChance, { maxLength: 20 }),
    seed: fc.nat(1_000_000),
  });

export const townStories = stories(['kill', 'clock', 'resync']);
/** Of several connectors. */
export const sharedStories = stories(['kill', 'hang', 'hang', 'resync']);

interface Told {
  readonly arrival: Arrival;
  readonly step: Step;
}

/** The events of a story as billing makes them, and what it holds in the end. */
function tell({ steps }: TownStory): { told: Told[]; truth: ReadonlyMap<string, SubscriberState> } {
  const truth = new Map<string, SubscriberState>();
  const told: Told[] = [];
  for (const one of steps) {
    const changes = changesOf(one, truth, told.length);
    if (!changes) continue;
    for (const { action, state } of changes) {
      if (action === 'delete') truth.delete(state.imsi);
      else truth.set(state.imsi, state);
    }
    told.push({ arrival: arrivalOf(told.length, changes), step: one });
  }
  return { told, truth };
}

function changesOf(
  { deed, sim, to, number }: Step,
  truth: ReadonlyMap<string, SubscriberState>,
  n: number,
): [Change, ...Change[]] | null {
  const [imsi, other] = [TOWN[sim] as string, TOWN[to] as string];
  const change = (action: Action, msisdn: string | null, of = imsi): Change => ({
    action,
    state: stateOf(of, msisdn, n),
  });
  const taken = [...truth.values()].some(({ msisdn }) => msisdn === NUMBERS[number]);
  const free = taken ? null : (NUMBERS[number] as string);
  const now = truth.get(imsi);
  if (!now) return deed === 'goes' ? null : [change('insert', free)];
  if (deed === 'goes') return [change('delete', null)];
  if (deed === 'bars') return [change('update', null)];
  if (deed === 'numbers') return [change('update', free ?? now.msisdn)];
  const swaps = deed === 'swaps' && imsi !== other && truth.has(other) && now.msisdn !== null;
  return swaps ? [change('update', null), change('update', now.msisdn, other)] : [change('update', now.msisdn)];
}

function stateOf(imsi: string, msisdn: string | null, n: number): SubscriberState {
  const status = msisdn === null ? 'operatorDeterminedBarring' : 'serviceGranted';
  return { imsi, status, msisdn, csProfile: `cs-${n}`, epsProfile: 'default' };
}

function arrivalOf(n: number, changes: [Change, ...Change[]]): Arrival {
  const { action, state } = changes.at(-1) as Change;
  const previousImsi = changes.length > 1 ? changes[0].state.imsi : null;
  const names = { msisdn: state.msisdn, account: null, iccid: null };
  const { state: _, why, status, attempts, ...draft } = entryOf(n, { imsi: state.imsi, previousImsi, names });
  return { decision: { kind: 'provision', action, version: versionAt(n), changes }, draft };
}

/**
 * In which order they come, each as often as it does. An insert is not overtaken by a swap that takes its SIM out of use: the
 * core has nobody then, which is as good as released, and what comes late is old.
 */
function orderOf(told: readonly Told[]): readonly Told[] {
  const hasSwaps = told.some(({ arrival }) => arrival.decision.changes.length > 1);
  const places = told.flatMap((one, n) => {
    const stays = hasSwaps && one.arrival.decision.action === 'insert';
    const first = { at: n + (stays ? 0 : one.step.late) + n / 1_000, one };
    return one.step.again === 0 ? [first] : [first, { at: n + 0.5 + one.step.again, one }];
  });
  return places.sort((a, b) => a.at - b.at).map(({ one }) => one);
}

export type Mode = 'inline' | 'queued';

/**
 * A connector that can be killed: what it holds is found abandoned, and what it was about to do is not done. Or it hangs for a
 * while: what it asked for goes on, and it hears of that later.
 */
class Mortal {
  readonly delivery: Delivery;
  readonly reconciler: Reconciler;
  readonly #store: Store;
  readonly #clock: FakeClock;
  #hangsUntil = 0;
  readonly #held = new Map<string, { readonly wanted: Wanted | null; readonly claim: string }>();
  #dead = false;

  constructor(mode: Mode, core: TownCore, store: Store, clock: FakeClock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    const living = this.#living(store);
    const own = this.#ownClock(clock);
    const attempts = attemptsOn(
      { name: core.name, apply: (change) => this.#alive(() => core.apply(change)), close: async () => {} },
      own,
    );
    const parts = { store: living, attempts, clock: own, random: random.next, eventIds: new EventIds() };
    this.reconciler = new Reconciler({
      ...parts,
      log: memoryLog(),
      limits: { deadlineMs: DEADLINE_MS, concurrency: 10, rest: { firstMs: 50, longestMs: 500 } },
      newIds: () => ({ requestId: 'r', uniqueId: 'u' }),
    });
    this.delivery =
      mode === 'inline'
        ? new InlineDelivery({
            ...parts,
            done: this.reconciler.passOn.bind(this.reconciler),
            limits: { deadlineMs: DEADLINE_MS, capacity: 100, retries: 0 },
          })
        : new QueuedDelivery({ ...parts, capacity: 100, nudge: () => this.reconciler.nudge() });
    this.reconciler.start();
  }

  /** Whoever waits for a dead process waits for ever. */
  #alive<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#dead) return;
      work().then(
        (result) => this.#whenAwake(() => resolve(result)),
        (error: unknown) => this.#whenAwake(() => reject(error)),
      );
    });
  }

  #whenAwake(goOn: () => void): void {
    if (this.#dead) return;
    const left = this.#hangsUntil - this.#clock.now();
    if (left <= 0) goOn();
    else this.#clock.after(left, () => this.#whenAwake(goOn));
  }

  #ownClock(clock: FakeClock): Clock {
    return {
      now: () => clock.now(),
      wall: () => clock.wall(),
      after: (ms, callback) => {
        let cancelled = false;
        const cancel = clock.after(ms, () => this.#whenAwake(() => cancelled || callback()));
        return () => {
          cancelled = true;
          cancel();
        };
      },
    };
  }

  hang(ms: number): void {
    this.#hangsUntil = this.#clock.now() + ms;
  }

  #living(store: Store): Store {
    return {
      ...store,
      claim: (imsi, wanted, holdMs) =>
        this.#alive(async () => {
          const held = await store.claim(imsi, wanted, holdMs);
          if (held) this.#held.set(imsi, { wanted, claim: held.claim });
          return held;
        }),
      claimDue: (limit, holdMs) =>
        this.#alive(async () => {
          const all = await store.claimDue(limit, holdMs);
          for (const held of all) this.#held.set(held.imsi, { wanted: newest(held), claim: held.claim });
          return all;
        }),
      look: (imsi) => this.#alive(() => store.look(imsi)),
      now: () => this.#alive(() => store.now()),
      write: (write) =>
        this.#alive(() => {
          for (const effect of write.effects) {
            if ('claim' in effect && this.#held.get(effect.imsi)?.claim === effect.claim)
              this.#held.delete(effect.imsi);
          }
          return store.write(write);
        }),
    };
  }

  /** @param isFound whether that is noticed at once, and not by the end of what it holds. */
  async kill(isFound: boolean): Promise<void> {
    this.#dead = true;
    if (!isFound) return;
    for (const [imsi, { wanted, claim }] of this.#held) {
      await this.#store.write(effects({ kind: 'untouched', imsi, retryInMs: null, claim }));
      await this.#store.write(effects({ kind: 'abandoned', imsi, wanted }));
    }
  }
}

function connectorAt(connectors: readonly Mortal[], which: number): Mortal {
  return connectors[which] as Mortal;
}

/** What a story came to. */
export interface Ending {
  /** Whether NSPS still sends events that the core refuses. */
  readonly untaken: number;
  /** What is not as it should be. */
  readonly faults: readonly string[];
  /** The calls and the events, in their order. */
  readonly log: readonly string[];
}

interface Site {
  /** The time of day is mocked for it. */
  setTime(now: () => number): void;
  /** Connectors on one database, which hold subscribers for their time only; one with a database of its own when absent. */
  readonly connectors?: number;
}

/** Plays a story to its end. */
export async function play(mode: Mode, story: TownStory, { setTime, connectors: count = 1 }: Site): Promise<Ending> {
  const clock = new FakeClock();
  setTime(() => clock.wall());
  const core = new TownCore(clock, story.chances, story.seed);
  const limits = { ...LIMITS, settleAfterMs: SETTLE_MS, maxAttempts: 0, maxAgeMs: 0 };
  const store = directStore(limits, clock, { leases: count > 1 });
  const random = new Random(story.seed);
  const begin = () => new Mortal(mode, core, store, clock, random);
  const connectors = Array.from({ length: count }, begin);
  const anyOf = () => (count === 1 ? 0 : random.whole(0, count - 1));
  const { told, truth } = tell(story);
  const left = new Set(told);
  const send = async (one: Told) => {
    const { kind } = await connectorAt(connectors, anyOf()).delivery.deliver(one.arrival, []);
    core.log.push(`${one.arrival.draft.eventId} ${kind}`);
    if (kind !== 'failed') left.delete(one);
  };
  const accidents: Record<Accident, () => unknown> = {
    none: () => {},
    kill: async () => {
      const which = anyOf();
      await connectorAt(connectors, which).kill(count === 1);
      core.callerDied();
      connectors[which] = begin();
    },
    hang: () => connectorAt(connectors, anyOf()).hang(random.whole(500, LONGEST_HANG_MS)),
    clock: () => clock.setBy(random.whole(-6, 6) * 1_500),
    resync: () => store.write(effects(...TOWN.map((imsi) => ({ kind: 'resync', imsi }) as const))),
  };
  for (const one of orderOf(told)) {
    void send(one);
    await clock.advance(one.step.pauseMs);
    await accidents[one.step.accident]();
  }
  await clock.advance(ROUND_MS);
  for (let round = 0; left.size > 0 && round < ROUNDS; round++) {
    void send([...left][random.whole(0, left.size - 1)] as Told);
    await clock.advance(ROUND_MS);
  }
  await clock.advance(10 * SETTLE_MS);
  const faults = [...core.faults, ...(await faultsOf(store, core, truth, told))];
  const stopped = Promise.all(connectors.map(({ reconciler }) => reconciler.stop()));
  await clock.advance(ROUND_MS);
  await stopped;
  await store.close();
  return { untaken: left.size, faults, log: core.log };
}

/** A replaced SIM that the core never had is as good as barred, and stays unknown there: it is left out. */
async function faultsOf(
  store: Store,
  core: TownCore,
  truth: ReadonlyMap<string, SubscriberState>,
  told: readonly Told[],
): Promise<string[]> {
  const replaced = new Set(
    told.flatMap(({ arrival }) => arrival.decision.changes.slice(0, -1).map(({ state }) => state.imsi)),
  );
  if (await isExchange(store, core)) return [];
  const faults: string[] = [];
  for (const imsi of TOWN) {
    const [is, should] = [core.states.get(imsi), truth.get(imsi)];
    if (!is && replaced.has(imsi) && should?.msisdn === null) continue;
    const { dead, dueAt } = await store.look(imsi);
    if (dead !== null) faults.push(`${imsi} is a dead letter: ${dead}`);
    if (dueAt !== null) faults.push(`${imsi} still waits`);
    if (is?.csProfile !== should?.csProfile || is?.msisdn !== should?.msisdn)
      faults.push(`${imsi} is ${JSON.stringify(is)}, not ${JSON.stringify(should)}`);
  }
  return faults;
}

/**
 * Dead letters that each have the number which another one wants: their SIMs exchanged numbers without a swap, and what came
 * between was overtaken before it was sent. An operator has to free one of them.
 */
async function isExchange(store: Store, core: TownCore): Promise<boolean> {
  const known = await Promise.all(TOWN.map((imsi) => store.look(imsi)));
  const dead = known.filter((one) => one.dead !== null);
  const held = new Set(dead.map(({ imsi }) => core.states.get(imsi)?.msisdn));
  return dead.length > 1 && dead.every(({ desired }) => desired !== null && held.has(desired.change.state.msisdn));
}
