import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The interfaces of osmo-hlr with nothing around them: what the connector's target is measured beside. */

/** A connection that says one thing and takes in what comes until it is whole. */
class Line {
  readonly #socket: Socket;
  readonly #whole: (text: string) => boolean;
  #text = '';
  #done: ((text: string) => void) | null = null;

  private constructor(socket: Socket, whole: (text: string) => boolean) {
    this.#socket = socket;
    this.#whole = whole;
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      this.#text += String(chunk);
      this.#look();
    });
  }

  static async open(host: string, port: number, whole: (text: string) => boolean): Promise<Line> {
    const socket = connect({ host, port, noDelay: true });
    await once(socket, 'connect');
    return new Line(socket, whole);
  }

  say(words: string | Buffer): Promise<string> {
    this.#socket.write(words);
    return this.hear();
  }

  hear(): Promise<string> {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#look();
    });
  }

  #look(): void {
    if (!this.#done || !this.#whole(this.#text)) return;
    const [done, text] = [this.#done, this.#text];
    this.#done = null;
    this.#text = '';
    done(text);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The control interface and the console of one daemon, one request at a time. */
export class BareOsmo {
  readonly #ctrl: Line;
  readonly #vty: Line;

  private constructor(ctrl: Line, vty: Line) {
    this.#ctrl = ctrl;
    this.#vty = vty;
  }

  static async open(host: string, ctrlPort: number, vtyPort: number): Promise<BareOsmo> {
    const ctrl = await Line.open(
      host,
      ctrlPort,
      (text) => text.length > 2 && text.length >= 3 + text.charCodeAt(0) * 256 + text.charCodeAt(1),
    );
    const vty = await Line.open(host, vtyPort, (text) => /[>#] $/.test(text));
    await vty.hear();
    await vty.say('enable\r');
    return new BareOsmo(ctrl, vty);
  }

  async ctrl(request: string): Promise<string> {
    const head = Buffer.from([0, 0, 0xee, 0]);
    head.writeUInt16BE(request.length + 1, 0);
    return await this.#ctrl.say(Buffer.concat([head, Buffer.from(request)]));
  }

  async vty(command: string): Promise<string> {
    return await this.#vty.say(`${command}\r`);
  }

  close(): void {
    this.#ctrl.close();
    this.#vty.close();
  }
}
