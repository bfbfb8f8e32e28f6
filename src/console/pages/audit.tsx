import type { AuditPage as Page } from '../../contract/admin.ts';
import { isImsi } from '../../contract/imsi.ts';
import { usePages } from '../lib/pages.ts';
import { zoneName } from '../lib/time-text.ts';
import { Dash, EventLink, ImsiLink, Time } from '../parts/bits.tsx';
import { Empty, Failed, Further, Loading, PageHead } from '../parts/states.tsx';

/** What operators did. */
export function AuditPage() {
  const { first, pages, next, fault, busy, goOn } = usePages<Page>('/admin/v1/audit', 'before');
  return (
    <>
      <PageHead title="Audit" about="What was done by hand, here and on the command line, newest first." />
      {first.fault && <Failed fault={first.fault} again={first.reload} />}
      {!first.value && !first.fault && <Loading what="the audit" />}
      {first.value && <Entries entries={pages.flatMap(({ entries }) => entries)} />}
      {fault && <Failed fault={fault} />}
      {next !== null && <Further label="Older entries" onGoOn={goOn} busy={busy} />}
    </>
  );
}

function Entries({ entries }: { entries: Page['entries'] }) {
  if (entries.length === 0) return <Empty title="Nothing was done by hand yet." />;
  return (
    <div class="panel table-panel">
      <table class="table cards">
        <caption class="offscreen">What was done by hand</caption>
        <thead>
          <tr>
            <th scope="col">When ({zoneName()})</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">To whom</th>
            <th scope="col">Detail</th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ seq, at, who, what, subject, detail }) => (
            <tr key={seq}>
              <td data-label="When" class="nowrap">
                <Time at={at} />
              </td>
              <td data-label="Who" class="mono">
                {who}
              </td>
              <td data-label="What">{what}</td>
              <td data-label="To whom" class="breakable">
                <Subject subject={subject} what={what} />
              </td>
              <td data-label="Detail" class="why">
                {detail ?? <Dash />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Subject({ subject, what }: { subject: string | null; what: string }) {
  if (subject === null) return <Dash />;
  if (isImsi(subject)) return <ImsiLink imsi={subject} />;
  // Only an event's id has no blank in it.
  const isEvent = what === 'replay' && !/\s/.test(subject);
  return isEvent ? <EventLink id={subject} /> : <span>{subject}</span>;
}
