/** A command that is over sooner needs no progress bar, in milliseconds. */
export const QUIET_MS = 2_000;

/** A progress bar on the terminal's error output; silent where there is no terminal. */
export class Progress {
  #total: number | null;
  readonly #stream: NodeJS.WriteStream;
  readonly #showsAt: number;
  readonly #firstLook: NodeJS.Timeout;
  #done = 0;
  #missed = 0;
  #begun = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  /**
   * @param total null when nobody knows: then it counts.
   * @param options.quietMs shown only when it takes longer than this, in milliseconds.
   */
  constructor(total: number | null, { quietMs = 0, stream = process.stderr as NodeJS.WriteStream } = {}) {
    this.#total = total;
    this.#stream = stream;
    this.#showsAt = performance.now() + quietMs;
    // Whoever waits sees that, also before the first of it is done.
    this.#firstLook = setTimeout(() => this.#draw(), quietMs).unref();
  }

  /** How many there are is known only now. */
  expect(total: number): void {
    this.#total = total;
  }

  /** So many more were begun: what takes two passes does not stand still in the first one. */
  begin(by: number): void {
    this.#begun += by;
    this.#show();
  }

  /** @param missed how many of them are over and not done: who waits for the others shall know at once. */
  advance(by = 1, missed = 0): void {
    this.#done += by;
    this.#missed += missed;
    this.#show();
  }

  #show(): void {
    const now = performance.now();
    if (now < this.#showsAt) return;
    // Ten pictures a second are enough for an eye.
    if (now - this.#drawnAt < 100 && this.#done !== this.#total) return;
    this.#drawnAt = now;
    this.#draw();
  }

  /** Takes the bar away, so that a line can be printed. */
  clear(): void {
    clearTimeout(this.#firstLook);
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[2K');
  }

  #draw(): void {
    if (!this.#stream.isTTY) return;
    const begun = this.#begun > this.#done ? `, ${this.#begun} begun` : '';
    // Once all that was begun is done, fewer words are left to write over the earlier ones.
    const missed = this.#missed > 0 ? `, ${this.#missed} not done` : '';
    this.#stream.write(`\r${this.#doneText()}${missed}${begun}\u001b[K`);
  }

  #doneText(): string {
    if (this.#total === null) return `${this.#done - this.#missed} done`;
    const share = this.#total === 0 ? 1 : this.#done / this.#total;
    const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '░');
    return `${bar} ${Math.round(share * 100)}%  ${this.#done}/${this.#total}`;
  }
}
