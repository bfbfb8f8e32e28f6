import type { Done, Preview } from '../contract/admin.ts';
import { asSent, newest, releasesBefore, type Subscriber } from '../core/subscriber.ts';
import { effectsOnly, type Store } from '../ports/store.ts';
import type { Previewer } from '../ports/target.ts';
import type { Desk } from './desk.ts';
import { requestView } from './explain.ts';
import { leftOutBy, type Untaken, untakenText } from './untaken.ts';

/** Why nothing is sent for a subscriber whom no event has given a state. */
export const NOTHING_KNOWN = 'no event has said what this subscriber should be';

/**
 * What would be sent for a subscriber, releases of the number first.
 * @param untaken an event of his that was not taken; null when there is none.
 */
export function previewResync(subscriber: Subscriber | null, preview: Previewer, untaken: Untaken | null): Preview {
  const wanted = subscriber && newest(subscriber);
  if (!subscriber || !wanted) return { requests: [], why: untaken ? untakenText(untaken) : NOTHING_KNOWN };
  const releases = releasesBefore(subscriber, wanted).map(({ change }) => change);
  const changes = [...releases, asSent(subscriber, wanted).change];
  return {
    requests: changes.map((change) => requestView(preview(change))),
    why: remark(subscriber, leftOutBy(wanted, untaken)),
  };
}

/** What else an operator should know before. */
function remark({ dead, waitingSince }: Subscriber, untaken: Untaken | null): string | null {
  if (untaken) return untakenText(untaken);
  if (dead !== null) return `it was given up (${dead}): it is tried again`;
  return waitingSince === null ? null : 'the connector is at it already: it is tried at once';
}

/** Asks for the newest state of a subscriber to be sent again. @returns false when there is none. */
export async function askResync(store: Store, subscriber: Subscriber): Promise<boolean> {
  if (!newest(subscriber)) return false;
  const { imsi } = subscriber;
  const [taken] = await store.write(effectsOnly({ kind: 'resync', imsi }));
  return taken === true;
}

/** The same for one who may be unknown, as the admin API tells it. */
export async function resync({ store, views }: Desk, imsi: string): Promise<Done> {
  const subscriber = await views.subscriber(imsi);
  const asked = subscriber !== null && (await askResync(store, subscriber));
  return asked ? { asked: 1, skipped: 0, why: null } : { asked: 0, skipped: 1, why: NOTHING_KNOWN };
}
