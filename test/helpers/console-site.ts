import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreSimulator } from '../../sim/core-simulator.ts';
import { SAMPLE_EVENT } from '../../src/contract/samples.ts';
import { post } from './nsps.ts';
import { CORE_TOKEN, Program, type Serving, serve } from './program.ts';

const CONSOLE_TOKEN = 'token-of-the-console-24680';
/** NSPS is answered at once, and what fails is tried again within the patience of a test. */
const ENV = { CONSOLE_TOKEN, DELIVERY: 'queued', RETRY_FIRST_PAUSE: '0.2', RETRY_LONGEST_PAUSE: '0.5' };

/** What an event of this site says: the rest is as in the sample. */
export interface Wish {
  readonly eventId: string;
  readonly imsi: string;
  readonly msisdn: string;
  readonly blocked?: boolean;
}

/** An event as NSPS sends it. */
export function eventOf({ eventId, imsi, msisdn, blocked = false }: Wish) {
  const { pb_data } = SAMPLE_EVENT;
  return {
    ...SAMPLE_EVENT,
    event_id: eventId,
    pb_data: {
      ...pb_data,
      account_info: { ...pb_data.account_info, id: `${msisdn}@msisdn`, blocked },
      sim_info: { ...pb_data.sim_info, imsi, msisdn },
    },
    updated_at: new Date().toISOString(),
  };
}

/** The built connector with a database file and its console, before a core that has rules and remembers. */
export class ConsoleSite implements AsyncDisposable {
  readonly token = CONSOLE_TOKEN;
  readonly core: CoreSimulator;
  /** What the core was asked, in the order it came. */
  readonly asked: Record<string, unknown>[] = [];
  #folder = '';
  #connector: Serving | null = null;

  private constructor() {
    this.core = new CoreSimulator({
      port: 0,
      token: CORE_TOKEN,
      watcher: { arrived: ({ request }) => void this.asked.push(request as Record<string, unknown>) },
    });
  }

  static async start(env: Record<string, string> = {}): Promise<ConsoleSite> {
    const site = new ConsoleSite();
    site.#folder = await mkdtemp(join(tmpdir(), 'nsps-console-'));
    const store = { STORE_URL: `sqlite:${join(site.#folder, 'connector.db')}` };
    site.#connector = await serve(await site.core.start(), { ...ENV, ...store, ...env });
    return site;
  }

  get url(): string {
    return this.#connector?.url ?? '';
  }

  /** Posts events as NSPS does, one after the other. @returns the statuses it is answered. */
  async post(...wishes: readonly Wish[]): Promise<number[]> {
    return await this.postEvents(...wishes.map(eventOf));
  }

  /** The same with events that are no plain wishes. */
  async postEvents(...events: readonly object[]): Promise<number[]> {
    const statuses: number[] = [];
    for (const event of events) {
      statuses.push((await post(this.#connector?.eventUrl ?? '', event)).status);
    }
    return statuses;
  }

  /** Changes a subscriber in the core past the connector, as people do. */
  byHand(action: 'update' | 'delete', imsi: string, msisdn: string): void {
    const { body } = this.core.subscribers.provision({
      action,
      imsi,
      subscriber_status: 'serviceGranted',
      msisdn: [msisdn],
    });
    if (!body.result) throw new Error(body.error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connector?.[Symbol.asyncDispose]();
    await this.core.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The console of the built demo, the only one with a page for its simulator. */
export async function demoConsole(): Promise<AsyncDisposable & { readonly url: string; readonly token: string }> {
  const program = new Program(['demo'], { PORT: '0' });
  const [, url = '', token = ''] = await program.says(/console +(http\S+)\/console +sign in with (\S+)/);
  return { url, token, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}
