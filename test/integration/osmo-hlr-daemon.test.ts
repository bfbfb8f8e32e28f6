import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OsmoHlr } from '../../sim/osmo-hlr.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Change } from '../../src/core/types.ts';
import { systemClock } from '../../src/observe/clock.ts';
import { Ctrl } from '../../src/targets/osmo-hlr/ctrl.ts';
import { OsmoHlrTarget } from '../../src/targets/osmo-hlr/target.ts';
import { CAUSE, FakeMsc } from '../helpers/fake-msc.ts';
import { BARRED, IMSI, OTHER, skip, wanted, within } from '../helpers/osmo.ts';
import { until } from '../helpers/polling.ts';

/** A daemon, a target, and what it says of a change. */
async function setUp() {
  const hlr = await OsmoHlr.start();
  const { host, ctrlPort, vtyPort } = hlr;
  const target = new OsmoHlrTarget({ host, ctrlPort, vtyPort, timeoutMs: 5_000 }, systemClock);
  return {
    hlr,
    target,
    apply: (change: Change, ms?: number) => target.apply(change, within(systemClock.now(), ms)),
    msc: () => FakeMsc.attachTo(host, hlr.gsupPort),
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await hlr.stop();
    },
  };
}

function codeOf(outcome: Outcome): string {
  return outcome.kind === 'done' ? 'done' : outcome.failure.code;
}

function whyOf(outcome: Outcome): string {
  return outcome.kind === 'done' ? '' : outcome.failure.why;
}

const BAR_HELD = { imsi: IMSI, msisdn: null, nam_cs: 0, nam_ps: 0 };

describe('what the network sees', { skip }, () => {
  test('only who is granted service may attach', async () => {
    await using system = await setUp();
    await using msc = await system.msc();
    assert.equal((await msc.updateLocation(IMSI)).cause, CAUSE.imsiUnknown);
    await system.apply(wanted(BARRED));
    assert.equal((await msc.updateLocation(IMSI)).cause, CAUSE.plmnNotAllowed);
    await system.apply(wanted({ msisdn: '79123456789' }));
    assert.equal((await msc.updateLocation(IMSI)).message, 'update location result');
    assert.equal((await msc.hears(({ message }) => message === 'insert subscriber data')).msisdn, '79123456789');
  });
  test('a bar reaches who is attached at once', async () => {
    await using system = await setUp();
    await using msc = await system.msc();
    await system.apply(wanted());
    await msc.updateLocation(IMSI);
    assert.equal(codeOf(await system.apply(wanted(BARRED))), 'done');
    assert.equal((await msc.hears(({ message }) => message === 'delete subscriber data')).imsi, IMSI);
  });
  test('so does a new number, and a delete', async () => {
    await using system = await setUp();
    await using msc = await system.msc();
    await system.apply(wanted({ msisdn: '4911' }));
    await msc.updateLocation(IMSI);
    await system.apply(wanted({ msisdn: '4922' }));
    await msc.hears(({ msisdn }) => msisdn === '4922');
    assert.equal(codeOf(await system.apply(wanted({}, 'delete'))), 'done');
    await msc.hears(({ message }) => message === 'delete subscriber data');
    assert.equal(system.hlr.subscriber(IMSI), null);
  });
  test('what is as it should be is left alone', async () => {
    await using system = await setUp();
    await using msc = await system.msc();
    await system.apply(wanted({ msisdn: '4911' }));
    await msc.updateLocation(IMSI);
    const heard = msc.heard.length;
    assert.equal(codeOf(await system.apply(wanted({ msisdn: '4911' }))), 'done');
    await msc.updateLocation(OTHER);
    assert.deepEqual(
      msc.heard.slice(heard).map(({ imsi }) => imsi),
      [OTHER],
    );
  });
});

