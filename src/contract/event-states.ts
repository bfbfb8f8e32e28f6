/** Where an event stands that NSPS need not send again: it was answered 202. */
export const SUCCESSES = [
  /** The core confirmed it. */
  'processed',
  /** It is on its way; the retry is ours. */
  'queued',
  /** Something newer took its place. */
  'superseded',
  /** By rule. */
  'ignored',
] as const;

/** Where an event can stand when NSPS is answered. */
export const OUTCOMES = [
  ...SUCCESSES,
  /** It was not taken (422), or the core refused it: NSPS sends it again. */
  'rejected',
  /** It could not be done now: NSPS sends it again. */
  'failed',
] as const;

/** Where an event can stand. */
export const EVENT_STATES = [
  ...OUTCOMES,
  /** We gave up on it: somebody has to look. */
  'dead',
  /** An operator gave up on it, and said why. */
  'discarded',
] as const;

export type Success = (typeof SUCCESSES)[number];
export type EventOutcome = (typeof OUTCOMES)[number];
export type EventState = (typeof EVENT_STATES)[number];
