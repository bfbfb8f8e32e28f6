import type { Preview, RequestView } from '../../contract/admin.ts';
import { type Result, STATUSES } from '../../operate/result.ts';

/** What a preview or a refusal of the admin API means for one event or subscriber. */

/** A request to the core in a line. */
export function requestText({ method, url, body }: RequestView): string {
  return `${method} ${url} ${JSON.stringify(body)}`;
}

/** What would be done. */
export function plannedOf(subject: string, { requests, why }: Preview): Result {
  if (requests.length === 0 && why !== null) return refusedOf(subject, why);
  const words = [...(why === null ? [] : [why]), ...requests.map(requestText)].join('; ');
  return { subject, status: 'planned', ...(words !== '' && { why: words }) };
}

/** Why nothing is done. @param why may begin with how it stands: `superseded: …`. */
export function refusedOf(subject: string, why: string): Result {
  const [, word, words] = /^(\w+): (.*)$/s.exec(why) ?? [];
  const status = STATUSES.find((known) => known === word);
  return status ? { subject, status, why: words ?? '' } : { subject, status: 'unknown', why };
}
