/**
 * The child's side of a benchmark part: tells the parent where it listens, answers its questions, and ends with it.
 * A part whose parent died, however it died, does not stay behind.
 */

/** A question of the parent, or the answer to one. Errors travel as text. */
export type Message<T> = { readonly value: T } | { readonly error: string };

/** Tells the parent that this part is ready. @param port where it listens; 0 when it does not. */
export function announce(port: number): void {
  send({ value: port });
  process.on('disconnect', () => process.exit());
}

/** Answers every question of the parent; a failure is told instead of thrown. */
export function answer<Question, Reply>(reply: (question: Question) => Reply | Promise<Reply>): void {
  process.on('message', async (question) => {
    try {
      send({ value: await reply(question as Question) });
    } catch (error) {
      send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}

function send(message: Message<unknown>): void {
  if (!process.send) throw new Error('This is a part of the benchmark: start it with "npm run bench"');
  process.send(message);
}
