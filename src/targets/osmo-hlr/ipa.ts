import { oneLine } from '../../core/text.ts';
import type { CtrlAnswer } from './wire.ts';
import { Halt } from './wire.ts';

/**
 * Frames of the control interface: length of the payload (16 bits, big-endian), protocol, and for the Osmocom protocol
 * one byte of extension, which counts as payload. Source: libosmocore's `ipa_head` and OsmoHLR's manual, chapter "CTRL".
 */

const OSMO = 0xee;
const CTRL = 0x00;
const CCM = 0xfe;
const PING = 0x00;

/** Answers an IPA ping, so that whoever supervises the link stays content. */
export const PONG = Buffer.from([0x00, 0x01, CCM, 0x01]);

/** @param text ASCII, shorter than 65,535 characters. */
export function frame(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(4 + text.length);
  bytes.writeUInt16BE(text.length + 1, 0);
  bytes[2] = OSMO;
  bytes[3] = CTRL;
  bytes.write(text, 4, 'latin1');
  return bytes;
}

/** What came in: an answer with the id of its request, a ping, or nothing that concerns us. */
export type Heard =
  | { readonly kind: 'answer'; readonly id: string; readonly answer: CtrlAnswer }
  | { readonly kind: 'ping' | 'nothing' };

/** Cuts a stream of bytes, however it is sliced, into what was said. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws Halt when what comes is not the control interface's. */
  *take(chunk: Buffer): Generator<Heard> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 3) {
      const protocol = bytes[2];
      if (protocol !== OSMO && protocol !== CCM) throw notCtrl(bytes);
      const end = 3 + bytes.readUInt16BE(0);
      if (bytes.length < end) break;
      yield protocol === CCM ? ccm(bytes.subarray(3, end)) : osmo(bytes.subarray(3, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}

function notCtrl(bytes: Buffer): Halt {
  const start = oneLine(bytes.subarray(0, 40).toString('latin1'));
  return new Halt('not_understood', `what answers is not the control interface of osmo-hlr: ${start}`, true);
}

function ccm(payload: Buffer): Heard {
  return { kind: payload[0] === PING ? 'ping' : 'nothing' };
}

function osmo(payload: Buffer): Heard {
  return payload[0] === CTRL ? parseAnswer(payload.subarray(1).toString('latin1')) : { kind: 'nothing' };
}

/** `GET_REPLY id variable value`, `SET_REPLY id variable value` or `ERROR id words`; traps are of no concern. */
const REPLY = /^(?:GET|SET)_REPLY (\d+) \S+(?: (.*))?$/s;
const ERROR = /^ERROR (\S+) (.*)$/s;

/** @throws Halt when the HLR could not read a request: it does not say which, so none can be waited for any more. */
export function parseAnswer(text: string): Heard {
  if (text.startsWith('TRAP ')) return { kind: 'nothing' };
  const reply = REPLY.exec(text);
  if (reply) return { kind: 'answer', id: reply[1] as string, answer: { ok: true, text: reply[2] ?? '' } };
  const error = ERROR.exec(text);
  if (error && /^\d+$/.test(error[1] as string)) {
    return { kind: 'answer', id: error[1] as string, answer: { ok: false, text: error[2] as string } };
  }
  throw new Halt('not_understood', `the control interface says: ${oneLine(text).slice(0, 200)}`, true);
}
