import type { EventAction, Rules } from '../core/types.ts';
import type { Settings } from './table.ts';

/** What event types mean unless `EVENT_ACTIONS` says otherwise (contract §3). */
const DEFAULT_EVENT_ACTIONS: readonly (readonly [string, EventAction])[] = [
  ['SIM/Updated', 'update'],
  ['SIM/Replaced', 'replace'],
];

type RuleSettings = Pick<
  Settings,
  'EVENT_ACTIONS' | 'WTL_IMSI_REGEXP' | 'WTL_DEFAULT_CS_PROFILE' | 'WTL_DEFAULT_EPS_PROFILE' | 'STRICT_ENRICHMENT'
>;

/** The part of the settings that decisions depend on. */
export function rulesOf(settings: RuleSettings): Rules {
  return {
    eventActions: new Map([...DEFAULT_EVENT_ACTIONS, ...(settings.EVENT_ACTIONS ?? [])]),
    imsiPattern: settings.WTL_IMSI_REGEXP,
    defaultCsProfile: settings.WTL_DEFAULT_CS_PROFILE,
    defaultEpsProfile: settings.WTL_DEFAULT_EPS_PROFILE,
    strictEnrichment: settings.STRICT_ENRICHMENT,
  };
}
