import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Effect, isStale, newest, type Subscriber, type Wanted } from '../../src/core/subscriber.ts';
import type { Store } from '../../src/ports/store.ts';
import { acceptanceOf, effects, entryOf, versionAt, wantedAt } from './subscribers.ts';

/** What the test knows by itself; states are told by their numbers, which grow with their versions. */
export interface Model {
  /** What is being sent, by whoever holds the subscriber. */
  readonly held: Map<string, { readonly wanted: Wanted | null; readonly due: boolean }>;
  /** What the core has. */
  readonly core: Map<string, number>;
  /** The newest that was promised or confirmed. */
  readonly acknowledged: Map<string, number>;
  readonly applied: Map<string, number>;
  /** Events whose last word is the answer to a second delivery: that it failed, or was refused. */
  readonly answered: Set<number>;
  /** Promises that nobody gave up. */
  owed: { readonly imsi: string; readonly n: number }[];
}

export interface Real {
  store: Store;
  /** Ends the process: what it held is left behind. @returns the next one. */
  crash(store: Store): Promise<Store>;
}

export const IMSIS = ['250010000000000', '250010000000001', '001010000000002'] as const;
const HOLD_MS = 600_000;

export function emptyModel(): Model {
  return {
    held: new Map(),
    core: new Map(),
    acknowledged: new Map(),
    applied: new Map(),
    answered: new Set(),
    owed: [],
  };
}

type Command = fc.AsyncCommand<Model, Real>;

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      await checkAlways(model, real.store);
    },
    toString: () => name,
  };
}

/** Numbers differ between subscribers: an event belongs to one. */
const imsiAndNumber = fc.tuple(fc.nat(IMSIS.length - 1), fc.nat(6)).map(([index, step]) => ({
  imsi: IMSIS[index] as string,
  n: 1 + step * IMSIS.length + index,
}));
const anyImsi = fc.constantFrom(...IMSIS);
type Result = 'applied' | 'retry' | 'unsure' | 'rejected' | 'untouched';
const result = fc.constantFrom<Result[]>('applied', 'applied', 'retry', 'unsure', 'rejected', 'untouched');

export const storeCommands = [
  imsiAndNumber.map(({ imsi, n }) => command(`accept ${imsi} ${n}`, (model, real) => accept(model, real, imsi, n))),
  imsiAndNumber.map(({ imsi, n }) => command(`claim ${imsi} ${n}`, (model, real) => claim(model, real, imsi, n))),
  fc.integer({ min: 1, max: 3 }).map((limit) => command(`due ${limit}`, (model, real) => claimDue(model, real, limit))),
  fc
    .tuple(anyImsi, result, fc.boolean())
    .map(([imsi, how, arrives]) =>
      command(`settle ${imsi} ${how} ${arrives}`, (model, real) => settle(model, real, imsi, how, arrives)),
    ),
  anyImsi.map((imsi) => command(`resync ${imsi}`, (_, { store }) => resync(store, imsi))),
  anyImsi.map((imsi) => command(`refuse ${imsi}`, (model, real) => refuse(model, real, imsi))),
  anyImsi.map((imsi) =>
    command(`refuse and discard ${imsi}`, async (model, real) => {
      await refuse(model, real, imsi);
      await discard(model, real.store, imsi);
    }),
  ),
  fc.boolean().map((arrives) => command(`crash ${arrives}`, (model, real) => crash(model, real, arrives))),
];

async function accept(model: Model, { store }: Real, imsi: string, n: number): Promise<void> {
  const before = await store.views.subscriber(imsi);
  const [taken] = await store.write(acceptanceOf(n, { imsi }));
  assert.equal(taken, !before || !isStale(before, versionAt(n)));
  if (!taken) return;
  model.owed.push({ imsi, n });
  acknowledge(model, imsi, n);
}

/** What a delivery does: nothing that is older than what is known is sent. */
async function claim(model: Model, { store }: Real, imsi: string, n: number): Promise<void> {
  const wanted = wantedAt(n, { imsi, owed: false });
  const subscriber = await store.claim(imsi, wanted, HOLD_MS);
  assert.equal(subscriber === null, model.held.has(imsi), 'one holder at most, and one at least who asks alone');
  if (!subscriber) return;
  if (!isStale(subscriber, wanted.version)) {
    model.held.set(imsi, { wanted, due: false });
    return;
  }
  const entry = entryOf(n, { imsi, state: 'superseded' });
  await store.write({ entry, story: null, effects: [{ kind: 'stale', imsi, eventId: entry.eventId }] });
}

async function claimDue(model: Model, { store }: Real, limit: number): Promise<void> {
  const due = await store.claimDue(limit, HOLD_MS);
  assert.ok(due.length <= limit);
  for (const subscriber of due) {
    assert.ok(!model.held.has(subscriber.imsi), 'one holder at most');
    model.held.set(subscriber.imsi, { wanted: newest(subscriber), due: true });
  }
}

async function settle(model: Model, { store }: Real, imsi: string, how: Result, arrives: boolean): Promise<void> {
  const held = model.held.get(imsi);
  if (!held) return;
  model.held.delete(imsi);
  const { wanted, due } = held;
  if (!wanted || how === 'untouched') {
    await store.write(effects({ kind: 'untouched', imsi, retryInMs: due ? 0 : null }));
    return;
  }
  const n = numberOf(wanted);
  if (!due && how !== 'applied') model.answered.add(n);
  if (how === 'applied' || (how === 'unsure' && arrives)) model.core.set(imsi, n);
  if (how === 'applied') acknowledge(model, imsi, n);
  // The connector's own attempts belong to events that are known.
  const entry = due ? null : entryOf(n, { imsi, state: STATES[how] });
  await store.write({ entry, story: null, effects: [effectOf(how, imsi, wanted, due)] });
}

