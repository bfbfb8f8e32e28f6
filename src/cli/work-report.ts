import type { Result, Status } from '../operate/result.ts';
import { type CommandLine, EXIT } from './command.ts';
import { Progress, QUIET_MS } from './progress.ts';
import { counted, jsonLine, printable, styled } from './wording.ts';

/** How it is shown, and whether an operator can be content with it. */
const STATUSES: Readonly<Record<Status, { style: Parameters<typeof styled>[0]; fine: boolean }>> = {
  done: { style: 'green', fine: true },
  asked: { style: 'green', fine: true },
  planned: { style: 'green', fine: true },
  superseded: { style: 'gray', fine: true },
  ignored: { style: 'gray', fine: true },
  rejected: { style: 'yellow', fine: false },
  waiting: { style: 'yellow', fine: false },
  failed: { style: 'red', fine: false },
  dead: { style: 'red', fine: false },
  discarded: { style: 'gray', fine: false },
  unknown: { style: 'red', fine: false },
};

/** More than this many are not listed one by one for people; those that went wrong are, up to `MOST_KEPT`. */
const MOST_LISTED = 50;
/** A report of millions of subscribers that wait would fill the memory. */
const MOST_KEPT = 10_000;

/** What may be the matter, where to look. @param url of the connector that was asked; undefined when the store was. */
function waitingHint(url: string | undefined): string {
  const cause =
    url === undefined
      ? 'no connector is running on this store, the core is away, or the circuit is open'
      : `the core of the connector at ${printable(url)} is away, its circuit is open, or it has much to do`;
  const until = url === undefined ? 'they are back' : 'it can be';
  return `Still waiting: ${cause}.\nNothing is lost: it is done as soon as ${until}.`;
}

/** Gathers results, shows how far it got, and tells them at the end. */
export class WorkReport {
  readonly #kept: Result[] = [];
  readonly #counts = new Map<Status, number>();
  readonly #noun: string;
  readonly #progress: Progress;

  /**
   * @param noun what is counted: `event`, `subscriber`.
   * @param total how many there will be; null when nobody knows.
   */
  constructor(noun: string, total: number | null) {
    this.#noun = noun;
    this.#progress = new Progress(total, { quietMs: QUIET_MS });
  }

  add(result: Result): void {
    this.#counts.set(result.status, (this.#counts.get(result.status) ?? 0) + 1);
    const { fine } = STATUSES[result.status];
    if (this.#kept.length < (fine ? MOST_LISTED + 1 : MOST_KEPT)) this.#kept.push(result);
    this.#progress.advance(1, fine ? 0 : 1);
  }

  /** How many there will be is known only now. */
  expect(total: number): void {
    this.#progress.expect(total);
  }

  /** So many more were asked for, or looked at, of which nothing can be told yet. */
  begin(by: number): void {
    this.#progress.begin(by);
  }

  /** Prints all of it. @returns the exit code. */
  finish({ flags, values }: CommandLine): number {
    this.#progress.clear();
    process.stdout.write(flags['json'] ? jsonLine(this.#json()) : this.#text(values['url']));
    return [...this.#counts.keys()].every((status) => STATUSES[status].fine) ? EXIT.ok : EXIT.failed;
  }

  /** For scripts: counts, and of many only those that are not done. */
  #json(): { counts: Record<string, number>; results: readonly Result[] } {
    return { counts: Object.fromEntries(this.#counts), results: this.#shown() };
  }

  /** For people. */
  #text(url: string | undefined): string {
    const counts = [...this.#counts].map(([status, count]) => `${count} ${status}`);
    const all = this.#all();
    const lines = [
      ...this.#shown().map(lineOf),
      all === 0 ? `No ${this.#noun} to do anything for.` : `${counted(all, this.#noun)}: ${counts.join(', ')}`,
      ...(this.#counts.has('waiting') ? [waitingHint(url)] : []),
    ];
    return `${lines.join('\n')}\n`;
  }

  #all(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  #shown(): readonly Result[] {
    return this.#all() <= MOST_LISTED ? this.#kept : this.#kept.filter(({ status }) => !STATUSES[status].fine);
  }
}

const WIDTH = Math.max(...Object.keys(STATUSES).map((status) => status.length));

function lineOf({ subject, status, why }: Result): string {
  const word = styled(STATUSES[status].style, status.padEnd(WIDTH));
  return `${word}  ${printable(subject)}${why === undefined ? '' : `  ${printable(why)}`}`;
}
