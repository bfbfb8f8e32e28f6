import { type Fault, MOST_FAULTS } from './fault.ts';
import { IMSI_PATTERN, isImsi } from './imsi.ts';

/**
 * The parameters of the admin API, as values: how they are read and how they are documented come from the same place.
 */

/** One parameter: its JSON Schema, how text becomes a value (undefined: it is none), and what is expected, in words. */
export interface Param<T> {
  readonly schema: object;
  readonly about: string;
  readonly expected: string;
  readonly fallback?: T;
  readonly required?: true;
  parse(text: string): T | undefined;
}

/** A whole number. */
export function whole(about: string, min: number, max: number): Param<number> {
  return {
    schema: { type: 'integer', minimum: min, maximum: max },
    about,
    expected: `a whole number from ${min} to ${max}`,
    parse: (text) => {
      const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  };
}

/** One of some words. */
export function choice<const T extends string>(about: string, options: readonly T[]): Param<T> {
  return {
    schema: { type: 'string', enum: [...options] },
    about,
    expected: `one of ${options.join(', ')}`,
    parse: (text) => options.find((option) => option === text),
  };
}

/** Any text of so many characters. */
export function text(about: string, most: number): Param<string> {
  return {
    schema: { type: 'string', minLength: 1, maxLength: most },
    about,
    expected: `text of 1 to ${most} characters`,
    parse: (value) => (value.length > 0 && value.length <= most && !value.includes('\0') ? value : undefined),
  };
}

/** A point in time. @returns milliseconds since 1970. */
export function time(about: string): Param<number> {
  return {
    schema: { type: 'string', format: 'date-time' },
    about,
    expected: 'a time such as 2026-01-15T10:00:00Z',
    parse: (value) => {
      const readable = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(value);
      const at = readable ? Date.parse(value) : Number.NaN;
      return Number.isNaN(at) ? undefined : at;
    },
  };
}

/** An IMSI. */
export function imsi(about: string): Param<string> {
  return {
    schema: { type: 'string', pattern: IMSI_PATTERN },
    about,
    expected: '15 digits',
    parse: (value) => (isImsi(value) ? value : undefined),
  };
}

/** The same parameter with a value for those who give none. */
export function withDefault<T>(param: Param<T>, fallback: T): Param<T> & { fallback: T } {
  return { ...param, schema: { ...param.schema, default: fallback }, fallback };
}

/** The same parameter for a route that cannot do without it. */
export function required<T>(param: Param<T>): Param<T> & { required: true } {
  return { ...param, required: true };
}

/** Parameters of a route, by name. */
export type Params = Readonly<Record<string, Param<unknown>>>;

/** What was given; what was not is undefined, unless it has a default or is required. */
export type Values<P extends Params> = { readonly [N in keyof P]: Value<P[N]> };

type Value<P> = P extends { fallback: infer T }
  ? T
  : P extends Param<infer T>
    ? P extends { required: true }
      ? T
      : T | undefined
    : never;

/** What was read, or everything that is wrong with it. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: Fault[] };

/** Reads parameters, and says everything that is wrong with them. @param given text by name, or a list of texts. */
export function readParams<P extends Params>(params: P, given: Readonly<Record<string, unknown>>): Read<Values<P>> {
  const faults: Fault[] = Object.keys(given)
    .filter((name) => !Object.hasOwn(params, name))
    .map((name) => ({ path: name.slice(0, 100), message: 'is no parameter here' }));
  const values = Object.entries(params).map(([name, param]) => {
    const text = given[name];
    if (text === undefined || text === '') {
      if (param.required) faults.push({ path: name, message: 'is required' });
      return [name, param.fallback];
    }
    const value = typeof text === 'string' ? param.parse(text) : undefined;
    if (value === undefined) faults.push({ path: name, message: `must be ${param.expected}` });
    return [name, value];
  });
  return faults.length > 0
    ? { ok: false, faults: faults.slice(0, MOST_FAULTS) }
    : { ok: true, value: Object.fromEntries(values) as Values<P> };
}
