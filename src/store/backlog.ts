import { recordsEvents } from '../config/setting.ts';
import type { Settings } from '../config/table.ts';
import type { Backlog, Store } from '../ports/store.ts';

/** What the connector still has to do, and for what. */
export interface NamedBacklog extends Backlog {
  readonly of: 'subscriber' | 'event';
}

/** Of a target that records events they wait, of one that holds states subscribers do. @throws StoreError */
export async function backlogOf({ outbox, views }: Store, { TARGET }: Pick<Settings, 'TARGET'>): Promise<NamedBacklog> {
  return outbox && recordsEvents(TARGET)
    ? { ...(await outbox.backlog()), of: 'event' }
    : { ...(await views.backlog()), of: 'subscriber' };
}
