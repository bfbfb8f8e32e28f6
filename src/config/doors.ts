import type { SecretName } from './table.ts';

/** What a token opens. Whoever has one must not get through another's door. */
const DOORS: Partial<Record<SecretName, 'nsps' | 'metrics' | 'operators'>> = {
  API_TOKEN: 'nsps',
  API_TOKEN_PREVIOUS: 'nsps',
  METRICS_TOKEN: 'metrics',
  ADMIN_TOKEN: 'operators',
  CONSOLE_TOKEN: 'operators',
};

/**
 * @param tokenOf a setting's token; '' or undefined when it has none.
 * @returns the setting of another door that holds the same token as this one; null when none does. Tokens of one door may
 *   be the same: both of NSPS are while they are changed.
 */
export function sameToken(name: SecretName, tokenOf: (name: SecretName) => string | undefined): SecretName | null {
  const door = DOORS[name];
  const token = tokenOf(name);
  if (door === undefined || !token) return null;
  const others = Object.entries(DOORS).filter(([, other]) => other !== door);
  return (others.find(([other]) => tokenOf(other as SecretName) === token)?.[0] as SecretName | undefined) ?? null;
}
