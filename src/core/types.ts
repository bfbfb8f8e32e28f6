import type { Fault } from '../contract/fault.ts';
import type { Version } from './version.ts';

/** What the core is told to do with a subscriber's full state. */
export const ACTIONS = ['insert', 'update', 'delete', 'set', 'unset', 'modify'] as const;
export type Action = (typeof ACTIONS)[number];

/** What an event type is mapped to: a core action, a SIM swap, or nothing. */
export const EVENT_ACTIONS = [...ACTIONS, 'replace', 'ignore'] as const;
export type EventAction = (typeof EVENT_ACTIONS)[number];

/** Full service, or barred by the operator. */
export type SubscriberStatus = 'serviceGranted' | 'operatorDeterminedBarring';

/** The full state of one subscriber as the HLR/HSS should hold it. */
export interface SubscriberState {
  /** 15 digits. */
  readonly imsi: string;
  readonly status: SubscriberStatus;
  /** 1–15 digits, or null for none (barred, or data only). */
  readonly msisdn: string | null;
  readonly csProfile: string;
  readonly epsProfile: string;
}

/** One change of one subscriber. */
export interface Change {
  readonly action: Action;
  readonly state: SubscriberState;
}

/** What an event means. "Ignored" and "rejected" are results, not exceptions. */
export type Decision =
  | { readonly kind: 'ignore'; readonly reason: string }
  | { readonly kind: 'reject'; readonly faults: readonly [Fault, ...Fault[]] }
  /** It is recorded as it is, whatever it says. */
  | { readonly kind: 'record' }
  | {
      readonly kind: 'provision';
      readonly action: EventAction;
      readonly version: Version;
      /** In the order they must reach the core: a number is released before it is given again (G5). */
      readonly changes: readonly [Change, ...Change[]];
    };

/** The settings that decisions depend on. */
export interface Rules {
  readonly eventActions: ReadonlyMap<string, EventAction>;
  /** Subscribers this connector serves; null serves all. */
  readonly imsiPattern: ImsiPattern | null;
  readonly defaultCsProfile: string;
  readonly defaultEpsProfile: string;
  /** Refuse to bar on absent data (contract §3.7). */
  readonly strictEnrichment: boolean;
  /** The target records events instead of holding states: nothing is asked of an event but its type. */
  readonly records?: boolean;
}

/** Which IMSIs are served (`WTL_IMSI_REGEXP`). */
export interface ImsiPattern {
  readonly source: string;
  /** Whether the pattern is found anywhere in the text. */
  found(text: string): boolean;
}
