import type { SubscriberView } from '../contract/admin.ts';
import { newest, type Subscriber } from '../core/subscriber.ts';
import type { Untaken } from './untaken.ts';

type Verdict = SubscriberView['verdict'];

/**
 * How the external system compares with what billing wants, as far as is known.
 * @param subscriber null when nothing is known of him.
 * @param untaken an event of his that was not taken; null when there is none.
 */
export function verdictOf(subscriber: Subscriber | null, untaken: Untaken | null): Verdict {
  const kept = subscriber === null ? 'unknown' : verdictOfKept(subscriber);
  return untaken && (kept === 'in step' || kept === 'unknown') ? 'unsettled' : kept;
}

function verdictOfKept(subscriber: Subscriber): Verdict {
  if (subscriber.dead !== null) return 'dead letter';
  if (subscriber.waitingSince !== null) return 'waiting';
  if (subscriber.unsettledUntil !== null) return 'unsettled';
  if (subscriber.desired !== null) return subscriber.desired.owed ? 'waiting' : 'unsettled';
  return newest(subscriber) ? 'in step' : 'unknown';
}
