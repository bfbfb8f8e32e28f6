import type { EventSummary, SubscriberView, WantedView } from '../../contract/admin.ts';
import { durationText } from './time-text.ts';

export type Tone = 'ok' | 'info' | 'warn' | 'bad' | 'muted';
export type EventState = EventSummary['state'];

/** Where an event can stand: its colour, and what that means. In the order they are shown. */
export const STATES: Readonly<Record<EventState, { tone: Tone; about: string }>> = {
  processed: { tone: 'ok', about: 'Applied in the network.' },
  queued: { tone: 'info', about: 'Accepted; the connector is to apply it.' },
  superseded: { tone: 'muted', about: 'Overtaken by a newer event of the subscriber; nothing to do.' },
  ignored: { tone: 'muted', about: 'Means nothing for the network, by rule.' },
  rejected: { tone: 'warn', about: 'Refused: the event is wrong or incomplete. NSPS sends it again.' },
  failed: { tone: 'warn', about: 'Not applied this time. NSPS sends it again.' },
  dead: { tone: 'bad', about: 'The connector gave up. Somebody has to look.' },
  discarded: { tone: 'muted', about: 'Given up for good by an operator.' },
};
export const STATE_NAMES = Object.keys(STATES) as EventState[];

type Verdict = SubscriberView['verdict'];

const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = {
  'in step': 'ok',
  waiting: 'info',
  unsettled: 'warn',
  'dead letter': 'bad',
  unknown: 'muted',
};

/** The tone of a verdict that came as text. */
export function verdictTone(verdict: string): Tone {
  return VERDICT_TONES[verdict as Verdict] ?? 'muted';
}

/** The status of a subscriber as people say it. */
export function statusText(status: string): string {
  if (status === 'serviceGranted') return 'Service granted';
  return status === 'operatorDeterminedBarring' ? 'Barred' : status;
}

/** `1 event`, `2 events`; thousands are set apart. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** Thousands set apart. */
export function numberText(count: number): string {
  return count.toLocaleString('en-GB', { maximumFractionDigits: 1 });
}

/** Calls per second: no more digits than mean something. */
export function rateText(perSecond: number): string {
  return perSecond < 10 ? numberText(perSecond) : numberText(Math.round(perSecond));
}

interface Sentence {
  readonly tone: Tone;
  readonly title: string;
  /** What it comes from, and what happens next. */
  readonly more: string;
}

/** How a subscriber stands, in plain words. @param now milliseconds since 1970, by the connector's clock. */
export function verdictSentence(view: SubscriberView, now: number): Sentence {
  const tone = VERDICT_TONES[view.verdict];
  switch (view.verdict) {
    case 'in step':
      return { tone, ...inStepWords(view.applied) };
    case 'waiting':
      return { tone, title: 'The network does not have the newest state yet.', more: waitingMore(view, now) };
    case 'unsettled':
      return { tone, title: unsettledTitle(view), more: unsettledMore(view, now) };
    case 'dead letter':
      return {
        tone,
        title: `The connector gave up: ${view.dead ?? 'no reason is known'}`,
        more: 'The network does not have what billing wants. Put the reason right, then press Resync.',
      };
    case 'unknown':
      return { tone, ...unknownWords(view) };
  }
}

/** Events may be there all the same: ignored, refused, or discarded by an operator. */
function unknownWords({ events }: SubscriberView): Pick<Sentence, 'title' | 'more'> {
  if (events.length > 0) {
    return {
      title: 'Nothing is wanted for this subscriber.',
      more: 'The network confirmed nothing, and nothing waits: what became of the events is told below.',
    };
  }
  return {
    title: 'Nothing is known of this subscriber.',
    more: 'No event of this IMSI has asked for anything here. If billing changed something, look in NSPS whether it was delivered.',
  };
}

function inStepWords(applied: WantedView | null): Pick<Sentence, 'title' | 'more'> {
  if (applied?.missing) {
    return {
      title: 'The network does not know this SIM.',
      more: 'It was to lose its number, and there was nobody who had one. Nothing is waiting; should the SIM be inserted after all, it becomes what is below.',
    };
  }
  if (applied?.action === 'delete') {
    return {
      title: 'The network has what billing wants: nobody.',
      more: 'The SIM was deleted. The network confirmed it; nothing is waiting.',
    };
  }
  return { title: 'The network has what billing wants.', more: inStepMore(applied) };
}

function inStepMore(applied: WantedView | null): string {
  if (!applied) return 'Nothing is waiting.';
  const { status, msisdn } = applied.state;
  const number = msisdn === null ? 'no number' : `number ${msisdn}`;
  return `${statusText(status)}, ${number}. The network confirmed it; nothing is waiting.`;
}

function waitingMore(view: SubscriberView, now: number): string {
  const first = view.after[0];
  const release = first ? `SIM ${first.state.imsi} has to give its number back first. ` : '';
  return `${release}${nextTry(view, now)}${failures(view, now)}`;
}

/** Over the state that is kept: what was not taken may be newer, or be that state itself. */
export function wantedTitle({ untaken, desired }: SubscriberView): string {
  return untaken && untaken.eventId !== desired?.eventId ? 'Billing wanted before' : 'Billing wants';
}

/** Without a call that may still be applied, it is only NSPS who has the newest state to send. */
function unsettledTitle({ unsettledUntil, untaken, desired }: SubscriberView): string {
  if (unsettledUntil === null && !desired && untaken) return 'Billing wants something newer, which was not taken.';
  return unsettledUntil === null
    ? 'The network did not confirm the newest state.'
    : 'It is not known what the network has.';
}

function unsettledMore(view: SubscriberView, now: number): string {
  if (view.unsettledUntil === null && !view.desired && view.untaken) return untakenMore(view.untaken);
  if (view.unsettledUntil === null) return `${nextTry(view, now)}${failures(view, now)}`;
  const left = Date.parse(view.unsettledUntil) - now;
  const until =
    left > 0
      ? `A call ended without a result and may still be applied for ${durationText(left)}. `
      : 'A call ended without a result. ';
  return `${until}${nextTry(view, now)}${failures(view, now)}`;
}

function untakenMore({ eventId, state, why }: NonNullable<SubscriberView['untaken']>): string {
  const reason = why === null ? '' : `: ${why}`;
  const came = state === 'failed' ? 'failed' : 'was rejected';
  return `Event ${eventId} ${came}${reason}. NSPS sends it again until it gives up; once the reason is put right, replay it below.`;
}

function nextTry({ dueAt, desired }: SubscriberView, now: number): string {
  if (dueAt === null) {
    return desired && !desired.owed
      ? 'NSPS delivers the event again; the connector does nothing by itself.'
      : 'The connector does nothing by itself: press Resync to send it again.';
  }
  const left = Date.parse(dueAt) - now;
  return left > 1_000 ? `The connector tries again in ${durationText(left)}.` : 'The connector is trying now.';
}

function failures({ attempts, waitingSince }: SubscriberView, now: number): string {
  if (attempts === 0) return '';
  const since = waitingSince === null ? '' : ` in the last ${durationText(now - Date.parse(waitingSince))}`;
  return ` ${counted(attempts, 'attempt')} failed${since}.`;
}

/** Whether the connector has nothing more to do for the subscriber, so that there is nothing to wait for. */
export function isSettled({ verdict, dueAt }: Pick<SubscriberView, 'verdict' | 'dueAt'>): boolean {
  return verdict === 'in step' || verdict === 'dead letter' || verdict === 'unknown' || dueAt === null;
}
