import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Change } from '../../src/core/types.ts';
import { systemClock } from '../../src/observe/clock.ts';
import { Ctrl } from '../../src/targets/osmo-hlr/ctrl.ts';
import { OsmoHlrTarget } from '../../src/targets/osmo-hlr/target.ts';
import { Vty } from '../../src/targets/osmo-hlr/vty.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { BARRED, IMSI, OTHER, wanted, within } from '../helpers/osmo.ts';
import { ctrlFrame, type Misbehave, OsmoStandIn } from '../helpers/osmo-stand-in.ts';
import { freePort } from '../helpers/ports.ts';

async function setUp() {
  const standIn = await OsmoStandIn.start();
  const { host, ctrlPort, vtyPort } = standIn;
  const target = new OsmoHlrTarget({ host, ctrlPort, vtyPort, timeoutMs: 5_000 }, systemClock);
  return {
    standIn,
    apply: (change: Change, ms?: number) => target.apply(change, within(systemClock.now(), ms)),
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await standIn[Symbol.asyncDispose]();
    },
  };
}

function told(outcome: Outcome): string {
  return outcome.kind === 'done' ? 'done' : `${outcome.failure.code}: ${outcome.failure.why}`;
}

/** Misbehaves for requests that match; as often as wanted. */
function on(pattern: RegExp, what: (socket: Socket, answer: () => Buffer | string) => void, times = 1): Misbehave {
  let left = times;
  return (request, socket, answer) => {
    if (!pattern.test(request) || left-- <= 0) return false;
    what(socket, answer);
    return true;
  };
}

const cut = (socket: Socket) => void socket.destroy();
const says = (bytes: Buffer | string) => (socket: Socket) => void socket.write(bytes, 'latin1' as BufferEncoding);
const silent = () => {};

/** What the control interface says in answer, and what that comes to. */
const CTRL_LIES: readonly (readonly [string, RegExp, (socket: Socket) => void, RegExp])[] = [
  ['a read is cut: nothing was done', /^GET/, cut, /^connect_failed: Connection reset/],
  ['a write is cut: nobody knows', /create/, cut, /^cut: Connection reset/],
  ['the read back is cut: nobody knows', /^GET 3/, cut, /^cut: Connection reset/],
  ['another protocol', /^GET/, says('HTTP/1.1 400 Bad Request\r\n\r\n'), /^connect_failed: what answers is not the/],
  ['another protocol after a write', /create/, says('SSH-2.0-OpenSSH_9\r\n'), /^not_understood: what answers is not/],
  ['an error without an id', /^GET/, says(ctrlFrame('ERROR err Request malformed')), /^connect_failed: .*malformed/],
  ['an answer in no known words', /^GET 1 /, says(ctrlFrame('GET_REPLY 1 x hello')), /^connect_failed: .*hello/],
  ['flags that are none', /^GET 1 /, says(ctrlFrame('GET_REPLY 1 x \nimsi\t1\nnam_cs\t7')), /^connect_failed: /],
  ['a read that fails', /^GET 1 /, says(ctrlFrame('ERROR 1 An error has occurred.')), /^busy: .*cannot read its data/],
  ['binary noise', /^GET/, says(Buffer.from([255, 255, 0, 1, 2, 3])), /^connect_failed: /],
  ['a whole answer, then a cut', /create/, (socket) => void socket.end(ctrlFrame('SET_REPLY 2 x 1')), /^(cut|done)/],
];

