import type { Release, Subscriber, Wanted } from '../../core/subscriber.ts';
import { storable } from '../../core/text.ts';
import { asImsi } from '../imsi.ts';
import { SUBSCRIBER_COLUMNS, type SubscriberRow } from '../subscriber-row.ts';
import { wholeMs } from '../times.ts';

/** The order of a row's fields everywhere. */
export const STATE_COLUMNS = SUBSCRIBER_COLUMNS.join(', ');

/** States and releases as jsonb, which comes as values. */
export type StateRow = SubscriberRow<Wanted, readonly Release[]>;

/** @param row begins with `STATE_COLUMNS`; what comes after them is left alone. */
export function subscriberOf(row: readonly [...StateRow, ...unknown[]]): Subscriber {
  const [imsi, applied, desired, after, unsettledUntil, dueAt, waitingSince, attempts, dead] = row as StateRow;
  return {
    imsi: asImsi(imsi),
    applied,
    desired,
    after: after ?? [],
    unsettledUntil,
    dueAt,
    waitingSince,
    attempts,
    dead,
  };
}

/** The columns of `stateOf` in a statement. */
export const STATE_RECORD =
  'imsi bigint, applied jsonb, desired jsonb, after jsonb, unsettled_until bigint, due_at bigint, waiting_since bigint, ' +
  'attempts integer, dead text';

/** Sets them in `UPDATE ... AS s ... FROM ... AS u`. */
export const STATE_ASSIGNMENTS = SUBSCRIBER_COLUMNS.slice(1)
  .map((column) => `${column} = u.${column}`)
  .join(', ');

/** A subscriber as one record of a JSON parameter. */
export function stateOf(subscriber: Subscriber) {
  const { imsi, applied, desired, after, unsettledUntil, dueAt, waitingSince, attempts, dead } = subscriber;
  return {
    imsi: Number(imsi),
    applied,
    desired,
    after: after.length === 0 ? null : after,
    unsettled_until: wholeMs(unsettledUntil),
    due_at: wholeMs(dueAt),
    waiting_since: wholeMs(waitingSince),
    attempts,
    dead,
  };
}

/** A parameter in JSON: one parameter for many rows is the quickest way to send them. */
export function json(value: unknown): string {
  const text = JSON.stringify(value);
  // Both are rare: the backslash may itself be escaped, and nothing is lost by looking closer then.
  if (!text.includes('\\u0000') && !text.includes('\\ud')) return text;
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? storable(part) : part));
}
