import { SAMPLE_EVENT } from '../../src/contract/samples.ts';

/** Stand-ins for what changes from event to event; as long as what is written over them. */
const SERIAL_IN_ID = '000000000000';
const SERIAL_IN_STAMP = '.000000+';

/** A stamp of microseconds holds this many events of one subscriber within a second. */
const MOST_EVENTS = 1_000_000;

/**
 * The events of one subscriber, one after the other: the same bytes but for the event's id and its stamp, which are
 * written over, so that making an event costs the generator nothing and yet each is a new and a newer one.
 */
export class SubscriberEvents {
  readonly #bytes: Buffer;
  readonly #idAt: number;
  readonly #stampAt: number;
  #serial = 0;

  /**
   * @param subscriber a number of his own.
   * @param since every event of an earlier `since` (a second or more) is older than all of this one.
   * @param head stands before each event; told how long that is, in bytes.
   */
  constructor(subscriber: number, since: Date, head: (length: number) => string = () => '') {
    const event = Buffer.from(JSON.stringify(eventOf(subscriber, since)));
    this.#bytes = Buffer.concat([Buffer.from(head(event.length)), event]);
    this.#idAt = this.#bytes.indexOf(event) + event.indexOf(SERIAL_IN_ID);
    this.#stampAt = this.#bytes.lastIndexOf(SERIAL_IN_STAMP) + 1;
  }

  /** The next event; the buffer is the same each time, so the one before must have been sent. */
  next(): Buffer {
    this.#serial++;
    if (this.#serial >= MOST_EVENTS) throw new Error('More events of one subscriber than a second has microseconds');
    writeDigits(this.#bytes, this.#idAt, SERIAL_IN_ID.length, this.#serial);
    writeDigits(this.#bytes, this.#stampAt, 6, this.#serial);
    return this.#bytes;
  }
}

function writeDigits(bytes: Buffer, at: number, count: number, value: number): void {
  let rest = value;
  for (let index = at + count - 1; index >= at; index--) {
    bytes[index] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** An event of about 1.5 KB, with what NSPS adds to a snapshot besides the fields that the decision reads. */
function eventOf(subscriber: number, since: Date) {
  const { data, pb_data } = SAMPLE_EVENT;
  const [imsi, msisdn] = [imsiOf(subscriber), msisdnOf(subscriber)];
  const i_account = 100_000 + subscriber;
  return {
    ...SAMPLE_EVENT,
    event_id: `${String(subscriber).padStart(8, '0')}-5d0b-4a86-9a52-${SERIAL_IN_ID}`,
    data: { ...data, variables: { ...data.variables, i_account } },
    pb_data: {
      ...pb_data,
      account_info: { ...pb_data.account_info, ...ACCOUNT_DETAILS, i_account, id: `${msisdn}@msisdn` },
      sim_info: { ...pb_data.sim_info, i_account, imsi, msisdn },
      product_info: PRODUCT,
      full_vd_counter_info: [COUNTER],
    },
    created_at: `${seconds(since)}.000001+00:00`,
    // Last, as in the sample: the stamp is found from the end.
    updated_at: `${seconds(since)}${SERIAL_IN_STAMP}00:00`,
    status: SAMPLE_EVENT.status,
  };
}

/** @param subscriber a number of his own. */
export function imsiOf(subscriber: number): string {
  return `00101${String(subscriber).padStart(10, '0')}`;
}

export function msisdnOf(subscriber: number): string {
  return `38066${String(subscriber).padStart(7, '0')}`;
}

function seconds(date: Date): string {
  return date.toISOString().slice(0, 19);
}

const ACCOUNT_DETAILS = {
  activation_date: '2024-11-04',
  balance: '12.40500',
  iso_4217: 'EUR',
  assigned_addons: [{ i_product: 3801, name: 'Data 10 GB', addon_effective_from: '2025-05-01 00:00:00' }],
  service_features: [
    { name: 'netaccess_policy', effective_flag_value: 'Y', attributes: [{ name: 'access_policy', value: '179' }] },
  ],
};

const PRODUCT = { i_product: 3774, name: 'Pay as you go', iso_4217: 'EUR', i_product_group: 12 };
const COUNTER = { i_vd_plan: 88, i_service: 3, allocated_amount: 10_737_418_240, remaining: 7_516_192_768 };
