import { getPriority, setPriority } from 'node:os';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Entry, StoredEvent, StoreError, Views, Write } from '../../ports/store.ts';
import type { WriteResult } from '../requests.ts';
import { Engine, type EngineOptions, type Seen } from './engine.ts';
import { storeError } from './faults.ts';
import {
  type ClockMessage,
  decodeWrites,
  type OpenMessage,
  type ReplyMessage,
  type RequestMessage,
  type RequestName,
} from './messages.ts';

/** The thread that owns the database: SQLite waits for the disk, and events must not wait with it. */

/** What is done by itself; writes are done together. */
type LoneName = Exclude<RequestName, 'writes'>;

/** Messages taken in at a time: the first of them should not wait for too many others. */
const MOST_TOGETHER = 100;

/**
 * Added to the niceness of the program. Writing: half its share where both want the same processor, since whoever waits for
 * the disk waits for the main thread, too. Looking things up: about a tenth.
 */
const NICER = { owner: 3, guest: 0, reader: 10 };
const NICEST = 19;

const options = workerData as EngineOptions;
const port = parentPort;
if (!port) throw new Error('this file is a thread of the connector and runs only as one');

giveWay(NICER[options.role]);

try {
  const engine = new Engine(options);
  port.on('message', (message: RequestMessage) => void serve(engine, [message, ...alreadyHere(port)]));
  port.postMessage({ opened: true, isNew: engine.isNew } satisfies OpenMessage);
} catch (error) {
  const { message, passing } = error as StoreError;
  port.postMessage({ opened: false, error: message, passing });
}

/**
 * Events come first: on two processors, a writer that takes turns with the main thread costs a tenth of the intake, and four
 * operators at work would multiply its p99. Linux keeps a priority for each thread, other systems only one for the whole
 * program, which is left alone.
 */
function giveWay(nicer: number): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Math.min(NICEST, getPriority() + nicer));
  } catch {
    // A sandbox may forbid it: then the thread has the priority of everything else.
  }
}

/** What came in while the last transaction was written. */
function* alreadyHere(from: MessagePort): Iterable<RequestMessage> {
  for (let taken = 1; taken < MOST_TOGETHER; taken++) {
    const more = receiveMessageOnPort(from) as { message: RequestMessage } | undefined;
    if (!more) return;
    yield more.message;
  }
}

/** Reads first: whoever reads does not know of a write that was not answered yet, and need not wait for the disk. */
async function serve(engine: Engine, messages: readonly RequestMessage[]): Promise<void> {
  const writes = messages.filter(({ name }) => name === 'writes');
  const replies: ReplyMessage[] = [];
  for (const message of messages)
    if (message.name === 'read') replies.push(await attempt(engine, message.name, message));
  if (replies.length > 0) port?.postMessage(replies);
  if (writes.length > 0) port?.postMessage(attemptWrites(engine, writes));
  for (const message of messages) {
    const { name } = message;
    if (name === 'read' || name === 'writes') continue;
    port?.postMessage([await attempt(engine, name, message)]);
    if (name === 'close') port?.close();
  }
  const clockSetBy = engine.takeClockStep();
  if (clockSetBy !== 0) port?.postMessage([{ clockSetBy } satisfies ClockMessage]);
}

async function attempt(engine: Engine, name: LoneName, message: RequestMessage): Promise<ReplyMessage> {
  try {
    return { id: message.id, ...(await carryOut(engine, name, message)) };
  } catch (error) {
    return fault(message, error);
  }
}

/** Group commit: all of them in one transaction. The busier it gets, the larger it is, and the less one write costs. */
function attemptWrites(engine: Engine, messages: readonly RequestMessage[]): ReplyMessage[] {
  try {
    const groups = messages.map(decodeWrites);
    const { result, ...seen } = engine.writes(groups.flat());
    let at = 0;
    return messages.map(({ id }, index) => {
      const from = at;
      at += (groups[index] as Write[]).length;
      return { id, ...json({ result: result.slice(from, at), ...seen } satisfies Seen<WriteResult[]>) };
    });
  } catch (error) {
    return messages.map((message) => fault(message, error));
  }
}

function fault({ id }: RequestMessage, error: unknown): ReplyMessage {
  const { message, passing } = storeError(error, options.file);
  return { id, error: message, passing };
}

async function carryOut(engine: Engine, name: LoneName, message: RequestMessage): Promise<{ text: string }> {
  const { text } = message;
  switch (name) {
    case 'read':
      return json(engine.read(JSON.parse(text)));
    case 'now':
      return json(engine.now());
    case 'due': {
      const { limit, held } = JSON.parse(text) as { limit: number; held: string[] };
      return json(engine.due(limit, held));
    }
    case 'put':
      return json(engine.put(entriesOf(decodeWrites(message))));
    case 'queued':
      return withBodies(engine.outbox.queued(JSON.parse(text)));
    case 'conclude':
      engine.conclude(JSON.parse(text));
      return json(null);
    case 'recorderNote':
      return json(engine.outbox.note());
    case 'outboxBacklog':
      return json(engine.outbox.backlog());
    case 'clean':
      return json(engine.clean(JSON.parse(text)));
    case 'note':
      engine.note(JSON.parse(text));
      return json(null);
    case 'probe':
      engine.probe();
      return json(null);
    case 'view':
      return view(engine.views, JSON.parse(text));
    case 'close':
      engine.close();
      return json(null);
  }
}

function json(value: unknown): { text: string } {
  return { text: JSON.stringify(value) };
}

function entriesOf(writes: readonly Write[]): Entry[] {
  return writes.map(({ entry }) => entry).filter((entry) => entry !== null);
}

/** Bodies of events go beside the JSON, as they are. */
async function view(views: Views, { name, args }: { name: keyof Views; args: unknown[] }) {
  const result: unknown = await (views[name] as (...args: unknown[]) => Promise<unknown>).apply(views, args);
  const events = name === 'events' ? (result as StoredEvent[]) : name === 'event' ? [result as StoredEvent | null] : [];
  return withBodies(events, result);
}

function withBodies(events: readonly (StoredEvent | null)[], result: unknown = events) {
  const bodies = events.map((event) => event?.body ?? null);
  const text = JSON.stringify(result, (key, value: unknown) => (key === 'body' ? null : value));
  return { text, bodies };
}
