import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { announce, answer } from './link.ts';
import { type Kind, type Site, tasksOf } from './operator-tasks.ts';

/** Operators of the console: each asks the admin API, thinks, asks again, and has the overview stream open. */

export type OperatorsOrder =
  | {
      readonly what: 'begin';
      readonly url: string;
      readonly token: string;
      readonly operators: number;
      /** From an answer to the next question, in milliseconds. */
      readonly thinkMs: number;
      readonly site: Site;
    }
  | { readonly what: 'end' };

export interface OperatorsReply {
  /** Of each answer in the order they came, in milliseconds. */
  readonly latencies: Readonly<Partial<Record<Kind, readonly number[]>>>;
  /** Overviews that the streams told. */
  readonly pictures: number;
  /** How long the operators were at work. */
  readonly seconds: number;
}

type Begin = OperatorsOrder & { what: 'begin' };

/** What operators do from `begin` to `end`. */
class Shift {
  readonly #order: Begin;
  readonly #latencies: Partial<Record<Kind, number[]>> = {};
  readonly #stop = new AbortController();
  readonly #work: Promise<void>[];
  readonly #since = performance.now();
  #pictures = 0;

  constructor(order: Begin) {
    this.#order = order;
    this.#work = Array.from({ length: order.operators }, (_, index) => [this.#ask(index), this.#watch()]).flat();
    // Told at the end; until then nobody listens.
    for (const work of this.#work) work.catch(() => {});
  }

  /** @throws when anything was answered wrongly. */
  async end(): Promise<OperatorsReply> {
    const seconds = (performance.now() - this.#since) / 1000;
    this.#stop.abort();
    await Promise.all(this.#work);
    return { latencies: this.#latencies, pictures: this.#pictures, seconds };
  }

  async #ask(index: number): Promise<void> {
    const { url, site, thinkMs } = this.#order;
    const client = new Client(url);
    const tasks = tasksOf(site);
    // Not all of them in step.
    let turn = Math.floor((index * tasks.length) / this.#order.operators);
    while (!this.#stop.signal.aborted) {
      const task = tasks[turn++ % tasks.length] as (typeof tasks)[number];
      const started = performance.now();
      const body = await this.#get(client, task.path());
      const list = this.#latencies[task.kind] ?? [];
      list.push(performance.now() - started);
      this.#latencies[task.kind] = list;
      task.saw?.(body);
      await sleep(thinkMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    await client.close();
  }

  async #get(client: Client, path: string): Promise<unknown> {
    const { statusCode, body } = await client.request({ method: 'GET', path, headers: this.#headers });
    if (statusCode !== 200) throw new Error(`${path}: HTTP ${statusCode} ${await body.text()}`);
    return await body.json();
  }

  async #watch(): Promise<void> {
    const client = new Client(this.#order.url);
    const path = '/admin/v1/overview/stream';
    const { statusCode, body } = await client.request({ method: 'GET', path, headers: this.#headers });
    if (statusCode !== 200) throw new Error(`${path}: HTTP ${statusCode} ${await body.text()}`);
    const closed = new Promise((resolve) => body.once('close', resolve));
    body
      .on('error', () => {})
      .on('data', (bytes: Buffer) => {
        if (bytes.includes('event: overview')) this.#pictures++;
      });
    this.#stop.signal.addEventListener('abort', () => void client.destroy());
    await closed;
    if (!this.#stop.signal.aborted) throw new Error(`${path} ended by itself`);
  }

  get #headers() {
    return { authorization: `Bearer ${this.#order.token}` };
  }
}

let shift: Shift | null = null;

answer<OperatorsOrder, OperatorsReply>(async (order) => {
  if (order.what === 'begin') {
    shift = new Shift(order);
    return { latencies: {}, pictures: 0, seconds: 0 };
  }
  if (!shift) throw new Error('The operators were not told to begin');
  return await shift.end();
});
announce(0);
