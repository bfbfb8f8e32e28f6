import type { ErrorCode } from '../../contract/answers.ts';
import type { RefusalWords } from '../send.ts';

/** Thrown by a route: the request is answered with a failure of the table. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly words: RefusalWords;

  constructor(code: ErrorCode, words: RefusalWords = {}) {
    super(words.error ?? code);
    this.code = code;
    this.words = words;
  }
}

/** @throws Refusal (404) */
export function unknown(error: string): never {
  throw new Refusal('unknown_resource', { error });
}
