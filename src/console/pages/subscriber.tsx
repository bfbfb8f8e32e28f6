import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { EventSummary, SubscriberView, WantedView } from '../../contract/admin.ts';
import { useNow } from '../lib/clock.ts';
import { useGet } from '../lib/load.ts';
import { hrefs } from '../lib/router.ts';
import { counted, isSettled, statusText, verdictSentence } from '../lib/words.ts';
import { Age, CopyButton, EventLink, ImsiLink, VerdictBadge } from '../parts/bits.tsx';
import { EventTable } from '../parts/event-table.tsx';
import { Icon } from '../parts/icons.tsx';
import { SendDialog } from '../parts/send-dialog.tsx';
import { Empty, PageHead, Show } from '../parts/states.tsx';
import { Comparison } from './subscriber-states.tsx';

/** Somebody looks at one subscriber because something is about to change: quickly while it does. */
const CHANGING_MS = 1_500;
const QUIET_MS = 10_000;

/** What is sent again: the subscriber's newest state, or one of his events. */
type Sending = { readonly kind: 'resync' } | { readonly kind: 'replay'; readonly event: EventSummary };

/** Why a subscriber is not what billing says, and what can be done. */
export function SubscriberPage({ imsi }: { imsi: string }) {
  const [changing, setChanging] = useState(false);
  const [sending, setSending] = useState<Sending | null>(null);
  const view = useGet<SubscriberView>(
    `/admin/v1/subscribers/${encodeURIComponent(imsi)}`,
    changing ? CHANGING_MS : QUIET_MS,
  );
  const isChanging = view.value !== null && !isSettled(view.value);
  if (isChanging !== changing) setChanging(isChanging);
  return (
    <>
      <PageHead title={<Title imsi={imsi} />} about={view.value && namesOf(view.value)}>
        <button
          type="button"
          class="button primary"
          disabled={!view.value}
          onClick={() => setSending({ kind: 'resync' })}
        >
          <Icon name="again" />
          Resync
        </button>
      </PageHead>
      <Show of={view} what="the subscriber">
        {(value) => <Body view={value} onReplay={(event) => setSending({ kind: 'replay', event })} />}
      </Show>
      {sending && <Send imsi={imsi} sending={sending} onClose={() => setSending(null)} onSent={view.reload} />}
    </>
  );
}

function Title({ imsi }: { imsi: string }) {
  return (
    <>
      Subscriber <span class="mono">{imsi}</span> <CopyButton text={imsi} label="Copy" small />
    </>
  );
}

/** Of somebody who was never heard of there is nothing to say. */
function namesOf({ names: { msisdn, account, iccid }, verdict }: SubscriberView): ComponentChildren {
  if (verdict === 'unknown' && msisdn === null && account === null && iccid === null) return null;
  return (
    <span class="names">
      <Name label="Number">{msisdn}</Name>
      <Name label="Account">{account}</Name>
      <Name label="ICCID">{iccid}</Name>
    </span>
  );
}

function Name({ label, children }: { label: string; children: string | null }) {
  return (
    <span>
      {label} {children === null ? 'none' : <span class="mono strong">{children}</span>}
    </span>
  );
}

interface SendProps {
  readonly imsi: string;
  readonly sending: Sending;
  onClose(): void;
  onSent(): void;
}

function Send({ imsi, sending, ...rest }: SendProps) {
  if (sending.kind === 'resync') {
    const path = `/admin/v1/subscribers/${encodeURIComponent(imsi)}/resync`;
    return <SendDialog {...rest} title={`Resync ${imsi}`} verb="Resync" path={path} imsis={[imsi]} />;
  }
  const { eventId, previousImsi, imsi: eventImsi } = sending.event;
  const imsis = [...new Set([previousImsi, eventImsi])].filter((one) => one !== null);
  const path = `/admin/v1/events/${encodeURIComponent(eventId)}/replay`;
  return <SendDialog {...rest} title={`Replay event ${eventId}`} verb="Replay" path={path} imsis={imsis} />;
}

