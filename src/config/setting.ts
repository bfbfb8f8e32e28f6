import type { Kind } from './kinds.ts';

/** The external systems there are; each has a folder of that name in `targets/`. */
export const TARGET_NAMES = ['wtl', 'osmo-hlr', 'google-sheets'] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** Those that record events, a row each; the others hold subscribers' states. */
export type RecordingName = 'google-sheets';

/** Whether that system keeps rows of events, and knows no subscriber's state. */
export function recordsEvents(name: TargetName): name is RecordingName {
  return name === 'google-sheets';
}

/** One setting: its kind, what it is when not set, and what it is for. */
export interface Setting<T = unknown> {
  readonly kind: Kind<T>;
  /** As one would write it. Absent: none. */
  readonly fallback?: string;
  readonly required?: true;
  /** Required only when this is the system to provision (`TARGET`). */
  readonly target?: TargetName;
  readonly secret?: true;
  readonly help: string;
}

/** Must be set, but for commands that call nobody. */
export function required<T>(kind: Kind<T>, help: string): Setting<T> & { required: true } {
  return { kind, required: true, help };
}

/** Required when `TARGET` is that system; nobody else misses it. */
export function requiredFor<T>(target: TargetName, kind: Kind<T>, help: string): Setting<T> & { target: TargetName } {
  return { kind, required: true, target, help };
}

/** Null when it is not set. */
export function optional<T>(kind: Kind<T>, help: string): Setting<T> {
  return { kind, help };
}

/** @param fallback as one would write it: it is read like what is set. */
export function withDefault<T>(kind: Kind<T>, fallback: string, help: string): Setting<T> & { fallback: string } {
  return { kind, fallback, help };
}
