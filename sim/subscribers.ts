/**
 * What the stand-in core remembers, and its rules: an IMSI has 15 digits, profiles have names, a number has one owner.
 * Written from the target's side on purpose: it shares no rule with the connector, so that it can catch it out.
 */

export interface Subscriber {
  imsi: string;
  subscriber_status: string;
  msisdn: string[];
  cs_profile?: string;
  eps_profile?: string;
}

export interface ProvAnswer {
  readonly status: number;
  readonly body: { readonly result: boolean; readonly message?: string; readonly error?: string };
}

const STATUSES = ['serviceGranted', 'operatorDeterminedBarring'];
const ACTIONS = ['insert', 'update', 'delete', 'set', 'unset', 'modify'];

export class SubscriberTable {
  readonly #byImsi = new Map<string, Subscriber>();
  readonly #ownerOf = new Map<string, string>();
  readonly #knownOnly: boolean;
  readonly #oneOwner: boolean;

  /**
   * @param options.knownOnly answer 404 to a change of an unknown subscriber instead of taking him in.
   * @param options.oneOwner refuse a number that somebody else has; true when absent.
   */
  constructor(options: { knownOnly: boolean; oneOwner?: boolean }) {
    this.#knownOnly = options.knownOnly;
    this.#oneOwner = options.oneOwner ?? true;
  }

  get(imsi: string): Subscriber | null {
    return this.#byImsi.get(imsi) ?? null;
  }

  all(): Subscriber[] {
    return [...this.#byImsi.values()];
  }

  /** Answers one provisioning request as WTL does. */
  provision(request: unknown): ProvAnswer {
    const fault = faultOf(request);
    if (fault) return { status: 400, body: { result: false, error: fault } };
    const { action, ...state } = request as Subscriber & { action: string };
    const known = this.#byImsi.get(state.imsi);
    if (action === 'insert' && known) return refused(`Subscriber ${state.imsi} already exists`);
    if (!known && (action === 'delete' || action === 'unset' || (this.#knownOnly && action !== 'insert'))) {
      return { status: 404, body: { result: false, error: `Subscriber ${state.imsi} not found` } };
    }
    const taken = state.msisdn.find((msisdn) => (this.#ownerOf.get(msisdn) ?? state.imsi) !== state.imsi);
    if (taken && this.#oneOwner && action !== 'delete' && action !== 'unset') {
      return refused(`MSISDN ${taken} is already used by IMSI ${this.#ownerOf.get(taken)}`);
    }
    this.#apply(action, state, known);
    return { status: 200, body: { result: true, message: 'OK' } };
  }

  #apply(action: string, state: Subscriber, known: Subscriber | undefined): void {
    for (const msisdn of known?.msisdn ?? []) this.#ownerOf.delete(msisdn);
    if (action === 'delete') {
      this.#byImsi.delete(state.imsi);
      return;
    }
    const held =
      action === 'unset' ? { ...known, imsi: state.imsi, subscriber_status: STATUSES[1] as string, msisdn: [] } : state;
    this.#byImsi.set(state.imsi, { ...known, ...held });
    for (const msisdn of held.msisdn) this.#ownerOf.set(msisdn, state.imsi);
  }
}

function refused(error: string): ProvAnswer {
  return { status: 200, body: { result: false, error } };
}

/** The first thing wrong with a request, in the core's words. */
function faultOf(request: unknown): string | null {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return 'Request must be a JSON object';
  const fields = request as Record<string, unknown>;
  if (typeof fields['imsi'] !== 'string' || !/^[0-9]{15}$/.test(fields['imsi']))
    return 'Invalid IMSI: 15 digits expected';
  if (!ACTIONS.includes(fields['action'] as string)) return `Invalid action: one of ${ACTIONS.join(', ')} expected`;
  if (!STATUSES.includes(fields['subscriber_status'] as string)) return 'Invalid subscriber_status';
  const numbers = fields['msisdn'];
  const valid = (number: unknown) => typeof number === 'string' && /^[0-9]{1,15}$/.test(number);
  if (!Array.isArray(numbers) || numbers.length > 1 || !numbers.every(valid)) {
    return 'Invalid msisdn: a list of at most one number expected';
  }
  const badProfile = ['cs_profile', 'eps_profile'].find((name) => name in fields && !isProfile(fields[name]));
  return badProfile ? `Invalid ${badProfile}` : null;
}

function isProfile(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9._-]*$/.test(value);
}
