import type { Event } from '../contract/event.ts';

/**
 * How new an event is (contract §6, G2): four stamps, each absent when the event does not carry it readably.
 * Stamps are canonical UTC text with microseconds (`2025-03-12T16:47:36.585885`), so that comparing text compares time:
 * NSPS stamps in microseconds, and milliseconds would lose the order of two events.
 */
export interface Version {
  readonly updatedAt?: string;
  readonly eventTime?: string;
  /** Decimal digits without leading zeros. */
  readonly iEvent?: string;
  readonly createdAt?: string;
}

/** The version that an event carries. */
export function versionOf(event: Event): Version {
  const variables = event.data.variables ?? {};
  const version: { -readonly [field in keyof Version]: Version[field] } = {};
  const updatedAt = canonicalStamp(event.updated_at);
  if (updatedAt !== null) version.updatedAt = updatedAt;
  const eventTime = canonicalStamp(variables['event_time']);
  if (eventTime !== null) version.eventTime = eventTime;
  const iEvent = canonicalNumber(variables['i_event']);
  if (iEvent !== null) version.iEvent = iEvent;
  const createdAt = canonicalStamp(event.created_at);
  if (createdAt !== null) version.createdAt = createdAt;
  return version;
}

/**
 * Which of two versions is newer, on the first field that both have and that differs.
 * @returns negative when `a` is older, positive when it is newer, 0 when they are equal or cannot be compared.
 */
export function compareVersions(a: Version, b: Version): number {
  return (
    compareText(a.updatedAt, b.updatedAt) ||
    compareText(a.eventTime, b.eventTime) ||
    compareNumber(a.iEvent, b.iEvent) ||
    compareText(a.createdAt, b.createdAt)
  );
}

/** Whether two versions carry the same stamps: then nothing tells which of them is newer. */
export function isSameVersion(a: Version, b: Version): boolean {
  return STAMPS.every((stamp) => a[stamp] === b[stamp]);
}

/**
 * What is known after `newer` was applied on top of `older`: a stamp that `newer` does not carry keeps its value, so
 * that an event without stamps does not open the door to old ones.
 */
export function mergeVersions(older: Version | null, newer: Version): Version {
  const carriesAll =
    older === null || STAMPS.every((stamp) => older[stamp] === undefined || newer[stamp] !== undefined);
  return carriesAll ? newer : { ...older, ...newer };
}

const STAMPS = ['updatedAt', 'eventTime', 'iEvent', 'createdAt'] as const satisfies readonly (keyof Version)[];

function compareText(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined || a === b) return 0;
  return a < b ? -1 : 1;
}

function compareNumber(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return a.length - b.length || compareText(a, b);
}

/** Event numbers outgrow 2^53 one day; as digits they compare exactly whatever their length. */
function canonicalNumber(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : null;
  if (typeof value !== 'string' || !/^\d{1,40}$/.test(value)) return null;
  return value.replace(/^0+(?=\d)/, '');
}

const STAMP = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|([+-])(\d\d)(?::?(\d\d))?)?$/i;

/**
 * What NSPS writes (`updated_at` with microseconds and UTC's offset, `event_time` with neither), on a day that its month has
 * in every year: it only needs to be cut, and nearly every event carries nothing else.
 */
const USUAL_STAMP = new RegExp(
  [
    /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)/,
    /[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{6}\+00:00)?$/,
  ]
    .map(({ source }) => source)
    .join(''),
);

function cutUsualStamp(stamp: string): string {
  return stamp.length > 19
    ? `${stamp.slice(0, 10)}T${stamp.slice(11, 26)}`
    : `${stamp.slice(0, 10)}T${stamp.slice(11)}.000000`;
}

/**
 * Reads an ISO 8601 stamp (a space for the `T` and an absent offset, meaning UTC, are fine: `event_time` is written so).
 * @returns canonical UTC text with microseconds, or null when it is no such stamp.
 */
export function canonicalStamp(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (USUAL_STAMP.test(value)) return cutUsualStamp(value);
  const parts = STAMP.exec(value);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second = '00', fraction = '', , sign, offHours = '00', offMinutes = '00'] =
    parts;
  // Calendar arithmetic only: nothing here reads a clock.
  const local = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(local.getTime()) || local.getUTCDate() !== Number(day)) return null;
  const offset = (Number(offHours) * 60 + Number(offMinutes)) * 60_000;
  const utc = new Date(local.getTime() + (sign === '+' ? -offset : offset)).toISOString();
  return utc.length === 24 ? `${utc.slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}` : null;
}
