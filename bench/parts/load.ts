import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { SubscriberEvents } from './events.ts';
import { type HttpMessage, HttpMessages } from './http-messages.ts';
import { announce, answer } from './link.ts';

/** What the generator is asked to do. */
export interface LoadOrder {
  /** Base URL of what is measured; events go to `/process-event`. */
  readonly url: string;
  /** Its process, for the processor time it takes. */
  readonly pid: number;
  readonly token: string;
  /** Each sends the next event when the last one is answered, and not before its time when there is a pace. */
  readonly connections: number;
  /** Measured time. */
  readonly seconds: number;
  /** Time before that, with the same load, that does not count. */
  readonly rampSeconds: number;
  /** A connection's time from one event to the next; they start evenly spread over it. Absent: no pace, all at once. */
  readonly paceSeconds?: number;
  /** The status that is no error. */
  readonly expect: number;
}

/** What it found. Latencies in milliseconds. */
export interface LoadResult {
  readonly perSecond: number;
  readonly answers: number;
  readonly p50: number;
  readonly p99: number;
  readonly least: number;
  readonly most: number;
  /** Processor time of the measured process an event, in microseconds; null where the system does not tell. */
  readonly cpuMicroseconds: number | null;
  /** Part of one processor that the generator itself took (1 = it was the bottleneck). */
  readonly generatorLoad: number;
  /** All answers, those of the ramp and the end included. */
  readonly allAnswers: number;
  readonly errors: number;
  /** The first few of them. */
  readonly samples: readonly string[];
}

/** Subscribers a connection speaks for: events of one subscriber are taken one at a time, so none is shared. */
const SUBSCRIBERS_EACH = 8;

const MOST_SAMPLES = 5;

const OPENED_AT_A_TIME = 100;

/** Before a connection that broke is opened again, in milliseconds. */
const RECONNECT_MS = 100;

/** One measurement: what all connections count together. */
class Tally {
  readonly histogram = createHistogram({ lowest: 1, highest: 120_000_000, figures: 3 });
  readonly samples: string[] = [];
  readonly expect: number;
  allAnswers = 0;
  errors = 0;
  measuring = false;
  stopped = false;

  constructor(expect: number) {
    this.expect = expect;
  }

  answered(status: number, startedMs: number, body: string): void {
    this.allAnswers++;
    if (status !== this.expect) this.failed(`HTTP ${status} ${body}`);
    if (this.measuring) this.histogram.record(Math.max(1, Math.round((performance.now() - startedMs) * 1000)));
  }

  failed(why: string): void {
    this.errors++;
    if (this.samples.length < MOST_SAMPLES) this.samples.push(why.slice(0, 300));
  }
}

/** One connection of NSPS: posts an event, waits for the answer, posts the next. */
class Connection {
  readonly ended: Promise<void>;
  readonly #end: () => void;
  readonly #url: URL;
  readonly #tally: Tally;
  readonly #events: readonly SubscriberEvents[];
  readonly #paceMs: number;
  readonly #answered = (message: HttpMessage) => this.#take(message);
  #socket: Socket | null = null;
  #due = 0;
  #turn = 0;
  #started = 0;

