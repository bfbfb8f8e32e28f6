import { resolve } from 'node:path';
import { type Column, parseColumns } from '../core/columns.ts';
import { isProfileName } from '../core/profile.ts';
import { EVENT_ACTIONS, type EventAction, type ImsiPattern } from '../core/types.ts';
import { compilePythonPattern } from './python-pattern.ts';
import { Secret } from './secret.ts';

/** A kind of setting: what is expected, in words, and how text becomes a value. */
export interface Kind<T> {
  /** Completes the sentence "NAME must be …". */
  readonly expected: string;
  /** @throws Error whose message says more than `expected` does, or no message. */
  parse(text: string): T;
  /** Whether a wrong value may hold a secret all the same, and must not be told. */
  mayHideSecret?(text: string): boolean;
}

/** Refuses a value without more words than the kind's own. */
function refuse(more = ''): never {
  throw new Error(more);
}

/** Any text, as it is written. @param expected completes "NAME must be …". */
export function text(expected = 'text'): Kind<string> {
  return { expected, parse: (value) => value };
}

/** One of these words, in any letter case; the value is spelt as here. */
export function choice<const T extends string>(...options: readonly T[]): Kind<T> {
  return {
    expected: `one of ${options.join(', ')}`,
    parse: (value) => options.find((option) => option.toLowerCase() === value.toLowerCase()) ?? refuse(),
  };
}

/** The spellings that the Python connector took. */
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'y', 'on', 't'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'n', 'off', 'f'].map((word) => [word, false] as const),
]);

/** Yes or no. */
export const flag: Kind<boolean> = {
  expected: 'true or false',
  parse: (value) => FLAGS.get(value.toLowerCase()) ?? refuse(),
};

/** Digits only; both ends belong to it. */
export function integer(min: number, max: number): Kind<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse: (value) => {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return number >= min && number <= max ? number : refuse();
    },
  };
}

/** With up to six decimals; both ends belong to it. */
export function seconds(min: number, max: number): Kind<number> {
  return {
    expected: `a number of seconds from ${min} to ${max}`,
    parse: (value) => {
      const number = /^\d{1,9}(\.\d{1,6})?$/.test(value) ? Number(value) : Number.NaN;
      return number >= min && number <= max ? number : refuse();
    },
  };
}

/** A part of all: 0 none, 1 all. */
export const ratio: Kind<number> = {
  expected: 'a number from 0 to 1',
  parse: (value) => (/^(0?\.\d{1,9}|0|1(\.0{1,9})?)$/.test(value) ? Number(value) : refuse()),
};

/** A bearer token: what RFC 6750 and an HTTP header allow, so that it compares and travels unchanged. */
export const token: Kind<Secret> = {
  expected: 'a token of visible ASCII characters without spaces',
  parse: (value) => (/^[\x21-\x7e]+$/.test(value) ? new Secret(value) : refuse()),
};

/** A password: any text that stays unchanged in a line. */
export const secretText: Kind<Secret> = {
  expected: 'text without control characters',
  parse: (value) => (/\p{Cc}/u.test(value) ? refuse() : new Secret(value)),
};

/** Where the store is. A URL of PostgreSQL may hold a password. */
export type StoreLocation =
  | { readonly kind: 'memory' }
  /** An absolute path: where a message names it, nobody has to know the folder that the connector was started in. */
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: Secret };

/** A store as it may be shown: without user and password. */
export function storeName(location: StoreLocation): string {
  if (location.kind === 'memory') return 'memory:';
  if (location.kind === 'sqlite') return `sqlite:${location.file}`;
  const { host, pathname } = new URL(location.url.reveal());
  return `postgres://${host}${pathname}`;
}

/** Where the store is; a file is taken from the folder that the program was started in. */
export const storeUrl: Kind<StoreLocation> = {
  expected: 'sqlite:<file>, postgres://user@host/database or memory:',
  parse: (value) => {
    if (value === 'memory:') return { kind: 'memory' };
    const [, file] = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(value) ?? [];
    if (file !== undefined && file !== ':memory:') return { kind: 'sqlite', file: resolve(file) };
    const url = /^postgres(?:ql)?:\/\//.test(value) ? URL.parse(value) : null;
    return url ? { kind: 'postgres', url: new Secret(value) } : refuse();
  },
  mayHideSecret: (value) => /[@?]/.test(value),
};

