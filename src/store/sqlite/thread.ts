import { parentPort, workerData } from 'node:worker_threads';
import type { StoredEvent, StoreError, Views } from '../../ports/store.ts';
import { Engine } from './engine.ts';
import { storeError } from './faults.ts';
import { decodeWrites, type ReplyMessage, type RequestMessage, type ThreadData } from './messages.ts';

/** The thread that owns the database: SQLite waits for the disk, and events must not wait with it. */

const options = workerData as ThreadData;
const port = parentPort;
if (!port) throw new Error('this file is a thread of the connector and runs only as one');

try {
  const engine = new Engine(options);
  port.on('message', (message: RequestMessage) => void serve(engine, message));
  port.postMessage({ opened: true });
} catch (error) {
  const { message, passing } = error as StoreError;
  port.postMessage({ opened: false, error: message, passing });
}

async function serve(engine: Engine, message: RequestMessage): Promise<void> {
  const { id } = message;
  try {
    port?.postMessage({ id, ...(await carryOut(engine, message)) } satisfies ReplyMessage);
  } catch (error) {
    const { message: why, passing } = storeError(error, options.file);
    port?.postMessage({ id, error: why, passing } satisfies ReplyMessage);
  }
  if (message.name === 'close') port?.close();
}

async function carryOut(engine: Engine, { name, text, bodies }: RequestMessage): Promise<{ text: string }> {
  switch (name) {
    case 'read':
      return json(engine.read(JSON.parse(text)));
    case 'due': {
      const { limit, held } = JSON.parse(text) as { limit: number; held: string[] };
      return json(engine.due(limit, held));
    }
    case 'writes':
      return json(engine.writes(decodeWrites(text, bodies)));
    case 'clean':
      return json(engine.clean(JSON.parse(text)));
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

/** Bodies of events go beside the JSON, as they are. */
async function view(views: Views, { name, args }: { name: keyof Views; args: unknown[] }) {
  const result: unknown = await (views[name] as (...args: unknown[]) => Promise<unknown>).apply(views, args);
  const events = name === 'events' ? (result as StoredEvent[]) : name === 'event' ? [result as StoredEvent | null] : [];
  const bodies = events.map((event) => event?.body ?? null);
  const text = JSON.stringify(result, (key, value: unknown) => (key === 'body' ? null : value));
  return { text, bodies };
}
