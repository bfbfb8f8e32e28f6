import { imsiOf, msisdnOf } from './events.ts';

/** What an operator asks the admin API for. */
export const KINDS = [
  'events: pages to and fro',
  'events: dead ones',
  'events: a state that no index lists',
  'events: text that some have',
  'events: text that none has',
  'events: time range',
  'event: its story',
  'subscribers: how a number begins',
  'subscribers: an ICCID',
  'subscriber',
  'dead letters: by reason',
  'dead letters: one by one',
] as const;
export type Kind = (typeof KINDS)[number];

/** What there is to look for. Times in milliseconds since 1970. */
export interface Site {
  readonly subscribers: number;
  readonly filledFrom: number;
  readonly filledUntil: number;
}

export interface Task {
  readonly kind: Kind;
  path(): string;
  /** Told every answer. */
  saw?(body: unknown): void;
}

/** Pages an operator goes on, before he goes back. */
const MOST_PAGES = 6;
/** Part of the time of filling that is asked for. */
const WINDOW = 1 / 20;

interface Page {
  readonly events: readonly { readonly eventId: string }[];
  readonly next: number | null;
}

/** One operator's, in the order he does them; he remembers where he was. */
export function tasksOf(site: Site): readonly Task[] {
  const pages = new Walk('events: pages to and fro', '');
  const anyone = () => Math.floor(Math.random() * site.subscribers);
  return [
    pages,
    { kind: 'event: its story', path: () => `/admin/v1/events/${pages.someId ?? ''}` },
    new Walk('events: dead ones', 'state=dead'),
    new Walk('events: a state that no index lists', 'state=superseded'),
    new Walk('events: text that some have', `text=${msisdnOf(3)}`),
    new Walk('events: text that none has', 'text=nobody-is-called-so'),
    { kind: 'events: time range', path: () => `/admin/v1/events?type=SIM%2FUpdated&${windowOf(site)}` },
    search('subscribers: how a number begins', () => msisdnOf(anyone()).slice(0, -2)),
    search('subscribers: an ICCID', () => `8938006${imsiOf(anyone()).slice(3)}`),
    { kind: 'subscriber', path: () => `/admin/v1/subscribers/${imsiOf(anyone())}` },
    { kind: 'dead letters: by reason', path: () => '/admin/v1/dead-letters' },
    { kind: 'dead letters: one by one', path: () => '/admin/v1/dead-letters/list' },
  ];
}

function search(kind: Kind, text: () => string): Task {
  return { kind, path: () => `/admin/v1/subscribers?search=${text()}` };
}

function windowOf({ filledFrom, filledUntil }: Site): string {
  const length = (filledUntil - filledFrom) * WINDOW;
  const from = filledFrom + Math.random() * (filledUntil - filledFrom - length);
  return `from=${new Date(from).toISOString()}&until=${new Date(from + length).toISOString()}`;
}

/** From page to page, and back again. */
class Walk implements Task {
  readonly kind: Kind;
  readonly #filter: string;
  /** `next` of the pages before; none on the first one. */
  readonly #behind: number[] = [];
  #onwards = true;
  /** The id of an event on the page that was seen last, if there was one. */
  someId: string | null = null;

  constructor(kind: Kind, filter: string) {
    this.kind = kind;
    this.#filter = filter;
  }

  path(): string {
    const before = this.#behind.at(-1);
    return `/admin/v1/events?${this.#filter}${before === undefined ? '' : `&before=${before}`}`;
  }

  saw(body: unknown): void {
    const { events, next } = body as Page;
    this.someId = events.at(-1)?.eventId ?? null;
    this.#onwards = this.#behind.length === 0 || (this.#onwards && this.#behind.length < MOST_PAGES && next !== null);
    if (!this.#onwards) this.#behind.pop();
    else if (next !== null) this.#behind.push(next);
  }
}
