import type { Socket } from 'node:net';
import { oneLine } from '../../core/text.ts';
import { connectWords, STOPPING } from '../connect-words.ts';
import { GIVEN_UP } from './link.ts';
import { Halt } from './wire.ts';

/** No answer of the console to what we say is this long (characters). */
const MOST_TEXT = 64 * 1024;

/** Telnet's own words among the text: IAC, a verb, and for the four negotiations an option (RFC 854). */
const TELNET = /\xff(?:[\xfb-\xfe].|[^\xfb-\xfe])/gs;

const ANY_PROMPT = /(?:^|\n)([^\s#>]+)([>#]) $/;
const PASSWORD = /(?:^|\n)Password: ?$/;

/** One connection to the console (VTY): a command, its echo, what it has to say, a prompt. Strictly one at a time. */
export class VtySession {
  readonly #socket: Socket;
  #text = '';
  #ended: Halt | null = null;
  #waiter: { end: RegExp; resolve(text: string): void; reject(halt: Halt): void } | null = null;
  /** Of the privileged console, at the end of what came. */
  #prompt = ANY_PROMPT;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => this.#hear(String(chunk)));
    socket.on('error', (error) => this.#end(new Halt('cut', connectWords(error), true)));
    socket.on('close', () => {
      this.#end(new Halt('cut', 'Connection reset: the HLR closed its VTY connection before it answered', true));
    });
  }

  /**
   * Waits for the greeting and becomes privileged, which the commands need.
   * @param closing gives it up.
   * @throws Halt; nothing was changed.
   */
  static async open(socket: Socket, closing: AbortSignal): Promise<VtySession> {
    const session = new VtySession(socket);
    const stop = () => session.destroy(STOPPING);
    closing.addEventListener('abort', stop);
    try {
      const [, name = ''] = ANY_PROMPT.exec(await session.#until(ANY_PROMPT)) ?? [];
      // From here on the prompt is known: nothing else that looks like one can be mistaken for it.
      session.#prompt = new RegExp(`(?:^|\\n)${RegExp.escape(name)}# $`);
      await session.run('enable');
      return session;
    } catch (error) {
      session.destroy(GIVEN_UP);
      // Whatever happened, no command was given yet.
      throw error instanceof Halt
        ? new Halt(error.code === 'cut' ? 'connect_failed' : error.code, error.message, false)
        : error;
    } finally {
      closing.removeEventListener('abort', stop);
    }
  }

  get closed(): boolean {
    return this.#ended !== null;
  }

  /** @returns what the console has to say, without echo and prompt. @throws Halt */
  async run(command: string): Promise<string> {
    if (this.#ended) throw new Halt('connect_failed', this.#ended.message, false);
    // A line ends with CR alone: CR LF would be answered with two prompts.
    this.#socket.write(`${command}\r`, 'latin1');
    const text = await this.#until(this.#prompt);
    const echo = text.indexOf(command);
    if (echo < 0) {
      const halt = new Halt('not_understood', `the VTY answers something else: ${oneLine(text).slice(0, 200)}`, true);
      this.#end(halt);
      throw halt;
    }
    return text
      .slice(echo + command.length)
      .replace(this.#prompt, '')
      .replaceAll('\r', '')
      .trim();
  }

  #until(end: RegExp): Promise<string> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiter = { end, resolve, reject };
    });
  }

  #hear(chunk: string): void {
    this.#text += chunk;
    const text = this.#text.replace(TELNET, '');
    if (PASSWORD.test(text)) {
      const words = 'the VTY asks for a password: put "no login" under "line vty" in the configuration of osmo-hlr';
      this.#end(new Halt('credentials', words, false));
    } else if (this.#text.length > MOST_TEXT) {
      this.#end(new Halt('not_understood', 'what answers is not the VTY of osmo-hlr: it does not stop talking', true));
    } else if (this.#waiter?.end.test(text)) {
      const { resolve } = this.#waiter;
      this.#waiter = null;
      this.#text = '';
      resolve(text);
    }
  }

  #end(halt: Halt): void {
    if (this.#ended) return;
    this.#ended = halt;
    this.#socket.destroy();
    this.#waiter?.reject(halt);
    this.#waiter = null;
  }

  destroy(why: string): void {
    this.#end(new Halt('cut', why, true));
  }
}