/** The address of a server, to which paths are added. */
export const baseUrl: Kind<URL> = {
  expected: 'an http:// or https:// URL without user, query and fragment',
  parse: (value) => {
    const url = URL.parse(value);
    if (!url || !/^https?:$/.test(url.protocol)) return refuse();
    return url.username || url.password || url.search || url.hash ? refuse() : url;
  },
  mayHideSecret: (value) => /[@?#]/.test(value),
};

/** Routes of our own, which an event path must not hide. */
const OWN_FOLDERS = ['/admin', '/console'];
const OWN_PATHS = ['/health', '/ready', '/openapi.json', '/metrics'];

/** Where events are posted: a path that hides none of our own. */
export const eventPath: Kind<string> = {
  expected: `a path such as /process-event, other than ${OWN_PATHS.join(', ')} and what is under ${OWN_FOLDERS.join(', ')}`,
  parse: (value) => (/^\/[\w\-./~]*$/.test(value) && !isOwnPath(value) ? value : refuse()),
};

function isOwnPath(path: string): boolean {
  return OWN_PATHS.includes(path) || OWN_FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** A profile name that the core takes. */
export const profileName: Kind<string> = {
  expected: 'a profile name: a letter, then letters, digits, "-", "_" and "."',
  parse: (value) => (isProfileName(value) ? value : refuse()),
};

/** Which IMSIs are served: a pattern written for Python's `re`. */
export const pythonPattern: Kind<ImsiPattern> = {
  expected: 'a regular expression as Python writes it, without look-around and back-references',
  parse: compilePythonPattern,
};

/** What event types mean: an action of the core, a SIM swap, or nothing. */
export const eventActions: Kind<ReadonlyMap<string, EventAction>> = {
  expected: `a list such as SIM/Created=insert,SIM/Deleted=delete with actions of ${EVENT_ACTIONS.join(', ')}`,
  parse: (value) => new Map(value.split(',').map(eventAction)),
};

function eventAction(entry: string): [string, EventAction] {
  const at = entry.lastIndexOf('=');
  const type = entry.slice(0, Math.max(0, at)).trim();
  const name = entry.slice(at + 1).trim();
  const action = EVENT_ACTIONS.find((candidate) => candidate === name.toLowerCase());
  if (type === '' || !action) refuse(`the entry ${JSON.stringify(entry.trim())} is not such`);
  return [type, action];
}

/** As it stands in the address of a spreadsheet. */
export const spreadsheetId: Kind<string> = {
  expected: "the id in the spreadsheet's address, between /d/ and the next slash",
  parse: (value) => (/^[\w-]+$/.test(value) ? value : refuse()),
};

/** What is recorded of an event. */
export const columns: Kind<readonly Column[]> = {
  expected: 'a list such as created_at,imsi=pb_data.sim_info.imsi,Status={pb_data.account_info.bill_status} ({status})',
  parse: parseColumns,
};

/** Columns of a sheet, from one letter to another; numbers count from 0. */
export interface ColumnRange {
  readonly first: number;
  readonly last: number;
}

/** The columns of a sheet that rows take. */
export const columnRange: Kind<ColumnRange> = {
  expected: 'columns such as A:F',
  parse: (value) => {
    const [, from, to] = /^([A-Za-z]{1,3}):([A-Za-z]{1,3})$/.exec(value) ?? [];
    if (!from || !to) return refuse();
    const range = { first: columnNumber(from), last: columnNumber(to) };
    return range.first <= range.last ? range : refuse();
  },
};

function columnNumber(letters: string): number {
  return [...letters.toUpperCase()].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

/** `A` for 0, `AA` for 26. */
export function columnLetters(number: number): string {
  const rest = Math.floor(number / 26) - 1;
  return (rest < 0 ? '' : columnLetters(rest)) + String.fromCharCode(65 + (number % 26));
}
