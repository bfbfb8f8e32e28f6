import { useState } from 'preact/hooks';
import type { AuditPage as Page } from '../../contract/admin.ts';
import { type Fault, faultOf, get } from '../lib/api.ts';
import { useGet } from '../lib/load.ts';
import { zoneName } from '../lib/time-text.ts';
import { Dash, EventLink, ImsiLink, Time } from '../parts/bits.tsx';
import { Empty, Failed, Loading, PageHead } from '../parts/states.tsx';

const PATH = '/admin/v1/audit';

/** What operators did. */
export function AuditPage() {
  const first = useGet<Page>(PATH);
  const [more, setMore] = useState<readonly Page[]>([]);
  const [fault, setFault] = useState<Fault | null>(null);
  const pages = first.value ? [first.value, ...more] : [];
  const next = pages.at(-1)?.next ?? null;
  const goOn = async () => {
    setFault(null);
    try {
      const page = await get<Page>(`${PATH}?before=${next}`);
      setMore((before) => [...before, page]);
    } catch (error) {
      setFault(faultOf(error));
    }
  };
  return (
    <>
      <PageHead title="Audit" about="What was done by hand, here and on the command line, newest first." />
      {first.fault && <Failed fault={first.fault} again={first.reload} />}
      {!first.value && !first.fault && <Loading what="the audit" />}
      {first.value && <Entries entries={pages.flatMap(({ entries }) => entries)} />}
      {fault && <Failed fault={fault} />}
      {next !== null && (
        <div class="further">
          <button type="button" class="button" onClick={goOn}>
            Older entries
          </button>
        </div>
      )}
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
  if (/^\d{15}$/.test(subject)) return <ImsiLink imsi={subject} />;
  // Only an event's id has no blank in it.
  const isEvent = what === 'replay' && !/\s/.test(subject) && subject !== 'all';
  return isEvent ? <EventLink id={subject} /> : <span>{subject}</span>;
}
