import type { Subscriber } from '../../core/subscriber.ts';
import type { Deed } from '../../ports/operating.ts';
import type { Standing } from '../../ports/outbox.ts';
import type { Backlog, CleaningOrder, StoredEvent, Views } from '../../ports/store.ts';
import type { AskedWrite, WriteResult } from '../requests.ts';
import type { Seen } from './engine.ts';
import type { Cleaned } from './journal.ts';
import type { ConcludeRequest } from './outbox.ts';

/** What the store asks of its thread, and gets back. Requests travel as JSON: that is quicker than cloning objects. */
export interface Requests {
  read: { of: readonly string[]; gives: Seen<Subscriber[]> };
  now: { of: null; gives: number };
  due: { of: { limit: number; held: string[] }; gives: Seen<Subscriber[]> };
  writes: { of: readonly AskedWrite[]; gives: Seen<WriteResult[]> };
  /** As `writes`, with nothing but entries. */
  put: { of: readonly AskedWrite[]; gives: Standing[] };
  queued: { of: { events: number; bytes: number }; gives: StoredEvent[] };
  conclude: { of: ConcludeRequest; gives: null };
  recorderNote: { of: null; gives: string | null };
  outboxBacklog: { of: null; gives: Backlog };
  clean: { of: CleaningOrder; gives: Cleaned };
  note: { of: Deed; gives: null };
  probe: { of: null; gives: null };
  view: { of: { name: keyof Views; args: unknown[] }; gives: unknown };
  close: { of: null; gives: null };
}

export type RequestName = keyof Requests;

/** Those that have something beside their text. */
export type EncodedName = 'writes' | 'put';

/** What a request says is its text, and with an `EncodedName` what is beside it. */
export interface RequestMessage extends EncodedWrites {
  readonly id: number;
  readonly name: RequestName;
}

export type ReplyMessage =
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly bodies: readonly (Uint8Array | null)[]; readonly text: string }
  | { readonly id: number; readonly error: string; readonly passing: boolean };

/** What the thread says by itself: by how many milliseconds the machine's clock was found set. */
export interface ClockMessage {
  readonly clockSetBy: number;
}

/** The first word of the thread: it has opened the database, or why not. */
export type OpenMessage =
  | { readonly opened: true; readonly isNew: boolean }
  | { readonly opened: false; readonly error: string; readonly passing: boolean };

/**
 * Writes on their way to the thread: bodies and decisions beside the JSON, which would have to be escaped and read for them.
 */
export interface EncodedWrites {
  readonly text: string;
  /** Decisions of the entries, in their order. */
  readonly decisions: readonly string[];
  /** Bodies of the entries, one after the other; their lengths are in the JSON. */
  readonly bodies: Uint8Array | null;
}

/** The other way: `decodeWrites`. */
export function encodeWrites(writes: readonly AskedWrite[]): EncodedWrites {
  const length = writes.reduce((sum, { entry }) => sum + (entry?.body.length ?? 0), 0);
  // A buffer of its own, so that it can be handed over without a copy.
  const bodies = length === 0 ? null : Buffer.allocUnsafeSlow(length);
  const decisions: string[] = [];
  let at = 0;
  const flat = writes.map((write) => {
    const { entry } = write;
    if (!entry) return write;
    bodies?.set(entry.body, at);
    at += entry.body.length;
    decisions.push(entry.decision);
    return { ...write, entry: { ...entry, body: entry.body.length, decision: '' } };
  });
  return { text: JSON.stringify(flat), decisions, bodies };
}

/** The writes of `encodeWrites` again; bodies are views into the one buffer. */
export function decodeWrites({ text, decisions, bodies }: EncodedWrites): AskedWrite[] {
  const writes = JSON.parse(text) as AskedWrite[];
  const left = decisions.values();
  let at = 0;
  for (const { entry } of writes) {
    if (!entry) continue;
    const end = at + (entry.body as unknown as number);
    const decision = left.next().value ?? '';
    Object.assign(entry, { body: (bodies ?? NOTHING).subarray(at, end), decision });
    at = end;
  }
  return writes;
}

const NOTHING = new Uint8Array();
