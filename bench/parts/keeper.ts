import type { ServerResponse } from 'node:http';
import { Worker } from 'node:worker_threads';
import { Pool } from 'undici';
import type { Kept } from './keeper-thread.ts';
import { answer, servePosts } from './post-server.ts';

/**
 * The least that keeps an event: the forwarder, with a thread that writes each event and the state of its subscriber into an
 * SQLite database (`STORE`, a file) before it is answered; as durable as the connector's. No validation, decision, order,
 * claim, story or log. With `CORE_URL` it calls the core first; without, it only takes in.
 */

const TO_CORE = ['content-type', 'application/json'];
/** Groups in the thread's hands: one it writes, and the next. */
const MOST_UNDER_WAY = 2;

interface Waiting {
  readonly kept: Omit<Kept, 'length'>;
  readonly body: Buffer;
  done(): void;
}

const coreUrl = process.env['CORE_URL'];
const pool = coreUrl ? new Pool(coreUrl, { connections: 256, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 }) : null;
const thread = new Worker(new URL('./keeper-thread.ts', import.meta.url), { workerData: process.env['STORE'] });

let waiting: Waiting[] = [];
const underWay: (readonly Waiting[])[] = [];
let due = false;

function schedule(): void {
  if (due || underWay.length === MOST_UNDER_WAY || waiting.length === 0) return;
  due = true;
  setImmediate(() => {
    due = false;
    const group = waiting;
    waiting = [];
    underWay.push(group);
    const bodies = new Uint8Array(Buffer.concat(group.map(({ body }) => body)));
    const rows: Kept[] = group.map(({ kept, body }) => ({ ...kept, length: body.length }));
    thread.postMessage({ text: JSON.stringify(rows), bodies }, [bodies.buffer]);
  });
}

thread.on('message', () => {
  for (const { done } of underWay.shift() ?? []) done();
  schedule();
});

function keep(body: Buffer, kept: Waiting['kept']): Promise<void> {
  return new Promise((done) => {
    waiting.push({ kept, body, done });
    schedule();
  });
}

async function take(body: Buffer, response: ServerResponse): Promise<void> {
  const event = JSON.parse(body.toString());
  const { imsi, msisdn } = event.pb_data.sim_info;
  const state = JSON.stringify({ imsi, msisdn, updatedAt: event.pb_data.account_info.updated_at });
  if (pool) {
    const said = await pool.request({ method: 'POST', path: '/prov', headers: TO_CORE, body: state });
    await said.body.text();
  }
  await keep(body, { id: event.event_id, imsi: Number(imsi), state });
  answer(response, 202);
}

servePosts(take);