describe('the control interface', () => {
  for (const [name, pattern, what, expected] of CTRL_LIES) {
    test(name, async () => {
      await using system = await setUp();
      system.standIn.onCtrl = on(pattern, what);
      assert.match(told(await system.apply(wanted(), 2_000)), expected);
      assert.equal(told(await system.apply(wanted())), 'done', 'the next one finds its way');
    });
  }
  test('half a frame and silence end at the deadline', async () => {
    await using system = await setUp();
    system.standIn.onCtrl = on(/^GET/, says(ctrlFrame('GET_REPLY 1 subscriber').subarray(0, 9)));
    assert.match(told(await system.apply(wanted(), 100)), /^timeout: Connection timeout/);
  });
  test('answers byte by byte, two at once, out of order, and between pings and traps are understood', async () => {
    await using system = await setUp();
    const held: (() => void)[] = [];
    system.standIn.onCtrl = (_request, socket, answer) => {
      const bytes = answer() as Buffer;
      held.push(() => {
        socket.write(Buffer.from([0, 1, 0xfe, 0]));
        socket.write(ctrlFrame('TRAP 0 something'));
        for (const byte of bytes) socket.write(Buffer.from([byte]));
      });
      // The last one first, once both have asked; a lone one at once.
      if (held.length === 2 || system.standIn.rows.size > 0) for (const write of held.splice(0).reverse()) write();
      return true;
    };
    const both = await Promise.all([system.apply(wanted()), system.apply(wanted({ imsi: OTHER }))]);
    assert.deepEqual(both.map(told), ['done', 'done']);
    await system.standIn.asked(/^pong$/);
  });
  test('a number that somebody else takes meanwhile: what was done of it is said', async () => {
    await using system = await setUp();
    await system.apply(wanted({ imsi: OTHER }));
    system.standIn.onCtrl = on(/create/, (socket) => {
      system.standIn.ctrl(`SET 1 subscriber.by-imsi-${OTHER}.msisdn 4911`);
      socket.write(ctrlFrame(system.standIn.ctrl(system.standIn.ctrlRequests.at(-1) ?? '')));
    });
    const outcome = told(await system.apply(wanted({ msisdn: '4911' })));
    assert.match(outcome, new RegExp(`^not_understood: MSISDN 4911 is held by IMSI ${OTHER}.*a part of the change is`));
    assert.match(told(await system.apply(wanted({ imsi: '001010000000003', msisdn: '4911' }))), /^refused: /);
  });
});

/** What the console does when it is told to bar, beyond what any system may do, and what that comes to. */
const VTY_LIES: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
  ['silence', silent, /^timeout: Connection timeout: no answer of the HLR's VTY/],
  ['half a line', says('subscriber im'), /^timeout: /],
  ['endless talk', says('x'.repeat(100_000)), /^not_understood: .*does not stop talking/],
  ['a lie', says(`subscriber imsi ${IMSI} update network-access-mode none\r\nOsmoHLR# `), /^busy: .*no objection/],
];

describe('the console', () => {
  for (const [name, what, expected] of VTY_LIES) {
    test(name, async () => {
      await using system = await setUp();
      await system.apply(wanted());
      system.standIn.onVty = on(/access-mode/, what, name === 'a lie' ? 2 : 1);
      assert.match(told(await system.apply(wanted(BARRED), 300)), expected);
    });
  }
  for (const [greeting, expected] of [
    ['', /^connect_failed: Connection timeout: no turn/],
    ['220 mail.example.net ESMTP\r\n', /^connect_failed: /],
  ] as const) {
    test(`a greeting of ${JSON.stringify(greeting)}: nothing was done`, async () => {
      await using system = await setUp();
      await system.apply(wanted());
      system.standIn.greeting = greeting;
      assert.match(told(await system.apply(wanted(BARRED), 100)), expected);
    });
  }
  test('a command that nobody waits for any more comes before the next change of the same subscriber', async () => {
    await using system = await setUp();
    const { standIn } = system;
    await system.apply(wanted());
    let release = () => {};
    standIn.onVty = on(/access-mode none/, (socket, answer) => {
      release = () => void socket.write(answer());
    });
    assert.match(told(await system.apply(wanted(BARRED), 100)), /^timeout/);
    // The HLR has not come to the bar yet: whoever looked now would see service granted, and leave it at that.
    const before = standIn.ctrlRequests.length;
    const grant = system.apply(wanted());
    const other = await system.apply(wanted({ imsi: OTHER }));
    assert.equal(told(other), 'done', 'others need not wait');
    assert.ok(standIn.ctrlRequests.slice(before).every((request) => request.includes(OTHER)));
    release();
    assert.equal(told(await grant), 'done');
    assert.deepEqual([standIn.rows.get(IMSI)?.cs, standIn.rows.get(IMSI)?.ps], [true, true]);
  });
  test('a command whose turn came too late is never sent', async () => {
    await using system = await setUp();
    await system.apply(wanted());
    await system.apply(wanted({ imsi: OTHER }));
    let release = () => {};
    system.standIn.onVty = on(/access-mode none/, (socket, answer) => {
      release = () => void socket.write(answer());
    });
    const first = system.apply(wanted(BARRED));
    await system.standIn.asked(/access-mode none/);
    assert.match(told(await system.apply(wanted({ imsi: OTHER, ...BARRED }), 100)), /^connect_failed: .*no turn/);
    release();
    assert.equal(told(await first), 'done');
    assert.equal(system.standIn.rows.get(OTHER)?.cs, true);
  });
});

