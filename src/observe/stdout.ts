import { constants, fstatSync, openSync } from 'node:fs';
import sonicBoom from 'sonic-boom';

/** Unwritten lines kept at most (bytes) while whoever reads our output is slow; beyond it lines are lost, not memory. */
const MOST_UNWRITTEN = 16 * 1024 * 1024;

/** Lines are written together, in characters, or after this many milliseconds: a system call for each costs 5 % of an event. */
const WRITTEN_TOGETHER = 8 * 1024;
const LONGEST_UNWRITTEN_MS = 50;

/** Where log lines go. Nothing that happens to it may hold up or end the service. */
interface LogOutput {
  write(line: string): void;
  /**
   * Takes no more lines, and resolves when all of them are written, or after `ms`: a reader that has stopped reading must
   * not keep us.
   */
  end(ms: number): Promise<void>;
}

/**
 * Standard output, written in the background. A full disk, a closed pipe and a reader that stopped reading cost lines,
 * never the service: writing goes on when they are mended.
 */
export function openStdout(): LogOutput {
  const sink = new sonicBoom.SonicBoom({
    fd: descriptor(),
    sync: false,
    contentMode: 'buffer',
    maxLength: MOST_UNWRITTEN,
  });
  // Without a listener the first failed write would be an uncaught fault.
  sink.on('error', () => {});
  const lines = new Together((bytes) => sink.write(bytes as unknown as string));
  let ended = false;
  return {
    write: (line) => {
      if (!ended) lines.add(line);
    },
    end: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        sink.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        lines.flush();
        if (!ended) sink.end();
        ended = true;
      }),
  };
}

/**
 * Lines until there are enough for a system call. Not left to the sink: with each line it counts the bytes of all that it
 * has, and makes them one text for it.
 */
class Together {
  readonly #write: (bytes: Buffer) => void;
  #text = '';
  #timer: NodeJS.Timeout | null = null;

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  add(line: string): void {
    this.#text += line;
    if (this.#text.length >= WRITTEN_TOGETHER) this.flush();
    // Nothing ends later because a line is waiting: whoever ends says so.
    else this.#timer ??= setTimeout(() => this.flush(), LONGEST_UNWRITTEN_MS).unref();
  }

  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#text === '') return;
    this.#write(Buffer.from(this.#text));
    this.#text = '';
  }
}

/**
 * A write to a full pipe blocks a thread, and the process could not end before the reader reads. Opened again, without
 * blocking, the pipe answers "later" instead.
 */
function descriptor(): number {
  try {
    if (fstatSync(1).isFIFO()) return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // No /proc, or somebody else's pipe: the plain descriptor works too.
  }
  return 1;
}
