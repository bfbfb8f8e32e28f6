import { SECRET_NAMES, SETTING_NAMES } from './table.ts';

const KNOWN: ReadonlySet<string> = new Set([...SETTING_NAMES, ...SECRET_NAMES.map((name) => `${name}_FILE`)]);

/** Prefixes that only we use: a variable that starts so and is no setting is a slip of the pen. */
const OWN_PREFIXES = new RegExp(
  '^(WTL|OSMO_HLR|GOOGLE_(SHEETS|HTTP|CRED)|SHEET_|SPREADSHEET|API_TOKEN|ADMIN|CONSOLE|EVENT|LOG_PII|STORE|RETENTION' +
    '|SETTLE|DELIVERY|METRICS)',
);

/** Variables of an environment that look like settings and are none. */
export function misspeltNames(names: readonly string[]): string[] {
  return names.filter((name) => !KNOWN.has(name) && (OWN_PREFIXES.test(name) || meantBy(name) !== null));
}

/** What is the matter with such a variable, to be said after its name. */
export function misspeltWords(name: string): string {
  const meant = meantBy(name);
  return meant === null
    ? 'is no setting, most likely misspelt; it has no effect'
    : `is no setting and has no effect; did you mean ${meant}?`;
}

function meantBy(name: string): string | null {
  for (const known of KNOWN) if (isOneSlip(name, known)) return known;
  return null;
}

/** Names that are shorter have neighbours that mean something (`HOST`, `HOME`): of them only letters that changed places count. */
const LONG_ENOUGH = 6;

/** One letter too many, too few, or another one, or two that changed places. */
function isOneSlip(name: string, known: string): boolean {
  if (Math.abs(name.length - known.length) > 1) return false;
  const [found, wanted] = withoutCommonEnds(name, known);
  if (found.length === 2 && wanted.length === 2) return found[0] === wanted[1] && found[1] === wanted[0];
  return known.length >= LONG_ENOUGH && found.length <= 1 && wanted.length <= 1;
}

/** What is left of two texts without what they begin and end with together. */
function withoutCommonEnds(a: string, b: string): [string, string] {
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start++;
  let end = 0;
  while (end < most - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}
