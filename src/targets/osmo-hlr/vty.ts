import type { Clock } from '../../ports/runtime.ts';
import { type Address, byDeadline, dial, GIVEN_UP, Reopened } from './link.ts';
import { VtySession } from './vty-session.ts';
import { Halt } from './wire.ts';

interface Job {
  readonly key: string;
  readonly command: string;
  readonly deadline: number;
  readonly resolve: (text: string) => void;
  readonly reject: (halt: Halt) => void;
  sentAt: number | null;
}

/** A command that is not answered for so long is not waited for any more, in milliseconds. */
const SILENT_MS = 60_000;

/** The HLR's console: one connection, opened when needed; commands wait for each other. */
export class Vty {
  readonly #clock: Clock;
  readonly #link: Reopened<VtySession>;
  readonly #waiting = new Set<Job>();
  #current: { readonly job: Job; readonly ended: Promise<void> } | null = null;

  constructor(address: Address, clock: Clock) {
    this.#clock = clock;
    this.#link = new Reopened((closing) => openSession(address, clock, closing));
  }

  /**
   * @param key whom the command is about.
   * @returns what the console says. @throws Halt when it says nothing by the deadline.
   */
  async run(key: string, command: string, deadline: number): Promise<string> {
    this.#giveUpWhenSilent();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const job: Job = { key, command, deadline, resolve, reject, sentAt: null };
    this.#waiting.add(job);
    this.#next();
    return await byDeadline(this.#clock, deadline, promise, () => this.#late(job));
  }

  /**
   * Waits until no command about this subscriber is under way that nobody waits for any more. The two interfaces are read
   * by the HLR in no fixed order: a state read before such a command is done could be gone a moment later.
   */
  async settled(key: string, deadline: number): Promise<void> {
    this.#giveUpWhenSilent();
    const current = this.#current;
    if (current?.job.key !== key || current.job.sentAt === null) return;
    const words = 'Connection timeout: the HLR has not answered an earlier command about the subscriber';
    await byDeadline(this.#clock, deadline, current.ended, () => new Halt('timeout', words, false));
  }

  /** For all that: a way that leads nowhere must not be waited on for ever. */
  #giveUpWhenSilent(): void {
    const sentAt = this.#current?.job.sentAt ?? null;
    if (sentAt !== null && this.#clock.now() - sentAt > SILENT_MS) this.#link.current?.destroy(GIVEN_UP);
  }

  #late(job: Job): Halt {
    this.#waiting.delete(job);
    const sent = job.sentAt !== null;
    const what = sent ? "no answer of the HLR's VTY" : "no turn on the HLR's VTY";
    return new Halt(sent ? 'timeout' : 'connect_failed', `Connection timeout: ${what} before the deadline`, sent);
  }

  #next(): void {
    if (this.#current) return;
    const [job] = this.#waiting;
    if (!job) return;
    this.#waiting.delete(job);
    const ended = this.#do(job).finally(() => {
      this.#current = null;
      this.#next();
    });
    this.#current = { job, ended };
  }

  /** Never rejected. */
  async #do(job: Job): Promise<void> {
    try {
      const session = this.#link.current ?? (await this.#link.get());
      // What is late is not begun: somebody may have been told by now that it was not.
      if (this.#clock.now() >= job.deadline) return;
      job.sentAt = this.#clock.now();
      job.resolve(await session.run(job.command));
    } catch (error) {
      job.reject(error instanceof Halt ? error : new Halt('not_understood', String(error), true));
    }
  }

  close(): void {
    this.#link.end();
  }
}

/** Longest wait for the greeting, in milliseconds. */
const GREETING_MS = 3_000;

async function openSession(address: Address, clock: Clock, closing: AbortSignal): Promise<VtySession> {
  const socket = await dial(address, clock, closing);
  const words = `Connection timeout: the VTY at ${address.host}:${address.port} gives no prompt`;
  try {
    const late = () => new Halt('timeout', words, false);
    return await byDeadline(clock, clock.now() + GREETING_MS, VtySession.open(socket, closing), late);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
