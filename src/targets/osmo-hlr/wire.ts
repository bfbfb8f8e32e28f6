import { type FailureCode, failed, type Outcome } from '../../core/outcome.ts';
import { clip, oneLine } from '../../core/text.ts';
import type { Change } from '../../core/types.ts';

/** Everything about OsmoHLR that needs no connection: what is said to it, and what its answers mean. */

/** What the HLR holds of one subscriber, as far as it concerns us. */
export interface Held {
  readonly imsi: string;
  readonly msisdn: string | null;
  /** Network access mode: circuit-switched and packet-switched service. */
  readonly cs: boolean;
  readonly ps: boolean;
}

/**
 * One thing said to the HLR. `ctrl` goes to the control interface, which answers at once and tells the network nothing;
 * `vty` to the console, whose commands also tell the MSC and the SGSN that the subscriber is attached to.
 */
export interface Step {
  readonly via: 'ctrl' | 'vty';
  readonly command: string;
}

/** An answer of the control interface; the request's id is known to the connection. */
export interface CtrlAnswer {
  readonly ok: boolean;
  /** The value, or the HLR's own words. */
  readonly text: string;
}

/** Why there is no answer that could be used. Thrown inside this folder only; a target's callers get values. */
export class Halt extends Error {
  readonly code: FailureCode;
  /** Whether what was asked may have reached the HLR. */
  readonly sent: boolean;

  constructor(code: FailureCode, why: string, sent: boolean) {
    super(why);
    this.name = 'Halt';
    this.code = code;
    this.sent = sent;
  }
}

/** Asks the control interface for the state of a subscriber. @param imsi digits. */
export function readByImsi(imsi: string): string {
  return `GET subscriber.by-imsi-${imsi}.info`;
}

/** Asks it for the state of whoever has a number. @param msisdn digits. */
export function readByMsisdn(msisdn: string): string {
  return `GET subscriber.by-msisdn-${msisdn}.info`;
}

/** Whether the text may stand in a command: nothing that comes from outside may become another command. */
function isDigits(text: string, least: number): boolean {
  return text.length >= least && /^\d{1,15}$/.test(text);
}

/** @returns why the HLR could never take this state; null when it may. OsmoHLR takes IMSIs of 6 to 15 digits. */
export function unfit({ state }: Change): string | null {
  if (!isDigits(state.imsi, 6))
    return `the HLR takes an IMSI of 6 to 15 digits, not ${JSON.stringify(clip(state.imsi))}`;
  if (state.msisdn === null || isDigits(state.msisdn, 1)) return null;
  return `the HLR takes an MSISDN of 1 to 15 digits, not ${JSON.stringify(clip(state.msisdn))}`;
}

/**
 * What has to be said to bring a subscriber from what is held to what is wanted, in this order; nothing when there is no
 * difference. A bar comes before everything else. What a new subscriber is like is seen once he is there.
 */
export function stepsTo({ action, state }: Change, held: Held | null): readonly Step[] {
  const { imsi, msisdn } = state;
  const granted = state.status === 'serviceGranted';
  if (action === 'delete') return held ? [...bar(held), { via: 'ctrl', command: `SET subscriber.delete ${imsi}` }] : [];
  // The HLR gives a new subscriber all service: a barred one is barred by the very next command.
  const now = held ?? { imsi, msisdn: null, cs: true, ps: true };
  const create: Step[] = held ? [] : [{ via: 'ctrl', command: `SET subscriber.create ${imsi}` }];
  const number = now.msisdn === msisdn ? [] : [numberStep(imsi, msisdn, held !== null && granted)];
  if (!granted) return [...create, ...bar(now), ...number];
  const grant: Step[] = now.cs && now.ps ? [] : [accessStep(imsi, 'cs+ps')];
  return [...create, ...number, ...grant];
}

function bar({ imsi, cs, ps }: Held): Step[] {
  return cs || ps ? [accessStep(imsi, 'none')] : [];
}

/** Only the console tells the network, and only when its own command is the one that changes something. */
function accessStep(imsi: string, mode: 'none' | 'cs+ps'): Step {
  return { via: 'vty', command: `subscriber imsi ${imsi} update network-access-mode ${mode}` };
}

/** @param mayBeAttached then the console, which tells the MSC the new number. (It would tell an old one, not "none".) */
function numberStep(imsi: string, msisdn: string | null, mayBeAttached: boolean): Step {
  if (msisdn !== null && mayBeAttached) {
    return { via: 'vty', command: `subscriber imsi ${imsi} update msisdn ${msisdn}` };
  }
  return { via: 'ctrl', command: `SET subscriber.by-imsi-${imsi}.msisdn ${msisdn ?? 'none'}` };
}

