import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { anEvent } from './events.ts';
import { MortalSite } from './mortal-site.ts';
import { post } from './nsps.ts';
import { until } from './polling.ts';
import { Sheets } from './sheets.ts';

const LANES = 50;

interface StormOptions {
  readonly events: number;
  readonly perSecond: number;
  /** kill -9, spread over the storm. */
  readonly kills: number;
  readonly DELIVERY: 'inline' | 'queued';
}

/**
 * Events of fifty subscribers, each subscriber's in order, at a sheet whose calls fail now and then without a word, while
 * the connector is killed; then looks at what is there.
 */
export async function sheetStorm({ events, perSecond, kills, DELIVERY }: StormOptions): Promise<void> {
  // An applied cut, a 500 after the fact, a late one: nobody is told what came of 5 % of the calls.
  const mix = [
    { as: 'cut', rate: 0.03 },
    { as: 'applied-500', rate: 0.01 },
    { as: 'late', rate: 0.01 },
  ] as const;
  await using sheets = await Sheets.start();
  const env = { ...sheets.env, DELIVERY, GOOGLE_HTTP_REQUESTS_TIMEOUT: '1.5', SETTLE_AFTER: '3' };
  await using site = await MortalSite.start('http://127.0.0.1:9', env);
  sheets.simulator.setFaults({ mix: [...mix], late_ms: 1_000 });
  let acknowledged = 0;
  const began = performance.now();
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    for (let n = lane; n < events; n += LANES) {
      await delay(Math.max(0, began + (n / perSecond) * 1000 - performance.now()));
      await acknowledge(site, n);
      acknowledged++;
    }
  });
  for (let kill = 1; kill <= kills; kill++) {
    await progress(() => acknowledged, (kill * events) / (kills + 1));
    await site.kill();
    await site.restart();
  }
  await Promise.all(lanes);
  await progress(() => sheets.rows.length, events);
  check(sheets, events);
}

/** As NSPS: again and again, until it is taken. */
async function acknowledge(site: MortalSite, n: number): Promise<void> {
  const imsi = `00101${String(n % LANES).padStart(10, '0')}`;
  const event = anEvent({ event_id: `event-${n}`, sim_info: { imsi, i_sim_card: n } });
  await until(`event ${n} is taken`, async () => {
    const answer = await post(site.eventUrl, event).catch(() => null);
    return answer?.status === 202;
  });
}

/** However long it takes, as long as it goes on. */
async function progress(look: () => number, goal: number): Promise<void> {
  while (look() < goal) {
    const before = look();
    await until(`more than ${before} of ${goal}`, () => look() > before);
  }
}

function check({ ids, simulator }: Sheets, events: number): void {
  assert.equal(new Set(ids).size, ids.length, 'none twice');
  assert.equal(ids.length, events);
  const last = new Map<number, number>();
  for (const id of ids) {
    const n = Number(id.replace('event-', ''));
    assert.ok(n > (last.get(n % LANES) ?? -1), `event ${n} stands after a later one of its subscriber`);
    last.set(n % LANES, n);
  }
  const { writes_in_busiest_minute: busiest } = simulator.stats;
  assert.ok(busiest <= 60, `${busiest} writes in a minute`);
}
