/** A progress bar on the terminal's error output; silent where there is no terminal. */
export class Progress {
  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;
  #done = 0;
  #drawnAt = 0;

  constructor(total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#total = total;
    this.#stream = stream;
  }

  advance(): void {
    this.#done++;
    const now = performance.now();
    // Ten pictures a second are enough for an eye.
    if (now - this.#drawnAt < 100 && this.#done < this.#total) return;
    this.#drawnAt = now;
    this.#draw();
  }

  /** Takes the bar away, so that a line can be printed. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[2K');
  }

  #draw(): void {
    if (!this.#stream.isTTY) return;
    const share = this.#total === 0 ? 1 : this.#done / this.#total;
    const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '░');
    this.#stream.write(`\r${bar} ${Math.round(share * 100)}%  ${this.#done}/${this.#total}`);
  }
}
