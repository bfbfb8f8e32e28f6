import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Chosen } from '../../src/contract/admin.ts';
import { decide } from '../../src/core/decide.ts';
import { type Subscriber, unknownSubscriber } from '../../src/core/subscriber.ts';
import { chosenText, countChosen, deal, walkChosen, workThrough } from '../../src/operate/dead-letters.ts';
import { explanationOf, walk } from '../../src/operate/explain.ts';
import { previewReplay, replay } from '../../src/operate/replay.ts';
import { previewResync, resync } from '../../src/operate/resync.ts';
import { untakenOf } from '../../src/operate/untaken.ts';
import { verdictOf } from '../../src/operate/verdict.ts';
import type { Previewer } from '../../src/ports/target.ts';
import { directStore } from '../helpers/direct-store.ts';
import { anEvent, RULES, stamp } from '../helpers/events.ts';
import { acceptanceOf, effects, entryOf, IMSI, OTHER_IMSI, wantedAt } from '../helpers/subscribers.ts';

const preview: Previewer = (change) => ({ method: 'POST', url: 'http://core/prov', body: change.state.imsi });

function desk() {
  const store = directStore();
  return { store, views: store.views, rules: RULES, previewer: async () => preview };
}

/** A subscriber whose event `n` was given up. */
async function dead(store: ReturnType<typeof directStore>, imsi: string, n: number, why: string): Promise<void> {
  await store.write(acceptanceOf(n, { imsi }));
  const wanted = wantedAt(n, { imsi });
  await store.claim(imsi, wanted, 1_000);
  await store.write(effects({ kind: 'failed', imsi, wanted, result: 'rejected', why, retryInMs: 1, counts: true }));
}

async function dealAll(site: ReturnType<typeof desk>, chosen: Chosen, how: Parameters<typeof deal>[2]) {
  const results = [];
  for await (const batch of walkChosen(site.views, chosen)) results.push(...(await deal(site, batch, how)));
  return results;
}

test('a verdict says how the core compares with billing', () => {
  const nobody = unknownSubscriber(IMSI);
  const cases: [Subscriber | null, string][] = [
    [null, 'unknown'],
    [nobody, 'unknown'],
    [{ ...nobody, applied: wantedAt(1) }, 'in step'],
    [{ ...nobody, applied: wantedAt(1), desired: wantedAt(2), waitingSince: 1 }, 'waiting'],
    [{ ...nobody, applied: wantedAt(1), unsettledUntil: 5, dueAt: 5 }, 'unsettled'],
    [{ ...nobody, desired: wantedAt(2, { owed: false }) }, 'unsettled'],
    [{ ...nobody, desired: wantedAt(2), waitingSince: 1, dead: 'refused' }, 'dead letter'],
  ];
  for (const [subscriber, verdict] of cases) assert.equal(verdictOf(subscriber, null), verdict);
});

