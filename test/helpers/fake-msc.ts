import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * An MSC as OsmoHLR sees one: GSUP over IPA (3GPP TS 29.002 in Osmocom's binary form, `libosmocore/gsm/gsup.h`). It shares
 * nothing with the connector, so what it hears is what the network would hear.
 */

const IPA = { ccm: 0xfe, osmo: 0xee, gsup: 0x05, idGet: 0x04, idResp: 0x05, ping: 0x00, pong: 0x01 } as const;

const MESSAGES: Readonly<Record<number, string>> = {
  4: 'update location request',
  5: 'update location error',
  6: 'update location result',
  16: 'insert subscriber data',
  20: 'delete subscriber data',
};

/** Tags of the elements that are looked at. */
const IE = { imsi: 0x01, cause: 0x02, msisdn: 0x08, domain: 0x28 } as const;

export interface Gsup {
  readonly message: string;
  readonly imsi: string;
  readonly cause?: number;
  readonly msisdn?: string;
}

/** Causes of a refused location update (3GPP TS 24.008 §10.5.3.6). */
export const CAUSE = { imsiUnknown: 0x02, plmnNotAllowed: 0x0b } as const;

export class FakeMsc implements AsyncDisposable {
  readonly heard: Gsup[] = [];
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);
  readonly #watchers = new Set<() => void>();
  #identified = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk as Buffer));
    socket.on('error', () => {});
  }

  static async attachTo(host: string, port: number): Promise<FakeMsc> {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    const msc = new FakeMsc(socket);
    await msc.#until(() => msc.#identified);
    return msc;
  }

  /** A subscriber shows up here. @returns what the HLR says to that in the end: a result, or an error with its cause. */
  async updateLocation(imsi: string): Promise<Gsup> {
    const from = this.heard.length;
    this.#send(0x04, imsi, Buffer.from([IE.domain, 1, 0x02]));
    return await this.hears((gsup) => gsup.imsi === imsi && /location (error|result)/.test(gsup.message), from);
  }

  /** Resolves with the first such message. @param from messages before that one do not count. */
  async hears(wanted: (gsup: Gsup) => boolean, from = 0): Promise<Gsup> {
    const find = () => this.heard.slice(from).find(wanted);
    await this.#until(() => find() !== undefined);
    return find() as Gsup;
  }

  async #until(fact: () => boolean): Promise<void> {
    if (fact()) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!fact()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 3) {
      const end = 3 + this.#rest.readUInt16BE(0);
      if (this.#rest.length < end) return;
      const [protocol, payload] = [this.#rest[2], this.#rest.subarray(3, end)];
      this.#rest = this.#rest.subarray(end);
      if (protocol === IPA.ccm) this.#identify(payload);
      else if (payload[0] === IPA.gsup) this.#hear(payload.subarray(1));
    }
    for (const watcher of this.#watchers) watcher();
  }

  #identify(payload: Buffer): void {
    if (payload[0] === IPA.ping) this.#frame(IPA.ccm, Buffer.from([IPA.pong]));
    if (payload[0] !== IPA.idGet) return;
    const name = Buffer.from('MSC-1\0');
    const elements = [1, 8, 7, 2, 3, 4, 5, 0].map((tag) =>
      Buffer.concat([Buffer.from([0, name.length + 1, tag]), name]),
    );
    this.#frame(IPA.ccm, Buffer.concat([Buffer.from([IPA.idResp]), ...elements]));
    this.#identified = true;
  }

  #hear(bytes: Buffer): void {
    const type = bytes[0] ?? 0;
    const elements = elementsOf(bytes.subarray(1));
    const imsi = digitsOf(elements.get(IE.imsi));
    const number = elements.get(IE.msisdn);
    const cause = elements.get(IE.cause)?.[0];
    this.heard.push({
      message: MESSAGES[type] ?? `0x${type.toString(16)}`,
      imsi,
      ...(cause !== undefined && { cause }),
      ...(number && { msisdn: digitsOf(number.subarray(1)) }),
    });
    // Data is acknowledged with the message's own number and 2.
    if (type === 0x10 || type === 0x14) this.#send(type + 2, imsi);
  }

  #send(type: number, imsi: string, more = Buffer.alloc(0)): void {
    const bcd = bcdOf(imsi);
    const bytes = Buffer.concat([Buffer.from([IPA.gsup, type, IE.imsi, bcd.length]), bcd, more]);
    this.#frame(IPA.osmo, bytes);
  }

  #frame(protocol: number, payload: Buffer): void {
    const head = Buffer.alloc(3);
    head.writeUInt16BE(payload.length, 0);
    head[2] = protocol;
    this.#socket.write(Buffer.concat([head, payload]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }
}

function elementsOf(bytes: Buffer): Map<number, Buffer> {
  const elements = new Map<number, Buffer>();
  for (let at = 0; at + 1 < bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] ?? 0);
    elements.set(bytes[at] ?? 0, bytes.subarray(at + 2, end));
    at = end;
  }
  return elements;
}

/** Two digits a byte, the first in the low half; a half that is no digit fills up. */
function digitsOf(bytes: Buffer = Buffer.alloc(0)): string {
  const halves = [...bytes].flatMap((byte) => [byte & 15, byte >> 4]);
  return halves.filter((half) => half < 10).join('');
}

function bcdOf(digits: string): Buffer {
  const padded = digits.length % 2 === 0 ? digits : `${digits}f`;
  return Buffer.from(padded.replace(/(.)(.)/g, '$2$1'), 'hex');
}