test('a slow HLR that is given too much: everybody gets a turn, and nobody times out half way', async () => {
  await using system = await setUp();
  // One thing after the other, as with a disk that is waited for.
  let last: Promise<void> = Promise.resolve();
  const slowly: Misbehave = (_request, socket, answer) => {
    last = last
      .then(() => new Promise((resolve) => void setTimeout(resolve, 2)))
      .then(() => void socket.write(answer()));
    return true;
  };
  system.standIn.onCtrl = slowly;
  system.standIn.onVty = (line, ...rest) => line !== 'enable' && slowly(line, ...rest);
  const changes = Array.from({ length: 200 }, (_, n) => wanted({ imsi: String(1010000000000 + n), ...BARRED }));
  const outcomes = await Promise.all(changes.map((change) => system.apply(change, 600_000)));
  for (const outcome of outcomes) assert.match(told(outcome), /^(done|no_turn)/);
  assert.ok(outcomes.some(({ kind }) => kind === 'done'));
});

test('every connection cut between two changes is opened again', async () => {
  await using system = await setUp();
  for (const state of [{}, BARRED, {}, BARRED]) {
    assert.match(told(await system.apply(wanted(state))), /^(done|connect_failed|cut)/);
    assert.equal(told(await system.apply(wanted(state))), 'done');
    system.standIn.cut();
  }
});

test('a connection that stays silent is given up in the end, and a new one opened', async () => {
  await using standIn = await OsmoStandIn.start();
  const clock = new FakeClock();
  const ctrl = new Ctrl({ host: standIn.host, port: standIn.ctrlPort }, clock);
  const vty = new Vty({ host: standIn.host, port: standIn.vtyPort }, clock);
  standIn.onCtrl = () => true;
  standIn.onVty = (line) => line !== 'enable';
  const command = `subscriber imsi ${IMSI} update network-access-mode none`;
  const unanswered = [ctrl.ask('GET x', 1_000), vty.run(IMSI, command, 1_000)];
  const refused = unanswered.map((asked) => assert.rejects(asked, /Connection timeout: no answer/));
  await Promise.all([standIn.asked(/^GET 1 x/), standIn.asked(/access-mode/)]);
  await clock.advance(1_000);
  await Promise.all(refused);
  await clock.advance(60_000);
  standIn.onCtrl = () => false;
  standIn.onVty = () => false;
  // Whoever comes first finds out.
  await assert.rejects(ctrl.ask('GET x', 100_000), /given up/);
  await vty.settled(IMSI, 100_000);
  assert.match((await ctrl.ask('GET nothing', 100_000)).text, /Command not found/);
  assert.match(await vty.run(IMSI, command, 100_000), /No subscriber/);
  ctrl.close();
  vty.close();
});

test('nobody there: it is said where', async () => {
  const [ctrlPort, vtyPort] = [await freePort(), await freePort()];
  const target = new OsmoHlrTarget({ host: '127.0.0.1', ctrlPort, vtyPort, timeoutMs: 1_000 }, systemClock);
  const outcome = await target.apply(wanted(), within(systemClock.now()));
  assert.equal(told(outcome), `connect_failed: Connection refused (127.0.0.1:${ctrlPort})`);
  await target.close();
});

test('closing ends those that wait for their turn, and a console that has not greeted yet', async () => {
  await using standIn = await OsmoStandIn.start();
  const { host, ctrlPort, vtyPort } = standIn;
  const target = new OsmoHlrTarget({ host, ctrlPort, vtyPort, timeoutMs: 600_000 }, systemClock);
  standIn.greeting = '';
  const imsis = Array.from({ length: 40 }, (_, n) => String(1010000000000 + n));
  const outcomes = imsis.map((imsi) => target.apply(wanted({ imsi, ...BARRED }), within(systemClock.now(), 600_000)));
  await standIn.asked(/create/);
  await target.close();
  for (const outcome of await Promise.all(outcomes)) {
    assert.match(told(outcome), /^(cut|connect_failed): the connector is stopping$/);
  }
});
