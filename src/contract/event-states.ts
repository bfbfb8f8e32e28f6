/** Where an event stands. */
export const EVENT_STATES = [
  /** The core confirmed it. */
  'processed',
  /** It is on its way; the retry is ours. */
  'queued',
  /** Something newer took its place. */
  'superseded',
  /** By rule. */
  'ignored',
  /** It was not taken (422), or the core refused it: NSPS sends it again. */
  'rejected',
  /** It could not be done now: NSPS sends it again. */
  'failed',
  /** We gave up on it: somebody has to look. */
  'dead',
  /** An operator gave up on it, and said why. */
  'discarded',
] as const;

export type EventState = (typeof EVENT_STATES)[number];