describe('an event that was answered an error', () => {
  const UNTAKEN = { eventId: 'event-9', state: 'failed', why: 'Connection refused' } as const;
  const note = async (site: ReturnType<typeof desk>, n: number, more: Partial<Parameters<typeof entryOf>[1]> = {}) => {
    const event = anEvent({ event_id: `event-${n}`, sim_info: { imsi: IMSI }, updated_at: stampOf(n) });
    const decision = JSON.stringify(decide(event, RULES));
    const entry = entryOf(n, { body: Buffer.from(JSON.stringify(event)), decision, state: 'failed', ...more });
    await site.store.write({ entry, story: null, effects: [] });
  };
  const stampOf = (n: number) => `${wantedAt(n).version.updatedAt}+00:00`;
  /** He is as event 5 wants him. */
  const confirmed = async (site: ReturnType<typeof desk>) => {
    await site.store.write(acceptanceOf(5));
    await site.store.claim(IMSI, wantedAt(5), 1_000);
    await site.store.write(effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(5), ageMs: 0, released: [] }));
    const subscriber = await site.views.subscriber(IMSI);
    assert.ok(subscriber);
    return subscriber;
  };

  test('is not taken when it is newer than what is known, and then he is not in step', async () => {
    const site = desk();
    const subscriber = await confirmed(site);
    assert.equal(await untakenOf(IMSI, subscriber, site.views), null);
    await note(site, 4);
    assert.equal(await untakenOf(IMSI, subscriber, site.views), null, 'an older one was overtaken');
    await note(site, 9, { why: UNTAKEN.why });
    await note(site, 8, { state: 'rejected' });
    await note(site, 10, { state: 'ignored' });
    assert.deepEqual(await untakenOf(IMSI, subscriber, site.views), UNTAKEN, 'the newest of them');
    await site.store.close();
  });

  test('is all there is of somebody whose first event failed', async () => {
    const site = desk();
    await note(site, 9, { why: UNTAKEN.why });
    const untaken = await untakenOf(IMSI, null, site.views);
    assert.deepEqual(untaken, UNTAKEN);
    assert.equal(verdictOf(null, untaken), 'unsettled');
    assert.match(previewResync(null, preview, untaken).why ?? '', /replay event-9$/);
    await site.store.close();
  });

  test('is also the one whose state is kept, as long as nobody promised it', async () => {
    const site = desk();
    await confirmed(site);
    await note(site, 9, { why: UNTAKEN.why });
    const wanted = wantedAt(9, { owed: false });
    await site.store.write(effects({ kind: 'expect', imsi: IMSI, after: [], wanted }));
    const subscriber = await site.views.subscriber(IMSI);
    const untaken = await untakenOf(IMSI, subscriber, site.views);
    assert.deepEqual(untaken, UNTAKEN);
    assert.equal(previewResync(subscriber, preview, untaken).why, null, 'it is what is sent');
    await site.store.write(acceptanceOf(9));
    assert.equal(await untakenOf(IMSI, await site.views.subscriber(IMSI), site.views), null, 'it is promised');
    await site.store.close();
  });

  test('wins by when it came where stamps do not tell', async () => {
    const site = desk();
    const body = Buffer.from(JSON.stringify(anEvent({ sim_info: { imsi: IMSI } })));
    await note(site, 1, { body });
    const subscriber = await confirmed(site);
    assert.equal(await untakenOf(IMSI, subscriber, site.views), null);
    await note(site, 9, { body });
    assert.equal((await untakenOf(IMSI, subscriber, site.views))?.eventId, 'event-9');
    await site.store.close();
  });

  for (const old of [25, 450]) {
    test(`is named though ${old} came after it that are old news`, async () => {
      const site = desk();
      const subscriber = await confirmed(site);
      await note(site, 8, { state: 'rejected' });
      await note(site, 9, { why: UNTAKEN.why });
      for (let n = 0; n < old; n++) {
        const body = Buffer.from(JSON.stringify(anEvent({ sim_info: { imsi: IMSI }, updated_at: stampOf(1) })));
        await note(site, 100 + n, { body, state: n % 2 === 0 ? 'superseded' : 'failed' });
      }
      assert.deepEqual(await untakenOf(IMSI, subscriber, site.views), UNTAKEN);
      await site.store.close();
    });
  }

  test('changes no verdict that already asks for somebody', () => {
    const nobody = unknownSubscriber(IMSI);
    assert.equal(verdictOf({ ...nobody, applied: wantedAt(1) }, UNTAKEN), 'unsettled');
    assert.equal(verdictOf({ ...nobody, desired: wantedAt(2), dead: 'refused' }, UNTAKEN), 'dead letter');
    assert.equal(verdictOf({ ...nobody, desired: wantedAt(2), waitingSince: 1 }, UNTAKEN), 'waiting');
  });
});