function Body({ view, onReplay }: { view: SubscriberView; onReplay: (event: EventSummary) => void }) {
  return (
    <>
      <VerdictPanel view={view} />
      <Comparison view={view} />
      <WaitingPanel view={view} />
      <section aria-labelledby="timeline">
        <div class="section-head">
          <h2 id="timeline">Last events</h2>
          <a href={hrefs.events(new URLSearchParams({ imsi: view.imsi }).toString())}>All events of this IMSI</a>
        </div>
        {view.events.length === 0 ? (
          <Empty title="No event of this subscriber is kept.">Events are deleted after RETENTION_DAYS.</Empty>
        ) : (
          <div class="panel table-panel">
            <EventTable events={view.events} caption="Last events of the subscriber" withoutImsi onReplay={onReplay} />
          </div>
        )}
      </section>
    </>
  );
}

function VerdictPanel({ view }: { view: SubscriberView }) {
  const { tone, title, more } = verdictSentence(view, useNow());
  return (
    <section class={`verdict panel edge-${tone}`} aria-label="Verdict">
      <VerdictBadge verdict={view.verdict} />
      <div>
        <p class="verdict-title" aria-live="polite">
          {title}
        </p>
        <p class="quiet">{more}</p>
      </div>
    </section>
  );
}

function WaitingPanel({ view }: { view: SubscriberView }) {
  const rows = waitingRows(view);
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="waiting">
      <div class="section-head">
        <h2 id="waiting">{view.dead === null ? 'What waits, and why' : 'What was given up, and why'}</h2>
      </div>
      <dl class="facts panel">
        {rows.map(([term, fact]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function waitingRows(view: SubscriberView): (readonly [string, ComponentChildren])[] {
  const { desired, untaken, after, waitingSince, attempts, dueAt, unsettledUntil, dead, lastFailure } = view;
  const rows: (readonly [string, ComponentChildren])[] = [];
  if (dead !== null) rows.push(['Reason', dead]);
  if (desired) rows.push(['Asked for by', <WhoWants key="who" wanted={desired} />]);
  if (untaken) rows.push(['Not taken', <EventLink key="untaken" id={untaken.eventId} />]);
  if (after.length > 0) rows.push(['First', <Releases key="first" after={after} />]);
  if (waitingSince !== null) rows.push(['Tried since', <Age key="since" at={waitingSince} />]);
  if (attempts > 0) rows.push(['Failed', counted(attempts, 'attempt')]);
  if (lastFailure) rows.push(['Last failure', <LastFailure key="failure" attempt={lastFailure} />]);
  if (unsettledUntil !== null)
    rows.push(['Unknown result', <>a call may still be applied: that is over {<Age at={unsettledUntil} />}</>]);
  if (dueAt !== null) rows.push(['Next try', <Due key="due" at={dueAt} />]);
  return rows;
}

/** When it is tried again; once that has come, it is under way. */
function Due({ at }: { at: string }) {
  return Date.parse(at) - useNow() > 1_000 ? <Age at={at} /> : <>now</>;
}

function LastFailure({
  attempt: { at, why, result, coreStatus },
}: {
  attempt: NonNullable<SubscriberView['lastFailure']>;
}) {
  return (
    <>
      “{why ?? result.replaceAll('_', ' ')}”{coreStatus !== null && ` (HTTP ${coreStatus})`}, <Age at={at} />
    </>
  );
}

function WhoWants({ wanted }: { wanted: WantedView }) {
  return (
    <>
      event <EventLink id={wanted.eventId} />
      {wanted.owed ? ' (the connector owes it: NSPS was answered 202)' : ' (NSPS sends it again until it is done)'}
    </>
  );
}

function Releases({ after }: { after: readonly WantedView[] }) {
  return (
    <ul class="plain">
      {after.map(({ state }) => (
        <li key={state.imsi}>
          <ImsiLink imsi={state.imsi} /> becomes {statusText(state.status).toLowerCase()} and loses its number
        </li>
      ))}
    </ul>
  );
}
