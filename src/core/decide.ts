import type { AccountInfo, Event, SimCard } from '../contract/event.ts';
import type { Fault } from '../contract/fault.ts';
import { isImsi } from '../contract/imsi.ts';
import { readBillStatus } from './bill-status.ts';
import { findPolicyValue, isProfileName } from './profile.ts';
import { clip } from './text.ts';
import type { Action, Change, Decision, Rules, SubscriberState, SubscriberStatus } from './types.ts';
import { canonicalStamp, versionOf } from './version.ts';

/** Hears every step of the walk: which rule was asked, and what it found. This is what `explain` prints. */
type Note = (rule: string, finding: string) => void;

const unheard: Note = () => {};

/**
 * Decides what an event means for its subscriber (contract §3). Pure and total: it throws on no event that fits the
 * schema, and every change it returns is one the core's schema takes.
 */
export function decide(event: Event, rules: Rules, note: Note = unheard): Decision {
  const action = rules.eventActions.get(event.data.event_type) ?? 'ignore';
  const type = clip(event.data.event_type);
  note('event type', `${type} → ${action}`);
  if (action === 'ignore') return { kind: 'ignore', reason: `No defined action for event type: ${type}` };
  if (rules.records) {
    note('target', 'records events: a row each, whatever the event says');
    return { kind: 'record' };
  }
  return new Walk(event, rules, note).decide(action);
}

const SIM = 'pb_data.sim_info';
const PREVIOUS_SIM = 'pb_data.prev_sim_info';
const ACCOUNT = 'pb_data.account_info';

/** One walk over one event; gathers every fault instead of stopping at the first. */
class Walk {
  readonly #event: Event;
  readonly #rules: Rules;
  readonly #note: Note;
  readonly #faults: Fault[] = [];

  constructor(event: Event, rules: Rules, note: Note) {
    this.#event = event;
    this.#rules = rules;
    this.#note = note;
  }

