import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Chosen, Progress } from '../contract/admin.ts';
import { type Effect, newest, type Subscriber } from '../core/subscriber.ts';
import { commonReason, storable } from '../core/text.ts';
import { effectsOnly } from '../ports/store.ts';
import { namedText } from './audit.ts';
import type { Desk } from './desk.ts';
import { subscriberPages } from './subscriber-pages.ts';

/** Dead letters dealt with at a time: the store takes them together, and events that come in meanwhile in between. */
const BATCH = 200;

/** What is done with a dead letter: sent again, or given up for good. */
export type Deal = { readonly kind: 'replay' } | { readonly kind: 'discard'; readonly why: string };

interface Dealt {
  readonly imsi: string;
  /** The event that he is a dead letter of; null when he is none. */
  readonly eventId: string | null;
  /** False when it was no dead letter (any more), and nothing was to do. */
  readonly done: boolean;
}

type Views = Desk['views'];

/** How many there are now. */
export async function countChosen(views: Views, chosen: Chosen): Promise<number> {
  const named = namedIn(chosen);
  if (named) return named.size;
  const { why } = chosen;
  if (why === undefined) return (await views.backlog()).dead;
  const groups = await views.deadGroups(MOST_REASONS);
  const found = groups.find((group) => group.why === commonReason(why));
  return found?.count ?? 0;
}

/** Reasons counted one by one; a reason rarer than these is counted while it is walked. */
const MOST_REASONS = 1_000;

/** The chosen dead letters, a batch at a time; of IMSIs that were named, also those that are none. */
export async function* walkChosen(views: Views, chosen: Chosen): AsyncGenerator<readonly Candidate[]> {
  const named = namedIn(chosen);
  if (named) yield* walkNamed(views, [...named]);
  else yield* walkDead(views, chosen.why === undefined ? undefined : storable(chosen.why));
}

/** Somebody who may be a dead letter. */
interface Candidate {
  readonly imsi: string;
  /** Null when he is none. */
  readonly letter: Subscriber | null;
}

/** IMSIs that were named, with the event that was seen; null when none was. */
function namedIn({ imsis, letters }: Chosen): ReadonlyMap<string, string | null> | null {
  if (letters) return new Map(letters.map(({ imsi, eventId }) => [imsi, eventId]));
  return imsis ? new Map(imsis.map((imsi) => [imsi, null])) : null;
}

async function* walkNamed(
  views: Views,
  named: readonly (readonly [imsi: string, eventId: string | null])[],
): AsyncGenerator<readonly Candidate[]> {
  for (let at = 0; at < named.length; at += BATCH) {
    const candidates: Candidate[] = [];
    for (const [imsi, eventId] of named.slice(at, at + BATCH)) {
      const subscriber = await views.subscriber(imsi);
      const seen = subscriber && (eventId === null || newest(subscriber)?.eventId === eventId);
      candidates.push({ imsi, letter: seen && subscriber.dead !== null ? subscriber : null });
    }
    yield candidates;
  }
}

async function* walkDead(views: Views, why?: string): AsyncGenerator<readonly Candidate[]> {
  const filter = why === undefined ? {} : { why };
  for await (const page of subscriberPages(BATCH, (place) => views.deadLetters({ ...filter, ...place }))) {
    if (page.length > 0) yield page.map((letter) => ({ imsi: letter.imsi, letter }));
  }
}

/**
 * Works through the chosen ones and tells after every batch how far it got; what was told last stands, whatever happens.
 * Stops between two batches once `signal` is aborted: then nothing tells that it ended.
 */
export async function* workThrough(
  desk: Desk,
  chosen: Chosen,
  how: Deal,
  signal: AbortSignal,
): AsyncGenerator<Progress> {
  const expected = await countChosen(desk.views, chosen);
  let [done, skipped] = [0, 0];
  const told = (ended: boolean, results: readonly Dealt[]): Progress => {
    const total = ended ? done + skipped : Math.max(expected, done + skipped);
    return { total, done, skipped, ended, results: [...results] };
  };
  yield told(false, []);
  for await (const batch of walkChosen(desk.views, chosen)) {
    if (signal.aborted) return;
    const dealt = await deal(desk, batch, how);
    const successes = dealt.filter((one) => one.done).length;
    done += successes;
    skipped += dealt.length - successes;
    yield told(false, dealt);
    // Events that came in meanwhile are answered first.
    await nextTurn();
  }
  yield told(true, []);
}

/** Deals with a batch. What is to be sent again is only marked: the connector's own loop does it. */
export async function deal(
  { store }: Pick<Desk, 'store'>,
  batch: readonly Candidate[],
  how: Deal,
): Promise<readonly Dealt[]> {
  return await Promise.all(
    batch.map(async ({ imsi, letter }) => {
      const eventId = (letter && newest(letter)?.eventId) ?? null;
      if (letter === null || (how.kind === 'replay' && eventId === null)) return { imsi, eventId, done: false };
      const [taken] = await store.write(effectsOnly(effectOf(letter, how)));
      return { imsi, eventId, done: taken === true };
    }),
  );
}

/** What is given up is what was read: something newer may have become a dead letter since. */
function effectOf(letter: Subscriber, how: Deal): Effect {
  const { imsi } = letter;
  if (how.kind === 'replay') return { kind: 'resync', imsi };
  const seen = newest(letter);
  return { kind: 'discard', imsi, why: how.why, ...(seen && { eventId: seen.eventId }) };
}

/** Which ones, in words for the audit. */
export function chosenText(chosen: Chosen): string {
  const named = namedIn(chosen);
  if (named) return namedText([...named.keys()], 'subscribers');
  const { why } = chosen;
  return why === undefined ? 'all dead letters' : `dead letters of: ${storable(why)}`;
}