  constructor(number: number, order: LoadOrder, tally: Tally, since: Date) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.#tally = tally;
    this.#paceMs = (order.paceSeconds ?? 0) * 1000;
    this.#url = new URL(order.url);
    const head = headOf(order, String(number).padStart(16, '0'));
    this.#events = Array.from(
      { length: SUBSCRIBERS_EACH },
      (_, index) => new SubscriberEvents(number * SUBSCRIBERS_EACH + index, since, head),
    );
  }

  /** Connects, and finds out whether somebody answers. */
  async open(): Promise<void> {
    const socket = await this.#connect();
    const answered = new Promise<void>((resolve, reject) => {
      socket.once('data', () => resolve()).once('close', () => reject(new Error(`${this.#url} closed the connection`)));
    });
    socket.write(`GET /health HTTP/1.1\r\nhost: ${this.#url.host}\r\n\r\n`);
    await answered;
    this.#use(socket);
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true });
      socket.once('connect', () => resolve(socket)).once('error', reject);
    });
  }

  #use(socket: Socket): void {
    const answers = new HttpMessages();
    socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
    socket.on('data', (chunk: Buffer) => answers.read(chunk, this.#answered));
    socket.on('error', (error) => this.#broken(error.message));
    socket.on('end', () => this.#broken('closed'));
    this.#socket = socket;
  }

  /** @param at the time of the first event, on performance.now(). */
  start(at: number): void {
    this.#due = at;
    this.#whenDue();
  }

  /** Keeps to the pace it started with, however long an answer took: late answers must not bunch events up. */
  #whenDue(): void {
    const wait = this.#due - performance.now();
    this.#due += this.#paceMs;
    if (wait > 0) setTimeout(() => this.#post(), wait);
    else this.#post();
  }

  /** Sends the next event, or ends when the time is over. */
  #post(): void {
    const socket = this.#socket;
    if (this.#tally.stopped) {
      socket?.destroy();
      this.#end();
      return;
    }
    const events = this.#events[this.#turn++ % SUBSCRIBERS_EACH] as SubscriberEvents;
    this.#started = performance.now();
    socket?.write(events.next());
  }

  #take({ status, body }: HttpMessage): void {
    this.#tally.answered(status, this.#started, status === this.#tally.expect ? '' : body.toString());
    this.#whenDue();
  }

  /** A connection that cannot be had or broke: one pause, so that a dead server is not hammered. */
  #broken(why: string): void {
    if (this.#socket === null) return;
    this.#socket.destroy();
    this.#socket = null;
    this.#tally.failed(`Connection: ${why}`);
    this.#connectLater();
  }

  #connectLater(): void {
    setTimeout(() => {
      this.#connect().then(
        (socket) => {
          this.#use(socket);
          this.#whenDue();
        },
        (error: Error) => {
          this.#tally.failed(`Connection: ${error.message}`);
          if (this.#tally.stopped) this.#end();
          else this.#connectLater();
        },
      );
    }, RECONNECT_MS);
  }
}

/** The head of a POST of an event, whose length is left to be told. */
function headOf({ url, token }: LoadOrder, id: string): (length: number) => string {
  const lines = [
    'POST /process-event HTTP/1.1',
    `host: ${new URL(url).host}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `x-b3-traceid: ${id}`,
    `x-request-id: benchmark-${id}`,
  ];
  return (length) => `${lines.join('\r\n')}\r\ncontent-length: ${length}\r\n\r\n`;
}

async function measure(order: LoadOrder): Promise<LoadResult> {
  const tally = new Tally(order.expect);
  const connections = await openAll(order, tally);
  startAll(connections, order.paceSeconds ?? 0);
  await pause(order.rampSeconds);

  const [theirs, ours, started] = [cpuSeconds(order.pid), process.cpuUsage(), performance.now()];
  tally.measuring = true;
  await pause(order.seconds);
  tally.measuring = false;
  const elapsed = (performance.now() - started) / 1000;
  const [theirsAfter, own] = [cpuSeconds(order.pid), process.cpuUsage(ours)];

  tally.stopped = true;
  await Promise.all(connections.map((connection) => connection.ended));
  const { histogram } = tally;
  const cpu = theirs === null || theirsAfter === null ? null : ((theirsAfter - theirs) * 1e6) / histogram.count;
  return {
    perSecond: histogram.count / elapsed,
    answers: histogram.count,
    p50: histogram.percentile(50) / 1000,
    p99: histogram.percentile(99) / 1000,
    least: histogram.min / 1000,
    most: histogram.max / 1000,
    cpuMicroseconds: cpu,
    generatorLoad: (own.user + own.system) / 1e6 / elapsed,
    allAnswers: tally.allAnswers,
    errors: tally.errors,
    samples: tally.samples,
  };
}

/** Opens all connections, fewer at a time than a listening socket queues: opening them is not what is measured. */
async function openAll(order: LoadOrder, tally: Tally): Promise<Connection[]> {
  const since = nextSecond();
  const connections = Array.from({ length: order.connections }, (_, i) => new Connection(i, order, tally, since));
  for (let from = 0; from < connections.length; from += OPENED_AT_A_TIME) {
    await Promise.all(connections.slice(from, from + OPENED_AT_A_TIME).map((connection) => connection.open()));
  }
  return connections;
}

function startAll(connections: readonly Connection[], paceSeconds: number): void {
  const now = performance.now();
  for (const [index, connection] of connections.entries()) {
    connection.start(now + (paceSeconds * 1000 * index) / connections.length);
  }
}

let lastSecond = 0;

/** A second that no earlier measurement used: its events are newer than all of theirs. */
function nextSecond(): Date {
  lastSecond = Math.max(lastSecond + 1, Math.floor(Date.now() / 1000));
  return new Date(lastSecond * 1000);
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** Processor time a process has taken, all threads. Linux counts it in hundredths of a second. */
function cpuSeconds(pid: number): number | null {
  try {
    // The name, in brackets, may hold spaces; user and system time are the 12th and 13th field after it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return null;
  }
}

answer(measure);
announce(0);
