import { type CarryOut, carryOutAll, type Waiting } from '../carry-out.ts';

/** Messages under way: one that is worked on, and one that is there when that is done. */
const MOST_UNDER_WAY = 2;
/** In a message while more is waiting; half of it where that is more, so that a slow disk gets large ones. */
const FEWEST_TOGETHER = 32;

/**
 * Whatever is asked in one turn of the loop goes out together, and with what was asked while two messages were under way:
 * for a message of its own most of it is too small. Were all of it one message, the two sides would wait for each other in
 * turns; so one works on a half while the other has what came of the other half.
 */
export class Turn<Q, R> {
  readonly #carryOut: CarryOut<Q, R>;
  #waiting: Waiting<Q, R>[] = [];
  #underWay = 0;
  #due = false;

  constructor(carryOut: CarryOut<Q, R>) {
    this.#carryOut = carryOut;
  }

  ask(request: Q): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#due || this.#underWay === MOST_UNDER_WAY || this.#waiting.length === 0) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const most = Math.max(FEWEST_TOGETHER, Math.ceil(this.#waiting.length / 2));
    const turn = this.#waiting.slice(0, most);
    this.#waiting = this.#waiting.slice(most);
    this.#underWay++;
    this.#schedule();
    await carryOutAll(turn, this.#carryOut);
    this.#underWay--;
    this.#schedule();
  }
}
