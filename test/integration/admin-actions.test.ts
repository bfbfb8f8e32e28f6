import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Progress } from '../../src/contract/admin.ts';
import { respond, succeed } from '../helpers/core-stub.ts';
import { anEvent, IMSI, OTHER_IMSI } from '../helpers/events.ts';
import { Browser, FROM_CONSOLE, Operated } from '../helpers/operated.ts';
import { until } from '../helpers/polling.ts';

const refuse = respond(200, { result: false, error: 'No such profile' });

/** Someone else's event, and IMSI number `n`. */
const eventOf = (n: number) =>
  anEvent({
    event_id: `e-${n}`,
    sim_info: { imsi: `25001${String(n).padStart(10, '0')}` },
    account_info: { bill_status: 'suspended', blocked: false, i_account: n },
  });

/** A connector with dead letters. */
async function withDead(events: readonly unknown[]): Promise<Operated> {
  const site = await Operated.start({ DELIVERY: 'queued' }, {}, refuse);
  await Promise.all(events.map((event) => site.post(event)));
  await until('dead letters', async () => {
    return (await site.ask('/admin/v1/dead-letters')).body.total === events.length;
  });
  return site;
}

async function deeds(site: Operated): Promise<string[][]> {
  const { entries } = (await site.ask('/admin/v1/audit')).body;
  return entries.map(({ who, what, subject, detail }: Record<string, string>) => [who, what, subject, detail]);
}

describe('one subscriber or event', () => {
  test('is sent again, and who asked for it is kept', async () => {
    await using site = await Operated.start();
    await site.post(anEvent());
    const resync = await site.ask(`/admin/v1/subscribers/${IMSI}/resync`, { method: 'POST' });
    assert.deepEqual(resync.body, { asked: 1, skipped: 0, why: null });
    await site.core.called(2);
    const browser = new Browser(site);
    await browser.signIn();
    const replay = await browser.fetch('/admin/v1/events/e-1/replay', { body: {}, headers: FROM_CONSOLE });
    assert.deepEqual(await replay.json(), { asked: 1, skipped: 0, why: null });
    await site.core.called(3);
    const [last, , first] = await deeds(site);
    assert.match(last?.[0] ?? '', /^session [\w-]{8}$/);
    assert.deepEqual(last?.slice(1), ['replay', 'e-1', null]);
    assert.deepEqual(first, ['token', 'resync', IMSI, null]);
  });

  test('of which nothing is known is skipped, with the reason', async () => {
    await using site = await Operated.start();
    const { body } = await site.ask(`/admin/v1/subscribers/${OTHER_IMSI}/resync`, { method: 'POST' });
    assert.deepEqual([body.asked, body.skipped], [0, 1]);
    assert.equal((await site.ask('/admin/v1/events/e-9/replay', { method: 'POST' })).status, 404);
  });
});

describe('dead letters', () => {
  test('are counted by reason and listed in pages', async () => {
    await using site = await withDead([eventOf(1), eventOf(2), eventOf(3)]);
    const { body } = await site.ask('/admin/v1/dead-letters');
    assert.deepEqual(
      body.groups.map(({ why, count }: Record<string, unknown>) => [why, count]),
      [['No such profile', 3]],
    );
    assert.ok(body.groups[0].oldest <= body.groups[0].newest);
    const first = (await site.ask('/admin/v1/dead-letters/list?limit=2&why=No%20such%20profile')).body;
    assert.deepEqual([first.letters.length, first.next], [2, '250010000000002']);
    assert.deepEqual([first.letters[0].eventId, first.letters[0].attempts], ['e-1', 1]);
    assert.equal(first.letters[0].wanted.state.status, 'operatorDeterminedBarring');
    const rest = (await site.ask(`/admin/v1/dead-letters/list?limit=2&after=${first.next}`)).body;
    assert.deepEqual([rest.letters.length, rest.next], [1, null]);
    const { body: overview } = await site.ask('/admin/v1/overview');
    assert.deepEqual(overview.backlog, { waiting: 0, oldestMs: null, dead: 3 });
  });

  test('are tried again, and it is told how far that got', async () => {
    const events = Array.from({ length: 250 }, (_, index) => eventOf(index));
    await using site = await withDead(events);
    site.core.answer = succeed;
    const { headers, body } = await site.ask('/admin/v1/dead-letters/replay', { body: { all: true } });
    assert.match(headers.get('content-type') ?? '', /^application\/x-ndjson/);
    const results = body.map((line: Progress) => line.results);
    assert.deepEqual(
      results.map(({ length }: unknown[]) => length),
      [0, 200, 50, 0],
    );
    assert.deepEqual(results[1][1], { imsi: '250010000000001', eventId: 'e-1', done: true });
    assert.deepEqual(body.map(countsOf), [
      { total: 250, done: 0, skipped: 0, ended: false },
      { total: 250, done: 200, skipped: 0, ended: false },
      { total: 250, done: 250, skipped: 0, ended: false },
      { total: 250, done: 250, skipped: 0, ended: true },
    ]);
    await until('all of them delivered', async () => {
      const { backlog } = (await site.ask('/admin/v1/overview')).body;
      return backlog.dead === 0 && backlog.waiting === 0;
    });
    assert.deepEqual(await deeds(site), [
      ['token', 'replay ended', 'all dead letters', '250 done, 0 skipped'],
      ['token', 'replay', 'all dead letters', null],
    ]);
  });

  test('are given up for good, those named and those of a reason', async () => {
    await using site = await withDead([eventOf(1), eventOf(2), eventOf(3)]);
    const discard = async (chosen: unknown) => {
      const { body } = await site.ask('/admin/v1/dead-letters/discard', { body: { chosen, reason: 'a test number' } });
      assert.deepEqual(body.at(-1).results, []);
      return countsOf(body.at(-1));
    };
    const named = await discard({ imsis: ['250010000000001', OTHER_IMSI] });
    assert.deepEqual(named, { total: 2, done: 1, skipped: 1, ended: true });
    assert.deepEqual(await discard({ why: 'No such profile' }), { total: 2, done: 2, skipped: 0, ended: true });
    assert.deepEqual(await discard({ all: true }), { total: 0, done: 0, skipped: 0, ended: true });
    const { body } = await site.ask('/admin/v1/events/e-1');
    assert.deepEqual([body.summary.state, body.summary.why], ['discarded', 'a test number']);
    const [, , reason] = await deeds(site).then((all) => all.filter(([, what]) => what === 'discard'));
    assert.deepEqual(reason, ['token', 'discard', `250010000000001, ${OTHER_IMSI}`, 'a test number']);
    assert.equal(site.core.calls.length, 3, 'nothing was sent');
  });

  test('must be said which, and why they are given up', async () => {
    await using site = await Operated.start();
    for (const body of [{}, { all: false }, { imsis: [] }, { why: 'x', all: true }, { imsis: ['1'] }]) {
      assert.equal((await site.ask('/admin/v1/dead-letters/replay', { body })).status, 422);
    }
    for (const body of [{ chosen: { all: true } }, { chosen: { all: true }, reason: 'no' }, { reason: 'why not' }]) {
      assert.equal((await site.ask('/admin/v1/dead-letters/discard', { body })).status, 422);
    }
    assert.deepEqual(await deeds(site), []);
  });
});

function countsOf({ results: _, ...counts }: Progress) {
  return counts;
}
