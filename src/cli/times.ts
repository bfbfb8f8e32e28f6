import { canonicalStamp } from '../core/version.ts';
import { type CommandLine, type Option, UsageError } from './command.ts';

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Options for a span of time. */
export const TIME_OPTIONS = {
  since: {
    type: 'string',
    value: 'time',
    help: 'Received at or after: 2026-01-15T10:00Z, 2026-01-15, or 15m, 2h, 3d ago.',
  },
  until: { type: 'string', value: 'time', help: 'Received before.' },
} as const satisfies Record<string, Option>;

/**
 * Reads a point in time: ISO 8601 (a date alone is its midnight; without an offset UTC is meant), or how long ago.
 * @returns milliseconds since 1970; null when it is no such time.
 */
export function parseTime(text: string, now: number): number | null {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  const stamp = canonicalStamp(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text);
  return stamp === null ? null : Date.parse(`${stamp.slice(0, 23)}Z`);
}

/** Reads `--since` and `--until`. @throws UsageError naming the one that is wrong. */
export function timeSpan(line: CommandLine, now = Date.now()): { from?: number; until?: number } {
  const from = timeOption(line, 'since', now);
  const until = timeOption(line, 'until', now);
  if (from !== undefined && until !== undefined && from >= until) {
    throw new UsageError(`--since ${line.values['since']} is not before --until ${line.values['until']}`);
  }
  return { ...(from !== undefined && { from }), ...(until !== undefined && { until }) };
}

function timeOption(line: CommandLine, name: keyof typeof TIME_OPTIONS, now: number): number | undefined {
  const text = line.values[name];
  if (text === undefined) return undefined;
  const time = parseTime(text, now);
  if (time !== null) return time;
  throw new UsageError(
    `--${name} must be a time such as 2026-01-15T10:00:00Z, 2026-01-15, 15m, 2h or 3d, not "${text}"`,
  );
}

/** To the second, in UTC. @param time milliseconds since 1970. */
export function timeText(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** How long, in the two largest units: `3 d 4 h`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3_600) % 24, (seconds / 60) % 60].map(Math.floor);
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
