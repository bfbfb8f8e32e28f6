import type { EventAction, Rules } from '../core/types.ts';
import { recordsEvents } from './setting.ts';
import type { Settings } from './table.ts';

/** What event types mean unless `EVENT_ACTIONS` says otherwise (contract §3). */
const DEFAULT_EVENT_ACTIONS: readonly (readonly [string, EventAction])[] = [
  ['SIM/Updated', 'update'],
  ['SIM/Replaced', 'replace'],
];

/** What is recorded unless it says otherwise: what PortaOne's own connector records. */
const DEFAULT_RECORDED: typeof DEFAULT_EVENT_ACTIONS = [['SIM/Updated', 'update']];

type RuleSettings = Pick<
  Settings,
  | 'TARGET'
  | 'EVENT_ACTIONS'
  | 'WTL_IMSI_REGEXP'
  | 'WTL_DEFAULT_CS_PROFILE'
  | 'WTL_DEFAULT_EPS_PROFILE'
  | 'STRICT_ENRICHMENT'
>;

/** The part of the settings that decisions depend on. */
export function rulesOf(settings: RuleSettings): Rules {
  const records = recordsEvents(settings.TARGET);
  const defaults = records ? DEFAULT_RECORDED : DEFAULT_EVENT_ACTIONS;
  return {
    records,
    eventActions: new Map([...defaults, ...(settings.EVENT_ACTIONS ?? [])]),
    imsiPattern: settings.WTL_IMSI_REGEXP,
    defaultCsProfile: settings.WTL_DEFAULT_CS_PROFILE,
    defaultEpsProfile: settings.WTL_DEFAULT_EPS_PROFILE,
    strictEnrichment: settings.STRICT_ENRICHMENT,
  };
}