const STATES = { applied: 'processed', rejected: 'rejected', retry: 'failed', unsure: 'failed' } as const;

function effectOf(how: Exclude<Result, 'untouched'>, imsi: string, wanted: Wanted, due: boolean): Effect {
  if (how === 'applied') return { kind: 'applied', imsi, wanted, ageMs: 0, released: [] };
  return { kind: 'failed', imsi, wanted, result: how, why: how, retryInMs: due ? 0 : null, counts: true };
}

async function resync(store: Store, imsi: string): Promise<void> {
  const before = await store.views.subscriber(imsi);
  const [taken] = await store.write(effects({ kind: 'resync', imsi }));
  assert.equal(taken, before !== null && newest(before) !== null);
}

/** Makes a dead letter of what waits for a subscriber. */
async function refuse(model: Model, real: Real, imsi: string): Promise<void> {
  await claimDue(model, real, IMSIS.length);
  await settle(model, real, imsi, 'rejected', false);
}

/** What was promised of him is promised no more: what he has to end with is what was confirmed last. */
async function discard(model: Model, store: Store, imsi: string): Promise<void> {
  const before = await store.views.subscriber(imsi);
  const [taken] = await store.write(effects({ kind: 'discard', imsi, why: 'given up' }));
  assert.equal(taken, before !== null && before.dead !== null);
  const dropped = before && newest(before);
  if (!taken || !dropped) return;
  const event = await store.views.event(dropped.eventId);
  assert.ok(!event || (event.state === 'discarded' && event.why === 'given up'));
  model.owed = model.owed.filter((promise) => promise.imsi !== imsi);
  model.acknowledged.delete(imsi);
  // Where the confirmation itself was given up, what the core has is anybody's guess.
  if (before.desired && before.applied) acknowledge(model, imsi, numberOf(before.applied));
}

async function crash(model: Model, real: Real, arrives: boolean): Promise<void> {
  for (const [imsi, { wanted }] of model.held) if (arrives && wanted) model.core.set(imsi, numberOf(wanted));
  model.held.clear();
  real.store = await real.crash(real.store);
}

function acknowledge({ acknowledged }: Model, imsi: string, n: number): void {
  acknowledged.set(imsi, Math.max(n, acknowledged.get(imsi) ?? 0));
}

export function numberOf(wanted: Wanted): number {
  return Number(wanted.eventId.slice('event-'.length));
}

/** What holds at any time. */
async function checkAlways(model: Model, store: Store): Promise<void> {
  const known = new Map((await store.views.subscribers({ limit: 10 })).map((one) => [one.imsi, one]));
  for (const subscriber of known.values()) {
    const { imsi, applied, unsettledUntil, dead, dueAt } = subscriber;
    const n = applied ? numberOf(applied) : 0;
    assert.ok(n >= (model.applied.get(imsi) ?? 0), 'what was applied never goes back');
    model.applied.set(imsi, n);
    assert.ok(unsettledUntil === null || isTakenCareOf(model, subscriber), 'what is in doubt is going to be confirmed');
    assert.ok(dead === null || dueAt === null, 'a dead letter waits for an operator');
  }
  for (const { imsi, n } of model.owed) {
    const subscriber = known.get(imsi);
    assert.ok(subscriber, 'what was promised is known');
    const { applied, desired } = subscriber;
    if (applied && numberOf(applied) >= n) continue;
    assert.ok(
      desired && numberOf(desired) >= n && isTakenCareOf(model, subscriber),
      'what was promised is not forgotten',
    );
  }
}

function isTakenCareOf({ held }: Model, { imsi, dueAt, dead }: Subscriber): boolean {
  return dueAt !== null || dead !== null || held.has(imsi);
}

/** Lets everything come to an end, and checks that the core has what was acknowledged last. */
export async function checkInTheEnd(model: Model, real: Real): Promise<void> {
  for (const imsi of [...model.held.keys()]) await settle(model, real, imsi, 'untouched', false);
  for (const { imsi } of await real.store.views.subscribers({ dead: true, limit: 10 })) await resync(real.store, imsi);
  do {
    await claimDue(model, real, 10);
    for (const imsi of [...model.held.keys()]) await settle(model, real, imsi, 'applied', true);
    await checkAlways(model, real.store);
  } while ((await real.store.views.backlog()).waiting > 0);
  for (const [imsi, n] of model.acknowledged) {
    const subscriber = await real.store.views.subscriber(imsi);
    assert.ok(subscriber?.applied && numberOf(subscriber.applied) >= n, 'the newest that was acknowledged is applied');
    assert.equal(model.core.get(imsi), numberOf(subscriber.applied), 'and it is what the core has');
    assert.deepEqual([subscriber.desired, subscriber.unsettledUntil, subscriber.dueAt], [null, null, null]);
  }
  for (const { n } of model.owed) {
    const state = (await real.store.views.event(`event-${n}`))?.state;
    const answeredAgain = model.answered.has(n) && (state === 'rejected' || state === 'failed');
    assert.ok(state === 'processed' || state === 'superseded' || answeredAgain, `event-${n} is ${state}`);
  }
}
