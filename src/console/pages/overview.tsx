import type { ComponentChildren } from 'preact';
import type { EventPage, Overview } from '../../contract/admin.ts';
import { useCell } from '../lib/cell.ts';
import { live } from '../lib/live.ts';
import { useGet } from '../lib/load.ts';
import { hrefs } from '../lib/router.ts';
import { durationText, latencyText } from '../lib/time-text.ts';
import { counted, numberText, rateText, type Tone } from '../lib/words.ts';
import { Age, Time } from '../parts/bits.tsx';
import { EventTable } from '../parts/event-table.tsx';
import { Empty, Failed, Loading, Notice, PageHead, Show } from '../parts/states.tsx';
import { Charts } from './overview-charts.tsx';

/** How the connector does, now and in the last hours. */
export function OverviewPage() {
  const { overview, stale, heardAt } = useCell(live);
  // The stream may be refused where a plain question is answered; until its first word this is what there is.
  const first = useGet<Overview>(overview ? null : '/admin/v1/overview');
  const shown = overview ?? first.value;
  return (
    <>
      <PageHead title="Overview" about={shown && <About overview={shown} />} />
      {!shown && first.fault && <Failed fault={first.fault} again={first.reload} />}
      {!shown && !first.fault && <Loading what="the overview" />}
      {shown && (
        <div class={stale ? 'is-stale' : ''}>
          {stale && heardAt !== null && <StaleNotice heardAt={heardAt} />}
          <Attention overview={shown} />
          <Tiles overview={shown} />
        </div>
      )}
      <Charts />
      <Latest />
    </>
  );
}

function StaleNotice({ heardAt }: { heardAt: number }) {
  return (
    <Notice tone="warn">
      <p>
        <strong>These numbers are old.</strong> The last word of the connector came at{' '}
        <Time at={new Date(heardAt).toISOString()} clock />; connecting again.
      </p>
    </Notice>
  );
}

function About({ overview: { service, target, records, delivery, startedAt } }: { overview: Overview }) {
  return (
    <>
      {service} {records ? 'records events in' : 'keeps'} <b>{target}</b>
      {records ? '' : ' equal to billing'} · delivery {delivery} · started <Age at={startedAt} />
    </>
  );
}

/** What somebody should look at, or that there is nothing. */
function Attention({ overview }: { overview: Overview }) {
  const { circuit, store, backlog, records } = overview;
  const points: ComponentChildren[] = [];
  if (store.fault !== null) points.push(<>The store fails: {store.fault}. NSPS is answered 503 and sends again.</>);
  if (circuit.fault !== null) points.push(<>Nothing can be recorded until this is mended: {circuit.fault}</>);
  else if (circuit.state !== 'closed')
    points.push(
      <>
        The network is not well: calls are held back, and made up for once it answers. What it says stands with{' '}
        <a href={hrefs.events('state=queued')}>the events that wait</a>.
      </>,
    );
  if (backlog.dead > 0) {
    points.push(
      <>
        The connector gave up on {counted(backlog.dead, records ? 'event' : 'subscriber')}:{' '}
        <a href={hrefs.givenUp(records)}>see the dead letters</a>.
      </>,
    );
  }
  if (points.length === 0) {
    return (
      <Notice tone="ok">
        <p>All is well: the network answers, and nothing needs a hand.</p>
      </Notice>
    );
  }
  return (
    <Notice tone={store.fault !== null || circuit.state === 'open' ? 'bad' : 'warn'}>
      {points.map((point, index) => (
        // Sentences without a state.
        <p key={index}>{point}</p>
      ))}
    </Notice>
  );
}

interface TileProps {
  readonly label: string;
  readonly value: ComponentChildren;
  readonly more: ComponentChildren;
  readonly tone?: Tone;
  readonly href?: string;
}

function Tile({ label, value, more, tone = 'muted', href }: TileProps) {
  const inside = (
    <>
      <span class="tile-label">{label}</span>
      <span class="tile-value tabular">{value}</span>
      <span class="tile-more tabular">{more}</span>
    </>
  );
  const kind = `tile panel edge-${tone}`;
  return href ? (
    <a class={kind} href={href}>
      {inside}
    </a>
  ) : (
    <div class={kind}>{inside}</div>
  );
}

