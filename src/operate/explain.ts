import type { Explanation, RequestView } from '../contract/admin.ts';
import type { Event } from '../contract/event.ts';
import { parseEvent } from '../contract/parse.ts';
import { decide } from '../core/decide.ts';
import type { Decision, Rules } from '../core/types.ts';
import type { Previewer, TargetRequest } from '../ports/target.ts';

/** What an event means by today's rules, and how that was found. */
export interface Walked {
  readonly steps: readonly { readonly rule: string; readonly finding: string }[];
  readonly decision: Decision;
  readonly requests: readonly TargetRequest[];
}

/** Walks an event through the decision, rule by rule. Nothing is sent. @param raw the event as NSPS sends it. */
export function walk(raw: Uint8Array, rules: Rules, preview: Previewer): Walked {
  const parsed = parseEvent(raw);
  if (parsed.kind === 'invalid') {
    return { steps: [], decision: { kind: 'reject', faults: parsed.faults }, requests: [] };
  }
  const steps: { rule: string; finding: string }[] = [];
  const decision = decide(parsed.event, rules, (rule, finding) => steps.push({ rule, finding }));
  if (decision.kind === 'record') return { steps, decision, requests: rowsOf(parsed.event, preview) };
  return { steps, decision, requests: decision.kind === 'provision' ? decision.changes.map(preview) : [] };
}

function rowsOf(event: Event, preview: Previewer): TargetRequest[] {
  return preview.row ? [preview.row(event)] : [];
}

/** The same as the admin API tells it. */
export function explanationOf({ steps, decision, requests }: Walked): Explanation {
  return {
    steps: [...steps],
    decision: {
      kind: decision.kind,
      action: decision.kind === 'provision' ? decision.action : null,
      reason: decision.kind === 'ignore' ? decision.reason : null,
      faults: decision.kind === 'reject' ? [...decision.faults] : [],
    },
    requests: requests.map(requestView),
  };
}

/** A request of the target as the admin API tells it. */
export function requestView({ method, url, body }: TargetRequest): RequestView {
  return { method, url, body };
}