describe('actions', { skip }, () => {
  test('insert of one who is there, and delete of one who is not, are done', async () => {
    await using system = await setUp();
    for (const action of ['insert', 'insert', 'delete', 'delete'] as const) {
      assert.equal(codeOf(await system.apply(wanted({}, action))), 'done');
    }
  });
  test('half a service is brought to all of it, or to none', async () => {
    await using system = await setUp();
    await system.apply(wanted());
    const ctrl = new Ctrl({ host: system.hlr.host, port: system.hlr.ctrlPort }, systemClock);
    for (const [change, nam] of [
      [wanted(BARRED), 0],
      [wanted(), 1],
    ] as const) {
      await ctrl.ask(`SET subscriber.by-imsi-${IMSI}.cs-enabled ${1 - nam}`, systemClock.now() + 5_000);
      assert.equal(codeOf(await system.apply(change)), 'done');
      assert.deepEqual(system.hlr.subscriber(IMSI), { imsi: IMSI, msisdn: null, nam_cs: nam, nam_ps: nam });
    }
    ctrl.close();
  });
  test('a refused number leaves nothing behind', async () => {
    await using system = await setUp();
    await system.apply(wanted({ msisdn: '4911' }));
    const outcome = await system.apply(wanted({ imsi: OTHER, msisdn: '4911' }));
    assert.equal(whyOf(outcome), `MSISDN 4911 is held by IMSI ${IMSI}: it has to be released there first`);
    assert.equal(system.hlr.subscriber(OTHER), null);
  });
  test('what the HLR can never take is refused without asking', async () => {
    await using system = await setUp();
    const bad = [
      { imsi: '1 delete' },
      { imsi: '00101' },
      { msisdn: '+4911' },
      { msisdn: '' },
      { msisdn: '1'.repeat(16) },
    ];
    for (const state of bad) assert.equal(codeOf(await system.apply(wanted(state))), 'refused');
    assert.deepEqual(system.hlr.subscribers(), []);
  });
});

describe('a daemon in trouble', { skip }, () => {
  test('a locked database: nothing is done, and it is said', async () => {
    await using system = await setUp();
    await system.apply(wanted());
    const unlock = system.hlr.lockDatabase();
    for (const change of [wanted(BARRED), wanted({ msisdn: '4911' }), wanted({ imsi: OTHER }), wanted({}, 'delete')]) {
      const outcome = await system.apply(change);
      assert.equal(codeOf(outcome), 'busy', whyOf(outcome));
      assert.match(whyOf(outcome), /database may be locked/);
    }
    assert.equal(codeOf(await system.apply(wanted())), 'done', 'what is as it should be needs no write');
    unlock();
    assert.equal(codeOf(await system.apply(wanted(BARRED))), 'done');
    assert.deepEqual(system.hlr.subscriber(IMSI), BAR_HELD);
  });
  test('killed and started again: the next change finds it', async () => {
    await using system = await setUp();
    await system.apply(wanted());
    await system.hlr.kill();
    const outcome = await system.apply(wanted(BARRED));
    assert.equal(codeOf(outcome), 'connect_failed');
    assert.match(whyOf(outcome), /Connection (refused|reset)/);
    await system.hlr.restart();
    await until('the new daemon is used', async () => codeOf(await system.apply(wanted(BARRED))) === 'done');
    assert.deepEqual(system.hlr.subscriber(IMSI), BAR_HELD);
  });
  test('killed in the middle of many changes: each says what may have become of it', async () => {
    await using system = await setUp();
    const changes = Array.from({ length: 200 }, (_, n) =>
      wanted({ imsi: `00101000001${String(n).padStart(4, '0')}`, ...BARRED }),
    );
    const first = changes.slice(0, 50).map((change) => system.apply(change));
    await Promise.race(first);
    const rest = changes.slice(50).map((change) => system.apply(change));
    await system.hlr.kill();
    const outcomes = await Promise.all([...first, ...rest]);
    await system.hlr.restart();
    const held = new Map(system.hlr.subscribers().map((subscriber) => [subscriber.imsi, subscriber]));
    for (const [index, outcome] of outcomes.entries()) {
      const found = held.get(changes[index]?.state.imsi ?? '');
      if (outcome.kind === 'done') assert.equal(found?.nam_cs, 0, 'what is done is done');
      else if (codeOf(outcome) === 'connect_failed') assert.equal(found, undefined, 'what was not begun is not there');
      else assert.equal(codeOf(outcome), 'cut');
    }
    assert.ok(outcomes.some(({ kind }) => kind === 'failed'));
  });
  test('stopped: silence ends at the deadline, and an old bar does not outlive a newer grant', async () => {
    await using system = await setUp();
    await system.apply(wanted());
    // Open both ways, so that the command itself gets to the stopped daemon.
    await system.apply(wanted(BARRED));
    await system.apply(wanted());
    const bar = system.apply(wanted(BARRED), 2_000);
    system.hlr.signal('SIGSTOP');
    const late = await bar;
    // It may have been done before the signal.
    assert.match(codeOf(late), /timeout|done/);
    const grant = system.apply(wanted(), 10_000);
    system.hlr.signal('SIGCONT');
    assert.equal(codeOf(await grant), 'done');
    assert.deepEqual(system.hlr.subscriber(IMSI), { imsi: IMSI, msisdn: null, nam_cs: 1, nam_ps: 1 });
  });
});
