const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long, short: `850 ms`, `12 s`, `3 min`, `2 h 5 min`, `4 d`. */
export function durationText(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 10 * HOUR) return withRest(ms, HOUR, 'h', MINUTE, 'min');
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  if (ms < 10 * DAY) return withRest(ms, DAY, 'd', HOUR, 'h');
  return `${Math.floor(ms / DAY)} d`;
}

function withRest(ms: number, unit: number, name: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % unit) / small);
  const whole = `${Math.floor(ms / unit)} ${name}`;
  return rest === 0 ? whole : `${whole} ${rest} ${smallName}`;
}

/** `3 min ago`, `in 12 s`, `just now`. @param at and now milliseconds since 1970. */
export function ageText(at: number, now: number): string {
  const ago = now - at;
  if (Math.abs(ago) < 2 * SECOND) return 'just now';
  return ago > 0 ? `${durationText(ago)} ago` : `in ${durationText(-ago)}`;
}

/** A duration of calls: `0.8 ms`, `42 ms`, `1.25 s`. */
export function latencyText(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < SECOND ? `${Math.round(ms)} ms` : `${(ms / SECOND).toFixed(2)} s`;
}

const local = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const localClock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** Local time: `23 Nov, 14:44:05`. @param ms milliseconds since 1970. */
export function localText(ms: number): string {
  return local.format(ms);
}

/** Local time of day: `14:44:05`. */
export function clockText(ms: number): string {
  return localClock.format(ms);
}

/** `2026-11-23 13:44:05 UTC`. */
export function utcText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const STAMP = /^(\d{4}-\d\d-\d\d)T([\d:.]+)Z?$/;

/** A stamp that orders events, as it is kept, in UTC; a number as it is. */
export function stampText(stamp: string): string {
  return stamp.replace(STAMP, '$1 $2 UTC');
}

/** Where local times are local to: `Europe/Kyiv`. */
export function zoneName(): string {
  return local.resolvedOptions().timeZone;
}

/** For an input of the kind `datetime-local`: local time without seconds. */
export function inputText(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return '';
  return new Date(time.getTime() - time.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}
