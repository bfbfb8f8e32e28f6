import type { EventPage } from '../../contract/admin.ts';
import { withQuery } from '../lib/api.ts';
import { usePages } from '../lib/pages.ts';
import { usePlace } from '../lib/router.ts';
import { counted } from '../lib/words.ts';
import { Time } from '../parts/bits.tsx';
import { EventTable } from '../parts/event-table.tsx';
import { Icon } from '../parts/icons.tsx';
import { Empty, Failed, Further, Loading, PageHead } from '../parts/states.tsx';
import { Filters } from './event-filters.tsx';

const PAGE = 50;
const FILTERS = ['state', 'type', 'imsi', 'from', 'until', 'text'] as const;

/** Looks through the journal. What is looked for stands in the address, so that it can be passed on. */
export function EventsPage() {
  const { query } = usePlace();
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)]));
  const path = withQuery('/admin/v1/events', { ...filter, limit: PAGE });
  return (
    <>
      <PageHead title="Events" about="Everything NSPS sent, newest first, and what came of it.">
        <a class="button" href={withQuery('/admin/v1/events.csv', filter)} download>
          <Icon name="download" />
          Export CSV
        </a>
      </PageHead>
      <Filters query={query} />
      <Pages key={path} path={path} filtered={Object.values(filter).some(Boolean)} />
    </>
  );
}

/** The first page, and the older ones that were asked for. */
function Pages({ path, filtered }: { path: string; filtered: boolean }) {
  const { first, pages, fault, busy, goOn, restart } = usePages<EventPage>(path, 'before');
  if (!first.value)
    return first.fault ? <Failed fault={first.fault} again={first.reload} /> : <Loading what="events" />;
  const events = pages.flatMap((page) => page.events);
  const last = pages.at(-1) ?? first.value;
  return (
    <>
      <div class="section-head">
        <p class="quiet tabular" role="status">
          {counted(events.length, 'event')} shown{last.next === null ? ', no more' : ''}
        </p>
        <button type="button" class="button small" onClick={restart} disabled={first.loading}>
          <Icon name="again" />
          Refresh
        </button>
      </div>
      {events.length > 0 && (
        <div class="panel table-panel">
          <EventTable events={events} caption="Events" />
        </div>
      )}
      {events.length === 0 && last.next === null && <Nothing filtered={filtered} />}
      {fault && <Failed fault={fault} />}
      {last.next !== null && <Older page={last} onGoOn={goOn} busy={busy} />}
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (!filtered)
    return <Empty title="No event has come yet.">Point NSPS at this connector; what it sends appears here.</Empty>;
  return (
    <Empty title="No event is like that.">
      Take away a filter, or widen the time. Events are deleted after RETENTION_DAYS.
    </Empty>
  );
}

/** A search looks at so many events at a time: a short page is not the end. */
function Older({ page, onGoOn, busy }: { page: EventPage; onGoOn: () => void; busy: boolean }) {
  const isShort = page.events.length < PAGE;
  const label = busy ? 'Looking …' : isShort ? 'Go on looking' : 'Older events';
  return (
    <Further label={label} onGoOn={onGoOn} busy={busy}>
      {isShort && page.reachedAt !== null && (
        <p>
          Looked back to <Time at={page.reachedAt} />.
        </p>
      )}
    </Further>
  );
}
