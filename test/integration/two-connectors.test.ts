import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent, stamp } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { postgresBench } from '../helpers/postgres.ts';

const IMSIS = ['001010000000001', '001010000000002', '250010000000003'];
const STEPS = 40;

test('two connectors on one database: one call at a time for each subscriber, and the newest state stays', async () => {
  await using bench = await postgresBench();
  await using core = await CoreStub.start(
    (_call, response) => void setImmediate(() => response.end('{"result":true}')),
  );
  const url = new URL(bench.url);
  const STORE_PASSWORD = url.password;
  url.password = '';
  const env = { STORE_URL: url.href, STORE_PASSWORD };
  await using first = await startApp(core.url, env);
  await using second = await startApp(core.url, env);

  const deliver = async (imsi: string, step: number) => {
    const event = anEvent({
      event_id: `${imsi}-${step}`,
      updated_at: stamp(step),
      account_info: { bill_status: 'open', blocked: false, i_account: 1, id: `${79000000000 + step}@msisdn` },
      sim_info: { imsi },
    });
    // As NSPS does: again until it is taken, by whichever connector the balancer picks.
    for (let turn = step; ; turn++) {
      const { status } = await post((turn % 2 === 0 ? first : second).eventUrl, event);
      if (status === 202) return;
      assert.ok(status >= 429, String(status));
    }
  };
  const events = IMSIS.flatMap((imsi) => Array.from({ length: STEPS }, (_, step) => [imsi, step] as const));
  await Promise.all(events.map(([imsi, step]) => deliver(imsi, step)));

  assert.equal(core.overlaps, 0);
  for (const imsi of IMSIS) {
    const last = core.calls.findLast(({ request }) => request['imsi'] === imsi);
    assert.match(JSON.stringify(last?.request), new RegExp(String(79000000000 + STEPS - 1)));
  }
  const states = await bench.query('SELECT DISTINCT state FROM nsps_connector.journal ORDER BY state');
  assert.deepEqual(states, [{ state: 'processed' }, { state: 'superseded' }]);
});