test('an explanation tells steps, decision and requests, or what is wrong', () => {
  const told = explanationOf(walk(Buffer.from(JSON.stringify(anEvent())), RULES, preview));
  assert.deepEqual(told.decision, { kind: 'provision', action: 'update', reason: null, faults: [] });
  assert.equal(told.requests.length, 1);
  assert.equal(told.steps[0]?.rule, 'event type');
  const ignored = explanationOf(walk(Buffer.from(JSON.stringify(anEvent({ event_type: 'X' }))), RULES, preview));
  assert.deepEqual([ignored.decision.kind, ignored.requests], ['ignore', []]);
  const broken = explanationOf(walk(Buffer.from('{'), RULES, preview));
  assert.equal(broken.decision.kind, 'reject');
  assert.equal(broken.decision.faults[0]?.path, '(body)');
});

describe('resync', () => {
  test('shows releases before the state that waits for them, and says what else is to be known', () => {
    const release = { version: wantedAt(1).version, change: wantedAt(1, { imsi: OTHER_IMSI, msisdn: null }).change };
    const subscriber = { ...unknownSubscriber(IMSI), desired: wantedAt(2), after: [release], dead: 'No such profile' };
    const { requests, why } = previewResync(subscriber, preview, null);
    assert.deepEqual(
      requests.map(({ body }) => body),
      [OTHER_IMSI, IMSI],
    );
    assert.match(why ?? '', /given up \(No such profile\)/);
    assert.deepEqual(previewResync(null, preview, null).requests, []);
  });

  test('asks for one who is known, and for nobody else', async () => {
    const site = desk();
    await site.store.write(acceptanceOf(1));
    assert.deepEqual(await resync(site, IMSI), { asked: 1, skipped: 0, why: null });
    const unknown = await resync(site, OTHER_IMSI);
    assert.deepEqual([unknown.asked, unknown.skipped], [0, 1]);
    await site.store.close();
  });
});

describe('replay', () => {
  const stored = async (site: ReturnType<typeof desk>, n: number, event = anEvent({ updated_at: stamp(n) })) => {
    const body = Buffer.from(JSON.stringify({ ...event, event_id: `event-${n}` }));
    await site.store.write({ entry: entryOf(n, { body, imsi: null }), story: null, effects: [] });
    const found = await site.views.event(`event-${n}`);
    assert.ok(found);
    return found;
  };

  test('shows what would be sent, and why nothing would', async () => {
    const site = desk();
    const [older, newer] = [await stored(site, 1), await stored(site, 2)];
    assert.equal((await previewReplay(older, site)).requests.length, 1);
    assert.deepEqual(await replay(site, newer), { asked: 1, skipped: 0, why: null });
    const shown = await previewReplay(older, site);
    assert.deepEqual(shown.requests, []);
    assert.match(shown.why ?? '', /^superseded: event event-2 .* is newer/);
    const done = await replay(site, older);
    assert.deepEqual([done.asked, done.skipped], [0, 1]);
    assert.match(done.why ?? '', /^superseded: /);
    const ignored = await stored(site, 3, anEvent({ event_type: 'Account/Created' }));
    assert.match((await previewReplay(ignored, site)).why ?? '', /^ignored: No defined action/);
    await site.store.close();
  });
});

