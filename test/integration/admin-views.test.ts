import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { respond, succeed } from '../helpers/core-stub.ts';
import { anEvent, IMSI, NUMBER, OTHER_IMSI, stamp } from '../helpers/events.ts';
import { Operated } from '../helpers/operated.ts';

const ICCID = '8901410321111851072';
const swap = anEvent({
  event_id: 'e-swap',
  event_type: 'SIM/Replaced',
  sim_info: { imsi: OTHER_IMSI, iccid: ICCID },
  prev_sim_info: { imsi: IMSI },
  updated_at: stamp(2),
});

let site: Operated;
before(async () => {
  site = await Operated.start({}, { simulated: () => [simulated] });
  await site.post(anEvent({ updated_at: stamp(1) }), swap, anEvent({ event_id: 'e-other', event_type: 'A/B' }));
  site.core.answer = respond(422, { result: false, error: 'No such profile' });
  await site.post(anEvent({ event_id: "e-re'fused", updated_at: stamp(9) }));
  site.core.answer = succeed;
});
after(async () => {
  await site[Symbol.asyncDispose]();
});

const simulated = { imsi: IMSI, status: 'serviceGranted', msisdn: [NUMBER], csProfile: 'a', epsProfile: 'b' };

test('the overview tells what happened in the last minute', async () => {
  const { body } = await site.ask('/admin/v1/overview');
  assert.deepEqual(body.lastMinute.events, { processed: 2, ignored: 1, rejected: 1 });
  assert.deepEqual([body.lastMinute.calls, body.lastMinute.errors], [4, 1]);
  assert.deepEqual(body.store, { kind: 'memory', fault: null });
  assert.deepEqual(
    [body.circuit, body.inside, body.simulator],
    [{ state: 'closed', retryInMs: null, fault: null }, 0, true],
  );
  const day = await site.ask('/admin/v1/series?range=day');
  assert.deepEqual([day.body.range, day.body.stepMs, day.body.points.at(-1).calls], ['day', 300_000, 4]);
  assert.equal((await site.ask('/admin/v1/series?range=year')).status, 422);
});