const CIRCUIT: Readonly<Record<Overview['circuit']['state'], { tone: Tone; text: string; more: string }>> = {
  closed: { tone: 'ok', text: 'Closed', more: 'calls go through' },
  open: { tone: 'bad', text: 'Open', more: 'calls are held back' },
  'half-open': { tone: 'warn', text: 'Half open', more: 'one call tries it out' },
};

function Tiles({ overview }: { overview: Overview }) {
  const { circuit, backlog, rate, store, lastMinute } = overview;
  const { tone, text, more } = CIRCUIT[circuit.state];
  const retry = circuit.retryInMs === null ? more : `next call in ${durationText(circuit.retryInMs)}`;
  const share = rate.limit === null ? null : rate.perSecond / rate.limit;
  return (
    <div class="tiles">
      <Tile label="Circuit to the network" value={text} more={retry} tone={tone} />
      <Tile
        label="Backlog"
        value={numberText(backlog.waiting)}
        more={backlog.oldestMs === null ? 'nobody waits' : `oldest waits ${durationText(backlog.oldestMs)}`}
        tone={backlog.waiting > 0 ? 'info' : 'ok'}
        href={hrefs.events('state=queued')}
      />
      <Tile
        label="Dead letters"
        value={numberText(backlog.dead)}
        more={backlog.dead === 0 ? 'none given up' : 'need a hand'}
        tone={backlog.dead > 0 ? 'bad' : 'ok'}
        href={hrefs.givenUp(overview.records)}
      />
      <Tile
        label="In flight"
        value={numberText(overview.inFlight)}
        more={`${numberText(overview.waiting)} waiting, ${numberText(overview.inside)} being answered`}
      />
      <Tile
        label="Calls a second"
        value={rateText(rate.perSecond)}
        more={rate.limit === null ? 'no limit is set' : <RateMeter limit={rate.limit} now={rate.perSecond} />}
        tone={share !== null && share > 0.9 ? 'warn' : 'muted'}
      />
      <Tile
        label="Store"
        value={store.fault === null ? 'Works' : 'Fails'}
        more={store.fault ?? store.kind}
        tone={store.fault === null ? 'ok' : 'bad'}
      />
      <Tile label="Last minute" value={counted(sum(lastMinute.events), 'event')} more={minuteText(lastMinute)} />
      <Tile label="Call duration, last minute" value={latencyText(lastMinute.p50Ms)} more={durationsText(lastMinute)} />
    </div>
  );
}

function RateMeter({ limit, now }: { limit: number; now: number }) {
  return (
    <>
      <meter min={0} max={limit} value={Math.min(limit, now)} aria-label="Calls a second against the limit" />
      of {rateText(limit)} allowed
    </>
  );
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function minuteText({ calls, errors }: Overview['lastMinute']): string {
  return `${counted(calls, 'call')}, ${numberText(errors)} failed`;
}

function durationsText({ p95Ms, p99Ms }: Overview['lastMinute']): string {
  return p95Ms === null ? 'no call was made' : `p95 ${latencyText(p95Ms)}, p99 ${latencyText(p99Ms)}`;
}

const LATEST = 8;

function Latest() {
  const page = useGet<EventPage>(`/admin/v1/events?limit=${LATEST}`, 5_000);
  return (
    <section aria-labelledby="latest">
      <div class="section-head">
        <h2 id="latest">Latest events</h2>
        <a href={hrefs.events()}>All events</a>
      </div>
      <Show of={page} what="events">
        {({ events }) =>
          events.length === 0 ? (
            <Empty title="No event has come yet.">Point NSPS at this connector; what it sends appears here.</Empty>
          ) : (
            <div class="panel table-panel">
              <EventTable events={events} caption="Latest events" />
            </div>
          )
        }
      </Show>
    </section>
  );
}
