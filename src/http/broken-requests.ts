import type { Clock, Logger } from '../ports/runtime.ts';

/** One line in so long, in milliseconds: a scanner must not fill the log. */
const LINE_EVERY_MS = 60_000;

/** The first byte of TLS (RFC 8446 §5.1, handshake). */
const TLS_HANDSHAKE = 0x16;

const WORDS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'its headers are too large',
  ERR_HTTP_REQUEST_TIMEOUT: 'it did not come to its end within INTAKE_TIMEOUT',
};

/** What the parser says of bytes that never became a request. */
interface BrokenRequest extends Error {
  readonly code?: string;
  readonly rawPacket?: unknown;
}

/** Says in the log who sent what is no request; of many in a minute the first, and how many more with the next line. */
export class BrokenRequests {
  readonly #clock: Clock;
  readonly #log: Logger;
  #nextAt = Number.NEGATIVE_INFINITY;
  #more = 0;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  heard(error: BrokenRequest, address: string | undefined): void {
    const now = this.#clock.now();
    if (now < this.#nextAt) {
      this.#more++;
      return;
    }
    const fields = { address, error: wordsOf(error), ...(this.#more > 0 && { more_before: this.#more }) };
    this.#log.info(fields, 'What came on the port is no request');
    this.#nextAt = now + LINE_EVERY_MS;
    this.#more = 0;
  }
}

function wordsOf({ code = '', rawPacket, message }: BrokenRequest): string {
  if (rawPacket instanceof Uint8Array && rawPacket[0] === TLS_HANDSHAKE)
    return 'TLS, where plain HTTP is spoken: http:// in its URL, or a proxy with TLS before the port';
  return WORDS[code] ?? message;
}