describe('subscribers', () => {
  test('are found by what they are and were called', async () => {
    const find = async (text: string) => {
      const { body } = await site.ask(`/admin/v1/subscribers?search=${encodeURIComponent(text)}`);
      return body.matches.map(({ imsi, by, current }: Record<string, unknown>) => [imsi, by, current]);
    };
    assert.deepEqual(await find(IMSI), [[IMSI, 'imsi', true]]);
    assert.deepEqual(await find(ICCID), [[OTHER_IMSI, 'iccid', true]]);
    assert.ok((await find(NUMBER)).some(([imsi]: [string]) => imsi === OTHER_IMSI));
    assert.deepEqual(await find('nobody'), []);
    assert.deepEqual((await site.ask('/admin/v1/subscribers')).body.details, [
      { path: 'search', message: 'is required' },
    ]);
  });

  test('are shown with what they should be, what was confirmed, and their last events', async () => {
    const { body } = await site.ask(`/admin/v1/subscribers/${OTHER_IMSI}`);
    assert.equal(body.verdict, 'in step');
    assert.deepEqual(body.names, { msisdn: NUMBER, account: '1', iccid: ICCID });
    assert.equal(body.applied.state.msisdn, NUMBER);
    assert.equal(body.applied.version.updated_at.slice(0, 19), stamp(2).slice(0, 19));
    assert.deepEqual(
      body.events.map(({ eventId }: { eventId: string }) => eventId),
      ['e-swap'],
    );
    assert.equal((await site.ask('/admin/v1/subscribers/250011234567890')).status, 404);
    assert.equal((await site.ask('/admin/v1/subscribers/12')).body.error, 'imsi must be 15 digits');
  });

  test('are not in step when the newest event was refused, whatever was confirmed before', async () => {
    const untaken = { eventId: "e-re'fused", state: 'rejected', why: 'No such profile' };
    const { body } = await site.ask(`/admin/v1/subscribers/${IMSI}`);
    assert.deepEqual([body.verdict, body.untaken], ['unsettled', untaken]);
    const story = await site.ask('/admin/v1/events/e-swap');
    assert.deepEqual(
      story.body.subscribers.map(({ verdict }: { verdict: string }) => verdict),
      ['in step', 'unsettled'],
    );
    assert.match((await site.ask(`/admin/v1/subscribers/${IMSI}/resync`)).body.why, /replay e-re'fused$/);
  });

  test('say of a SIM that was to lose its number whether the external system knew it', async () => {
    const notThere = respond(404, { result: false, error: 'No such subscriber' });
    await using other = await Operated.start({}, {}, (call, ...rest) =>
      (call.request['imsi'] === IMSI ? notThere : succeed)(call, ...rest),
    );
    await other.post(swap);
    const missing = async (imsi: string) => (await other.ask(`/admin/v1/subscribers/${imsi}`)).body.applied.missing;
    assert.deepEqual([await missing(IMSI), await missing(OTHER_IMSI)], [true, false]);
  });

  test('show what sending them again would send', async () => {
    const { body } = await site.ask(`/admin/v1/subscribers/${OTHER_IMSI}/resync`);
    assert.deepEqual([body.requests.length, body.requests[0].body.imsi, body.why], [1, OTHER_IMSI, null]);
    const unknown = await site.ask('/admin/v1/subscribers/250011234567890/resync');
    assert.deepEqual(unknown.body.requests, []);
    assert.match(unknown.body.why, /no event has said/);
  });
});

describe('events', () => {
  const ids = async (query: string) => {
    const { body } = await site.ask(`/admin/v1/events?${query}`);
    return body.events.map(({ eventId }: { eventId: string }) => eventId);
  };

  test('are listed newest first, chosen, and in pages', async () => {
    assert.deepEqual(await ids(''), ["e-re'fused", 'e-other', 'e-swap', 'e-1']);
    assert.deepEqual(await ids('state=rejected'), ["e-re'fused"]);
    assert.deepEqual(await ids(`imsi=${OTHER_IMSI}`), ['e-swap']);
    assert.deepEqual(await ids('type=A/B'), ['e-other']);
    assert.deepEqual(await ids('text=prev_sim_info'), ['e-swap']);
    assert.deepEqual(await ids('until=2020-01-01T00:00:00Z'), []);
    assert.equal((await ids('from=2020-01-01T00:00:00Z')).length, 4);
    const first = (await site.ask('/admin/v1/events?limit=3')).body;
    assert.equal(first.events.length, 3);
    assert.deepEqual(await ids(`limit=3&before=${first.next}`), ['e-1']);
    const wrong = await site.ask('/admin/v1/events?limit=201&state=gone');
    assert.deepEqual(
      [wrong.status, wrong.body.details.map(({ path }: { path: string }) => path)],
      [422, ['state', 'limit']],
    );
  });

  test('are told from beginning to end', async () => {
    const { body } = await site.ask(`/admin/v1/events/${encodeURIComponent("e-re'fused")}`);
    assert.deepEqual([body.summary.state, body.answer.status], ['rejected', 422]);
    assert.deepEqual(
      body.attempts.map(({ result, coreStatus, why }: Record<string, unknown>) => [result, coreStatus, why]),
      [['refused', 422, 'No such profile']],
    );
    assert.equal(body.today.decision.kind, 'provision');
    assert.equal(body.decided.kind, 'provision');
    assert.equal(JSON.parse(body.raw.text).event_id, "e-re'fused");
    assert.equal(body.raw.masked, false);
    assert.deepEqual(
      body.subscribers.map(({ imsi }: { imsi: string }) => imsi),
      [IMSI],
    );
    assert.ok(body.curl.startsWith(`curl -sS '${site.app.eventUrl}'`));
    assert.ok(body.curl.includes(`"event_id":"e-re'\\''fused"`), 'a quote does not end the shell’s text');
    assert.ok(!JSON.stringify(body).includes('token-of-'));
    const absent = await site.ask('/admin/v1/events/e-9');
    assert.deepEqual([absent.status, absent.body.message], [404, 'Resource not found']);
  });

  test('are found by the longest and strangest id there can be', async () => {
    const id = `a/b?c=%20#${'\u{1f4f6}'.repeat(95)}`;
    await site.post(anEvent({ event_id: id, event_type: 'A/B' }));
    const { status, body } = await site.ask(`/admin/v1/events/${encodeURIComponent(id)}`);
    assert.deepEqual([status, body.summary?.eventId], [200, id]);
    const cut = 'x'.repeat(300);
    await site.post(anEvent({ event_id: cut, event_type: 'A/B' }));
    const [newest] = (await site.ask('/admin/v1/events?type=A/B')).body.events;
    const kept: string = newest.eventId;
    assert.match(kept, /^x{100,}….{64}$/, 'its beginning, and a digest of all of it');
    assert.equal((await site.ask(`/admin/v1/events/${encodeURIComponent(kept)}`)).body.summary?.eventId, kept);
  });

  test('show what delivering them again would send, or why nothing', async () => {
    const again = await site.ask('/admin/v1/events/e-swap/replay');
    assert.deepEqual(
      again.body.requests.map((request: { body: { imsi: string } }) => request.body.imsi),
      [IMSI, OTHER_IMSI],
    );
    assert.match((await site.ask('/admin/v1/events/e-other/replay')).body.why, /^ignored: /);
    assert.equal((await site.ask('/admin/v1/events/e-9/replay')).status, 404);
  });

  test('can be had as a table', async () => {
    const response = await site.fetch('/admin/v1/events.csv?state=processed');
    assert.match(response.headers.get('content-type') ?? '', /^text\/csv/);
    assert.match(response.headers.get('content-disposition') ?? '', /^attachment; filename="events-[\d-]{10}\.csv"$/);
    const rows = (await response.text()).split('\r\n');
    assert.equal(rows[0], 'seq,received,updated,event_id,type,imsi,previous_imsi,state,status,deliveries,attempts,why');
    assert.equal(rows.length, 4);
    assert.match(rows[1] ?? '', new RegExp(`,e-swap,SIM/Replaced,${OTHER_IMSI},${IMSI},processed,202,1,2,$`));
    const { entries } = (await site.ask('/admin/v1/audit?limit=1')).body;
    assert.deepEqual([entries[0].what, entries[0].detail], ['export', 'state processed']);
  });
});

test('an event can be explained without being sent', async () => {
  const calls = site.core.calls.length;
  const { body } = await site.ask('/admin/v1/explain', { body: anEvent({ account_info: null }) });
  assert.equal(body.decision.kind, 'reject');
  assert.equal(body.decision.faults[0].path, 'pb_data.account_info');
  const broken = await site.ask('/admin/v1/explain', { body: '{' });
  assert.deepEqual([broken.status, broken.body.decision.kind], [200, 'reject']);
  assert.equal(site.core.calls.length, calls);
});

test('who is on the simulator is told where one runs inside', async () => {
  assert.deepEqual((await site.ask('/admin/v1/simulator/subscribers')).body, { subscribers: [simulated] });
  await using plain = await Operated.start();
  assert.equal((await plain.ask('/admin/v1/simulator/subscribers')).status, 404);
  assert.equal((await plain.ask('/admin/v1/overview')).body.simulator, false);
});

test('LOG_PII=mask hides numbers in what is taken away, not on the screen', async () => {
  await using masked = await Operated.start({ LOG_PII: 'mask' });
  await masked.post(anEvent());
  const { body } = await masked.ask('/admin/v1/events/e-1');
  assert.equal(body.summary.imsi, IMSI);
  assert.equal(body.raw.masked, true);
  const table = await (await masked.fetch('/admin/v1/events.csv')).text();
  for (const text of [body.raw.text, body.curl, table]) {
    assert.ok(!text.includes(IMSI) && !text.includes(NUMBER), text);
    assert.ok(text.includes(`************${IMSI.slice(-3)}`), text);
  }
});