  decide(action: Action | 'replace'): Decision {
    const sim = this.#screen(this.#event.pb_data?.sim_info, SIM);
    const previous = action === 'replace' ? this.#screenReplaced(sim.imsi) : null;
    if (sim.skip !== null && !previous?.imsi) return { kind: 'ignore', reason: sim.skip };

    const changes: Change[] = [];
    if (previous?.imsi) changes.push({ action: 'update', state: this.#releasedState(previous.imsi) });
    if (sim.skip === null) {
      changes.push({ action: action === 'replace' ? 'update' : action, state: this.#accountState(sim.imsi) });
    }
    this.#checkStamps();
    const [fault, ...otherFaults] = this.#faults;
    if (fault) return { kind: 'reject', faults: [fault, ...otherFaults] };
    return { kind: 'provision', action, version: versionOf(this.#event), changes: changes as [Change, ...Change[]] };
  }

  /** Rules 1–3: is there a subscriber, is he ours, can the core take his IMSI? */
  #screen(card: SimCard | null | undefined, path: string): { imsi: string; skip: string | null } {
    const imsi = card?.imsi ?? '';
    if (imsi === '') {
      this.#note('IMSI', `${path}.imsi is empty`);
      return { imsi, skip: 'IMSI is empty or not provided' };
    }
    const pattern = this.#rules.imsiPattern;
    if (pattern && !pattern.found(imsi)) {
      this.#note('IMSI pattern', `${imsi} does not contain ${pattern.source}`);
      return { imsi, skip: `IMSI ${clip(imsi)} doesn't follow the regexp provided` };
    }
    this.#note('IMSI', `${imsi} (${path}.imsi)${pattern ? `, contains ${pattern.source}` : ''}`);
    if (!isImsi(imsi)) this.#fault(`${path}.imsi`, 'must be 15 digits');
    return { imsi, skip: null };
  }

  /** Rule 8: the card that is replaced, when there is one of ours and it is another one. */
  #screenReplaced(newImsi: string): { imsi: string } | null {
    const card = this.#event.pb_data?.prev_sim_info;
    if (card?.imsi && card.imsi === newImsi) {
      this.#note('replaced SIM', 'the same IMSI: nothing to release');
      return null;
    }
    const { imsi, skip } = this.#screen(card, PREVIOUS_SIM);
    return skip === null ? { imsi } : null;
  }

  #releasedState(imsi: string): SubscriberState {
    this.#note('replaced SIM', `${imsi} is barred and loses its number first`);
    return { imsi, status: 'operatorDeterminedBarring', msisdn: null, ...this.#profiles() };
  }

  #accountState(imsi: string): SubscriberState {
    const account = this.#event.pb_data?.account_info ?? null;
    const open = this.#isOpen(account);
    return { imsi, status: this.#status(account, open), msisdn: this.#msisdn(account, open), ...this.#profiles() };
  }

  /** Rules 5 and 7: is the account open? Absent data is not "off": barring on a guess is the worst outcome. */
  #isOpen(account: AccountInfo | null): boolean {
    if (!account) {
      const named = this.#namesAnAccount();
      this.#note('account', named ? `named, but ${ACCOUNT} is missing` : 'none: the SIM belongs to nobody');
      if (named && this.#rules.strictEnrichment) {
        this.#fault(ACCOUNT, 'is missing, though the event names an account (STRICT_ENRICHMENT)');
      }
      return false;
    }
    const text = account.bill_status ?? '';
    const status = readBillStatus(text);
    this.#note('bill status', status ?? (text === '' ? 'absent' : `unknown: ${JSON.stringify(text)}`));
    if (status === null && this.#rules.strictEnrichment) {
      const found = text === '' ? 'is missing' : 'is not a known billing status';
      this.#fault(`${ACCOUNT}.bill_status`, `${found} (STRICT_ENRICHMENT)`);
    }
    return status === 'open';
  }

  #namesAnAccount(): boolean {
    const named = [this.#event.data.variables?.['i_account'], this.#event.pb_data?.sim_info?.i_account];
    return named.some((id) => id !== undefined && id !== null && id !== '');
  }

  #status(account: AccountInfo | null, open: boolean): SubscriberStatus {
    const blocked = account?.blocked === true || account?.blocked === 'Y';
    const status = open && !blocked ? 'serviceGranted' : 'operatorDeterminedBarring';
    this.#note('status', `${open ? 'open' : 'not open'}, ${blocked ? 'blocked' : 'not blocked'} → ${status}`);
    return status;
  }

  /** Rule 4: the number of an open account. The inventory's own number (sim_info.msisdn) does not count. */
  #msisdn(account: AccountInfo | null, open: boolean): string | null {
    const id = account?.id ?? '';
    const end = id.indexOf('@msisdn');
    if (!open || end < 0) {
      this.#note('MSISDN', open ? 'none: the account id carries no @msisdn' : 'none: the account is not open');
      return null;
    }
    const msisdn = id.slice(0, end);
    this.#note('MSISDN', `${msisdn} (${ACCOUNT}.id)`);
    if (!/^\d{1,15}$/.test(msisdn)) this.#fault(`${ACCOUNT}.id`, 'must be 1 to 15 digits before @msisdn');
    return msisdn;
  }

  /** Rule 6. */
  #profiles(): { csProfile: string; epsProfile: string } {
    return {
      csProfile: this.#profile('cs_profile', this.#rules.defaultCsProfile),
      epsProfile: this.#profile('eps_profile', this.#rules.defaultEpsProfile),
    };
  }

  #profile(name: 'cs_profile' | 'eps_profile', fallback: string): string {
    const found = findPolicyValue(this.#event, name);
    this.#note(name, found ? `${found.value} (${found.path})` : `${fallback} (default)`);
    if (!found) return fallback;
    if (!isProfileName(found.value)) {
      this.#fault(found.path, 'must start with a letter and hold only letters, digits, "-", "_" and "."');
    }
    return found.value;
  }

  /** A stamp that cannot be read would silently switch off the protection against old events. */
  #checkStamps(): void {
    for (const path of ['updated_at', 'created_at'] as const) {
      const stamp = this.#event[path];
      if (stamp && canonicalStamp(stamp) === null) this.#fault(path, 'must be an ISO 8601 date and time');
    }
  }

  /** Both changes of a swap read the same policy: a fault is told once. */
  #fault(path: string, message: string): void {
    if (this.#faults.some((fault) => fault.path === path && fault.message === message)) return;
    this.#note('fault', `${path} ${message}`);
    this.#faults.push({ path, message });
  }
}
