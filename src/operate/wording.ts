import { faultsText } from '../contract/fault.ts';
import type { Wanted } from '../core/subscriber.ts';
import type { Change, Decision } from '../core/types.ts';

/** The state that a change gives a subscriber, in words. */
export function changeText({ action, state }: Change): string {
  const number = state.msisdn ?? 'no number';
  return `${state.imsi}: ${state.status}, ${number}, CS ${state.csProfile}, EPS ${state.epsProfile} (${action})`;
}

/** A state that was wanted, and who wanted it. */
export function wantedText(wanted: Wanted): string {
  return `${changeText(wanted.change)}, ${sourceText(wanted)}`;
}

function sourceText({ eventId, version }: Wanted): string {
  const stamps = Object.entries(version).map(([name, stamp]) => `${name} ${stamp}`);
  return [`event ${eventId}`, ...stamps].join(', ');
}

/** What the core confirmed last, in words. */
export function appliedText(applied: Wanted | null): string {
  if (applied === null) return 'nothing was confirmed yet';
  if (applied.change.action === 'delete') return `nobody: deleted, ${sourceText(applied)}`;
  return applied.missing ? `nobody: ${NOT_KNOWN}; should it be inserted: ${wantedText(applied)}` : wantedText(applied);
}

/** What confirmed a release that met nobody. */
export const NOT_KNOWN = 'the core did not know this SIM when it was to lose its number';

/** A decision in words, a line each. What it repeats of the event is as it came. */
export function decisionLines(decision: Decision): string[] {
  switch (decision.kind) {
    case 'ignore':
      return [`ignore: ${decision.reason}`];
    case 'reject':
      return decision.faults.map(({ path, message }) => `reject: ${path} ${message}`);
    case 'record':
      return ['record'];
    case 'provision':
      return decision.changes.map((change, index) => `${index === 0 ? 'send' : 'then'} ${changeText(change)}`);
  }
}

/** Why an event that is not sent is not. */
export function refusalText(decision: Extract<Decision, { kind: 'ignore' | 'reject' }>): string {
  if (decision.kind === 'ignore') return decision.reason;
  return faultsText(decision.faults);
}
