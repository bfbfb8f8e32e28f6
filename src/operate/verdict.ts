import type { SubscriberView } from '../contract/admin.ts';
import { newest, type Subscriber } from '../core/subscriber.ts';

export type Verdict = SubscriberView['verdict'];

/**
 * How the external system compares with what billing wants, as far as is known.
 * @param subscriber null when nothing is known of him.
 */
export function verdictOf(subscriber: Subscriber | null): Verdict {
  if (subscriber === null) return 'unknown';
  if (subscriber.dead !== null) return 'dead letter';
  if (subscriber.waitingSince !== null) return 'waiting';
  if (subscriber.unsettledUntil !== null) return 'unsettled';
  if (subscriber.desired !== null) return subscriber.desired.owed ? 'waiting' : 'unsettled';
  return newest(subscriber) ? 'in step' : 'unknown';
}