/**
 * Reads the answer to a `.info` request: lines of name, tab and value; the number is left out when there is none.
 * @returns null when there is no such subscriber.
 * @throws Halt when the answer says neither.
 */
export function readInfo({ ok, text }: CtrlAnswer): Held | null {
  if (!ok) {
    if (text === 'No such subscriber.') return null;
    throw new Halt('busy', `the HLR cannot read its database: ${oneLine(text)}`, false);
  }
  const values = new Map(text.split('\n').map((line) => line.split('\t', 2) as [string, string | undefined]));
  const [imsi, cs, ps] = [values.get('imsi'), values.get('nam_cs'), values.get('nam_ps')];
  if (!imsi || !isFlag(cs) || !isFlag(ps)) {
    throw new Halt('not_understood', `the HLR describes a subscriber in words not known here: ${oneLine(text)}`, false);
  }
  return { imsi, msisdn: values.get('msisdn') || null, cs: cs === '1', ps: ps === '1' };
}

function isFlag(text: string | undefined): boolean {
  return text === '0' || text === '1';
}

/** @returns what the HLR objects to, in its own words; null when it does not. */
export function objectionOf(step: Step, answer: CtrlAnswer | string): string | null {
  if (typeof answer !== 'string') return answer.ok ? null : oneLine(answer.text);
  const complaint = answer.split('\n').find((line) => line.startsWith('%') && !CONSENT.test(line));
  // What is silent about a success is not always silent about a failure: the state is read back, too.
  return complaint === undefined ? null : `${oneLine(complaint.slice(1))} (${step.command})`;
}

/** How the console speaks of what it did. */
const CONSENT = /^% (Updated|Created|Deleted) subscriber/;

/** Objections to the value itself: it will be no better next time. Any other may be the database's state of the moment. */
const PERMANENT = /^(Value failed verification|Invalid IMSI value)/;

/** What is known when a change did not come through although the HLR answers. */
interface Remains {
  readonly change: Change;
  /** What the HLR held before, and what it holds now. */
  readonly before: Held | null;
  readonly after: Held | null;
  /** Who holds the number that is wanted, when that is another subscriber. */
  readonly holder: string | null;
  readonly objection: string | null;
}

/**
 * What an unfinished change comes to. The HLR's words cannot tell what passes from what does not (a locked database and a
 * number that is taken sound the same), so what it holds decides.
 */
export function judge({ change, before, after, holder, objection }: Remains): Outcome {
  const untouched = isSame(before, after);
  const part = untouched ? '' : '; a part of the change is applied';
  if (holder !== null) {
    const why = `MSISDN ${change.state.msisdn} is held by IMSI ${holder}: it has to be released there first`;
    return failed(untouched ? 'refused' : 'not_understood', why + part);
  }
  if (objection !== null && PERMANENT.test(objection)) {
    return failed(untouched ? 'refused' : 'not_understood', `the HLR does not take the value: ${objection}${part}`);
  }
  const words = objection ?? 'no objection, but the state is as it was';
  const why = `the HLR did not take the change (${words}): its database may be locked, full or read-only${part}`;
  return failed(untouched ? 'busy' : 'core_error', clip(why, MOST_WORDS));
}

function isSame(one: Held | null, other: Held | null): boolean {
  if (one === null || other === null) return one === other;
  return one.msisdn === other.msisdn && one.cs === other.cs && one.ps === other.ps;
}

/**
 * What it comes to when the HLR fell silent or away.
 * @param wrote whether a request that changes something may have reached it: then nobody can tell what was done.
 */
export function interrupted(halt: Halt, wrote: boolean): Outcome {
  const why = clip(oneLine(halt.message), MOST_WORDS);
  return failed((wrote ? AFTER_A_WRITE : BEFORE_A_WRITE)[halt.code] ?? halt.code, why);
}

/** Nothing was changed: whatever it was, it may pass. A time-out stays one, for the circuit and for whoever reads it. */
const BEFORE_A_WRITE: Partial<Record<FailureCode, FailureCode>> = {
  cut: 'connect_failed',
  not_understood: 'connect_failed',
};

const AFTER_A_WRITE: Partial<Record<FailureCode, FailureCode>> = {
  connect_failed: 'cut',
  busy: 'core_error',
  credentials: 'core_error',
};

/** Enough of the HLR's words for an operator. */
const MOST_WORDS = 300;
