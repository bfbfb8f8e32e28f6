import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FAILURES, type FailureCode } from '../../src/core/outcome.ts';
import type { SubscriberState } from '../../src/core/types.ts';
import { Frames, frame, parseAnswer } from '../../src/targets/osmo-hlr/ipa.ts';
import {
  Halt,
  type Held,
  interrupted,
  judge,
  objectionOf,
  readInfo,
  type Step,
  stepsTo,
  unfit,
} from '../../src/targets/osmo-hlr/wire.ts';
import { BARRED, IMSI, OTHER, wanted } from '../helpers/osmo.ts';

const HELD: Held = { imsi: IMSI, msisdn: '4911', cs: true, ps: true };

function said(steps: readonly Step[]): string[] {
  return steps.map(({ via, command }) => `${via}: ${command}`);
}

/** What is left of a command that matters: `msisdn 4911`, `none`, `create`. */
function brief(state: Partial<SubscriberState>, held: Held | null): string[] {
  return said(stepsTo(wanted(state), held)).map((line) =>
    line.replace(`subscriber imsi ${IMSI} update `, '').replace(`SET subscriber.by-imsi-${IMSI}.`, ''),
  );
}

describe('steps', () => {
  test('nothing when nothing differs', () => assert.deepEqual(brief({ msisdn: '4911' }, HELD), []));
  test('a new subscriber', () => {
    assert.deepEqual(brief({ msisdn: '4911' }, null), [`ctrl: SET subscriber.create ${IMSI}`, 'ctrl: msisdn 4911']);
    assert.deepEqual(brief(BARRED, null), [`ctrl: SET subscriber.create ${IMSI}`, 'vty: network-access-mode none']);
  });
  test('a bar comes before the number is taken away', () =>
    assert.deepEqual(brief(BARRED, HELD), ['vty: network-access-mode none', 'ctrl: msisdn none']));
  test('service comes after the number', () =>
    assert.deepEqual(brief({ msisdn: '4922' }, { ...HELD, cs: false, ps: false }), [
      'vty: msisdn 4922',
      'vty: network-access-mode cs+ps',
    ]));
  test('half a service is not what is wanted', () => {
    const half = { ...HELD, ps: false };
    assert.deepEqual(brief({ msisdn: '4911' }, half), ['vty: network-access-mode cs+ps']);
    assert.deepEqual(brief({ ...BARRED, msisdn: '4911' }, half), ['vty: network-access-mode none']);
  });
  test('a delete cuts service first, and is nothing for the unknown', () => {
    assert.deepEqual(said(stepsTo(wanted({}, 'delete'), null)), []);
    assert.deepEqual(said(stepsTo(wanted({}, 'delete'), HELD)), [
      `vty: subscriber imsi ${IMSI} update network-access-mode none`,
      `ctrl: SET subscriber.delete ${IMSI}`,
    ]);
  });
  test('nothing from outside becomes a command', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string()), (imsi, msisdn) => {
        const change = wanted({ imsi, msisdn });
        if (unfit(change) !== null) return;
        for (const step of stepsTo(change, null)) assert.match(step.command, /^[\w .+-]+$/);
      }),
    );
    for (const imsi of ['00101', '1234567890123456', '12345678\r', '']) assert.ok(unfit(wanted({ imsi })));
  });
});

describe('answers', () => {
  const info = (text: string, ok = true) => readInfo({ ok, text });
  test('a subscriber, with and without a number', () => {
    assert.deepEqual(info(`\nid\t1\nimsi\t${IMSI}\nmsisdn\t4911\nnam_cs\t1\nnam_ps\t0`), { ...HELD, ps: false });
    assert.equal(info(`\nimsi\t${IMSI}\nnam_cs\t1\nnam_ps\t1`)?.msisdn, null);
  });
  test('nobody is not the same as an error', () => {
    assert.equal(info('No such subscriber.', false), null);
    assert.throws(() => info('An error has occurred.', false), Halt);
    assert.throws(() => info('OK'), Halt);
  });
  test('replies, errors, traps, and what is none of them', () => {
    assert.deepEqual(parseAnswer('GET_REPLY 7 a.b \nx\t1'), {
      kind: 'answer',
      id: '7',
      answer: { ok: true, text: '\nx\t1' },
    });
    assert.deepEqual(parseAnswer('ERROR 7 No.'), { kind: 'answer', id: '7', answer: { ok: false, text: 'No.' } });
    assert.deepEqual(parseAnswer('TRAP 0 a b'), { kind: 'nothing' });
    for (const text of ['ERROR err No.', '', 'OK', 'SET_REPLY x y z']) assert.throws(() => parseAnswer(text), Halt);
  });
  test('what the console says of a failure is an objection, of a success is none', () => {
    const step = { via: 'vty', command: 'c' } as const;
    assert.equal(objectionOf(step, ''), null);
    assert.equal(objectionOf(step, "% Updated subscriber IMSI='1' to MSISDN='2'"), null);
    assert.equal(objectionOf(step, '% Unknown command.'), 'Unknown command. (c)');
  });
  test('frames survive any slicing', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40 })), fc.array(fc.integer({ min: 1, max: 9 })), (texts, cuts) => {
        const words = texts.map((text) => text.replace(/[^\x20-\x7e]/g, ''));
        const bytes = Buffer.concat(words.map((text, id) => frame(`GET_REPLY ${id} v ${text}`)));
        const frames = new Frames();
        const heard: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + (cuts[turn % (cuts.length || 1)] ?? 5);
          for (const one of frames.take(bytes.subarray(at, end)))
            if (one.kind === 'answer') heard.push(one.answer.text);
          at = end;
        }
        assert.deepEqual(heard, words);
      }),
    );
  });
});

describe('what an unfinished change comes to', () => {
  const remains = { change: wanted({ msisdn: '4922' }), before: HELD, after: HELD, holder: null, objection: null };
  const codeOf = (more: Partial<Parameters<typeof judge>[0]>) => {
    const outcome = judge({ ...remains, ...more });
    return outcome.kind === 'done' ? 'done' : outcome.failure.code;
  };
  const part = { after: { ...HELD, cs: false } };
  test('certainly not applied, when the state is as it was', () => {
    assert.equal(codeOf({ holder: OTHER }), 'refused');
    assert.equal(codeOf({ objection: 'Value failed verification.' }), 'refused');
    assert.equal(codeOf({ objection: 'Update MSISDN failed' }), 'busy');
    assert.equal(codeOf({}), 'busy');
    assert.equal(codeOf({ before: null, after: null }), 'busy');
  });
  test('unsure, when a part of it is', () => {
    for (const more of [{ holder: OTHER }, { objection: 'Value failed verification.' }, { objection: 'x' }, {}]) {
      for (const changed of [part, { before: null }, { after: null }]) {
        assert.equal(FAILURES[codeOf({ ...more, ...changed }) as FailureCode].kind, 'unsure');
      }
    }
  });
  test('unsure after a write, and only then; but a time-out is always one', () => {
    for (const code of ['connect_failed', 'cut', 'busy', 'not_understood', 'credentials', 'timeout'] as const) {
      const kinds = [true, false].map((wrote) => {
        const outcome = interrupted(new Halt(code, 'why', true), wrote);
        return outcome.kind === 'failed' && FAILURES[outcome.failure.code].kind;
      });
      assert.deepEqual(kinds, ['unsure', code === 'timeout' ? 'unsure' : 'retry']);
    }
  });
});
