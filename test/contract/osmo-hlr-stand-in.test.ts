import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { OsmoHlr } from '../../sim/osmo-hlr.ts';
import { IMSI, OTHER, skip } from '../helpers/osmo.ts';
import { ctrlFrame, OsmoStandIn } from '../helpers/osmo-stand-in.ts';

const by = (imsi: string) => `subscriber.by-imsi-${imsi}`;

const CTRL = [
  `GET 1 ${by(IMSI)}.info`,
  `SET 2 subscriber.create ${IMSI}`,
  `SET 3 subscriber.create ${IMSI}`,
  'SET 4 subscriber.create 12345',
  `GET 5 ${by(IMSI)}.info`,
  `SET 6 ${by(IMSI)}.msisdn 79123456789`,
  `SET 7 subscriber.create ${OTHER}`,
  `SET 8 ${by(OTHER)}.msisdn 79123456789`,
  `SET 9 ${by(OTHER)}.msisdn +4911`,
  `SET 10 ${by(OTHER)}.msisdn 1234567890123456`,
  'GET 11 subscriber.by-msisdn-79123456789.info',
  'GET 12 subscriber.by-msisdn-4711.info',
  `SET 13 ${by(IMSI)}.cs-enabled 0`,
  `SET 14 ${by(IMSI)}.ps-enabled 0`,
  `GET 15 ${by(IMSI)}.info`,
  `SET 16 ${by('001010000000009')}.cs-enabled 0`,
  `SET 17 ${by('001010000000009')}.msisdn none`,
  `SET 18 ${by(IMSI)}.msisdn none`,
  `SET 19 subscriber.delete ${OTHER}`,
  `SET 20 subscriber.delete ${OTHER}`,
  'GET 21 nothing',
  'GARBAGE',
  `SET abc ${by(IMSI)}.msisdn 5`,
  `SET 22 subscriber.create ${OTHER}`,
];

const VTY = [
  'enable',
  `subscriber imsi ${IMSI} update network-access-mode cs+ps`,
  `subscriber imsi ${IMSI} update msisdn 4911`,
  `subscriber imsi ${OTHER} update msisdn 4911`,
  `subscriber imsi ${IMSI} update msisdn none`,
  `subscriber imsi ${IMSI} update network-access-mode none`,
  'subscriber imsi 001010000000009 update network-access-mode none',
  'bogus',
];

/** Says things one at a time. @returns all that came back. */
async function talk(host: string, port: number, says: readonly (Buffer | string)[], whole: (text: string) => boolean) {
  const socket: Socket = connect({ host, port });
  socket.setEncoding('latin1');
  let text = '';
  const answers: string[] = [];
  const answer = async () => {
    while (!whole(text)) text += String((await once(socket, 'data'))[0]);
    answers.push(text);
    text = '';
  };
  for (const words of says) {
    socket.write(words);
    await answer();
  }
  socket.destroy();
  return answers;
}

async function everything({ host, ctrlPort, vtyPort }: { host: string; ctrlPort: number; vtyPort: number }) {
  const isFrame = (text: string) => text.length > 3 && text.length === 3 + Buffer.from(text, 'latin1').readUInt16BE(0);
  const ctrl = await talk(host, ctrlPort, CTRL.map(ctrlFrame), isFrame);
  const isPrompt = (text: string) => text.endsWith('OsmoHLR# ');
  const vty = await talk(
    host,
    vtyPort,
    VTY.map((line) => `${line}\r`),
    isPrompt,
  );
  const info = await talk(host, ctrlPort, [ctrlFrame(`GET 1 ${by(IMSI)}.info`)], isFrame);
  // The greeting is the daemon's own.
  return [...ctrl, ...vty.slice(1), ...info];
}

test('the stand-in answers as osmo-hlr does, word for word', { skip }, async () => {
  await using standIn = await OsmoStandIn.start();
  await using hlr = await OsmoHlr.start();
  assert.deepEqual(await everything(standIn), await everything(hlr));
});