describe('dead letters', () => {
  const site = async () => {
    const all = desk();
    await dead(all.store, IMSI, 1, 'No such profile');
    await dead(all.store, OTHER_IMSI, 2, 'Number taken');
    return all;
  };

  test('are chosen by name, by reason, or all', async () => {
    const { store, views } = await site();
    const found = async (chosen: Chosen) => {
      const imsis: string[] = [];
      for await (const batch of walkChosen(views, chosen)) imsis.push(...batch.map(({ imsi }) => imsi));
      return [await countChosen(views, chosen), imsis];
    };
    assert.deepEqual(await found({ all: true }), [2, [OTHER_IMSI, IMSI]]);
    assert.deepEqual(await found({ why: 'Number taken' }), [1, [OTHER_IMSI]]);
    assert.deepEqual(await found({ why: 'nothing such' }), [0, []]);
    assert.deepEqual(await found({ imsis: [IMSI, IMSI, '250019999999999'] }), [2, [IMSI, '250019999999999']]);
    assert.equal(chosenText({ why: 'x' }), 'dead letters of: x');
    const imsis = Array.from({ length: 11 }, (_, index) => String(Number(IMSI) + index));
    assert.equal(chosenText({ imsis: [...imsis, IMSI] }), `11 subscribers, the first ${IMSI}`);
    await store.close();
  });

  test('are tried again, and one that is none is skipped', async () => {
    const all = await site();
    const results = await dealAll(all, { imsis: [IMSI, '250019999999999'] }, { kind: 'replay' });
    assert.deepEqual(results, [
      { imsi: IMSI, eventId: 'event-1', done: true },
      { imsi: '250019999999999', eventId: null, done: false },
    ]);
    assert.equal((await all.views.subscriber(IMSI))?.dead, null);
    assert.equal((await all.views.backlog()).dead, 1);
    await all.store.close();
  });

  test('are left alone when they are of another event than was seen', async () => {
    const all = await site();
    const how = { kind: 'discard', why: 'seen an hour ago' } as const;
    const seen = (eventId: string) => ({ letters: [{ imsi: IMSI, eventId }] });
    assert.deepEqual(await dealAll(all, seen('event-0'), how), [{ imsi: IMSI, eventId: null, done: false }]);
    const stale = effects({ kind: 'discard', imsi: IMSI, why: 'read before', eventId: 'event-0' });
    assert.deepEqual(await all.store.write(stale), [false], 'nor when it changes in between');
    assert.deepEqual(await dealAll(all, seen('event-1'), how), [{ imsi: IMSI, eventId: 'event-1', done: true }]);
    await all.store.close();
  });

  test('are given up for good, with the reason kept', async () => {
    const all = await site();
    const how = { kind: 'discard', why: 'the number is gone' } as const;
    assert.deepEqual(await dealAll(all, { all: true }, how), [
      { imsi: OTHER_IMSI, eventId: 'event-2', done: true },
      { imsi: IMSI, eventId: 'event-1', done: true },
    ]);
    assert.equal((await all.views.backlog()).dead, 0);
    const event = await all.views.event('event-1');
    assert.deepEqual([event?.state, event?.why], ['discarded', 'the number is gone']);
    assert.deepEqual(
      await dealAll(all, { imsis: [IMSI] }, how),
      [{ imsi: IMSI, eventId: null, done: false }],
      'there is nothing left',
    );
    await all.store.close();
  });

  test('are worked through in batches, and left alone once nobody listens', async () => {
    const all = desk();
    for (let n = 0; n < 450; n++) await dead(all.store, `25001${String(n).padStart(10, '0')}`, n, 'refused');
    const controller = new AbortController();
    const how = { kind: 'discard', why: 'cut off' } as const;
    const told = [];
    const imsis: string[] = [];
    for await (const { results, ...progress } of workThrough(all, { all: true }, how, controller.signal)) {
      told.push(progress);
      imsis.push(...results.map(({ imsi }) => imsi));
      if (progress.done === 400) controller.abort();
    }
    assert.deepEqual(told, [
      { total: 450, done: 0, skipped: 0, ended: false },
      { total: 450, done: 200, skipped: 0, ended: false },
      { total: 450, done: 400, skipped: 0, ended: false },
    ]);
    assert.deepEqual([new Set(imsis).size, imsis.at(-1)], [400, '250010000000399'], 'each is told once');
    assert.equal((await all.views.backlog()).dead, 50);
    const rest = [];
    for await (const progress of workThrough(all, { why: 'refused' }, how, new AbortController().signal)) {
      rest.push(progress);
    }
    assert.deepEqual(rest.at(-1), { total: 50, done: 50, skipped: 0, ended: true, results: [] });
    await all.store.close();
  });
});
