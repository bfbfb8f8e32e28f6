import { inspect } from 'node:util';

/**
 * A value that must not be printed: whatever turns it into text (a log line, JSON, a template, `console.log`) gets
 * `[redacted]`. It can change while the program runs, when it comes from a file.
 */
export class Secret {
  #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one place that has to send or compare it. */
  reveal(): string {
    return this.#value;
  }

  replace(value: string): void {
    this.#value = value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}
