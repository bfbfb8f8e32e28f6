import type { AccessPolicy, Event } from '../contract/event.ts';

/** What the core takes as a profile name (contract §3.6). */
const PROFILE_NAME = /^[a-zA-Z][-_.a-zA-Z0-9]*$/;

/** Whether the core takes it for a profile's name. */
export function isProfileName(text: string): boolean {
  return PROFILE_NAME.test(text);
}

interface PolicyValue {
  readonly value: string;
  /** Where in the event it stands. */
  readonly path: string;
}

/** The first item of the first attribute of that name that has a value, over all policies; null when there is none. */
export function findPolicyValue(event: Event, name: 'cs_profile' | 'eps_profile'): PolicyValue | null {
  const info = event.pb_data?.access_policy_info;
  if (!info) return null;
  const root = 'pb_data.access_policy_info';
  if (!Array.isArray(info)) return inPolicy(info, name, root);
  for (const [index, policy] of info.entries()) {
    const found = inPolicy(policy, name, `${root}[${index}]`);
    if (found) return found;
  }
  return null;
}

function inPolicy(policy: AccessPolicy, name: string, root: string): PolicyValue | null {
  for (const [index, attribute] of (policy?.attributes ?? []).entries()) {
    if (attribute?.name !== name || !attribute.value?.trim()) continue;
    const comma = attribute.value.indexOf(',');
    const first = comma < 0 ? attribute.value : attribute.value.slice(0, comma);
    return { value: first.trim(), path: `${root}.attributes[${index}].value` };
  }
  return null;
}
