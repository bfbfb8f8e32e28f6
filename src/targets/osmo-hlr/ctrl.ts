import type { Socket } from 'node:net';
import type { Clock } from '../../ports/runtime.ts';
import { connectWords } from '../connect-words.ts';
import { Frames, frame, type Heard, PONG } from './ipa.ts';
import { type Address, byDeadline, dial, GIVEN_UP, Reopened } from './link.ts';
import { type CtrlAnswer, Halt } from './wire.ts';

interface Question {
  readonly since: number;
  resolve(answer: CtrlAnswer): void;
  reject(halt: Halt): void;
}

/** A connection that owes an answer for so long is given up, in milliseconds. */
const SILENT_MS = 60_000;

/** One connection to the control interface; any number of questions may be under way, and ids tell the answers apart. */
class CtrlConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #frames = new Frames();
  /** In the order they were asked. */
  readonly #open = new Map<string, Question>();
  #lastId = 0;
  #ended: Halt | null = null;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    socket.on('error', (error) => this.#end(new Halt('cut', connectWords(error), true)));
    socket.on('close', () => {
      this.#end(new Halt('cut', 'Connection reset: the HLR closed its control connection before it answered', true));
    });
  }

  get closed(): boolean {
    return this.#ended !== null;
  }

  /** @param command verb and the rest: the id comes between them. */
  ask(command: string): Promise<CtrlAnswer> {
    this.#giveUpWhenSilent();
    if (this.#ended) return Promise.reject(new Halt('connect_failed', this.#ended.message, false));
    const id = String(++this.#lastId);
    const space = command.indexOf(' ');
    const { promise, resolve, reject } = Promise.withResolvers<CtrlAnswer>();
    this.#open.set(id, { since: this.#clock.now(), resolve, reject });
    this.#socket.write(frame(`${command.slice(0, space)} ${id}${command.slice(space)}`));
    return promise;
  }

  /**
   * A question that nobody waits for any more stays open, and so does the connection: the HLR does things in the order in
   * which they stand in it, so a late request cannot overtake a newer one. But not for ever.
   */
  #giveUpWhenSilent(): void {
    const [oldest] = this.#open.values();
    if (oldest && this.#clock.now() - oldest.since > SILENT_MS) this.destroy(GIVEN_UP);
  }

  #hear(chunk: Buffer): void {
    try {
      for (const heard of this.#frames.take(chunk)) this.#take(heard);
    } catch (error) {
      this.#end(error instanceof Halt ? error : new Halt('not_understood', String(error), true));
    }
  }

  #take(heard: Heard): void {
    if (heard.kind === 'ping') this.#socket.write(PONG);
    if (heard.kind !== 'answer') return;
    this.#open.get(heard.id)?.resolve(heard.answer);
    this.#open.delete(heard.id);
  }

  #end(halt: Halt): void {
    if (this.#ended) return;
    this.#ended = halt;
    this.#socket.destroy();
    for (const question of this.#open.values()) question.reject(halt);
    this.#open.clear();
  }

  destroy(why: string): void {
    this.#end(new Halt('cut', why, true));
  }
}

/** The control interface: one connection, opened when needed. */
export class Ctrl {
  readonly #clock: Clock;
  readonly #link: Reopened<CtrlConnection>;

  constructor(address: Address, clock: Clock) {
    this.#clock = clock;
    this.#link = new Reopened(async (closing) => new CtrlConnection(await dial(address, clock, closing), clock));
  }

  /** @throws Halt when there is no answer by the deadline. */
  async ask(command: string, deadline: number): Promise<CtrlAnswer> {
    const connection =
      this.#link.current ??
      (await byDeadline(this.#clock, deadline, this.#link.get(), () => late('connection', false)));
    return await byDeadline(this.#clock, deadline, connection.ask(command), () => late('answer', true));
  }

  close(): void {
    this.#link.end();
  }
}

function late(missing: 'connection' | 'answer', sent: boolean): Halt {
  const words = `Connection timeout: no ${missing} of the HLR's control interface before the deadline`;
  return new Halt(sent ? 'timeout' : 'connect_failed', words, sent);
}
