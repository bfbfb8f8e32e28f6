/** What came of one event or subscriber that an operator asked for. */
export const STATUSES = [
  /** The core confirmed it. */
  'done',
  /** The connector was told, and nobody waited for it. */
  'asked',
  /** It would be sent (only planned). */
  'planned',
  /** Something newer is known: nothing to do. */
  'superseded',
  /** By rule, as it is today. */
  'ignored',
  /** It is not as it should be, or holds what the core cannot take. */
  'rejected',
  /** Not done so far. */
  'waiting',
  /** The core refused it, and nothing was promised to anybody. */
  'failed',
  /** Given up. */
  'dead',
  /** An operator gave up on it meanwhile. */
  'discarded',
  /** Never heard of. */
  'unknown',
] as const;

export type Status = (typeof STATUSES)[number];

export interface Result {
  /** Event id, or IMSI. */
  readonly subject: string;
  readonly status: Status;
  readonly why?: string;
}
