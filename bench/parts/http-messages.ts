/**
 * Reads HTTP/1.1 messages off a connection between programs of the benchmark and what is measured: as little of HTTP as
 * those speak, since whoever plays NSPS or the core shares the processors with what is measured, and stands for other
 * machines.
 */

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding:/i;
/** `HTTP/1.1 202 Accepted`: where the status stands. */
const STATUS_AT = 'HTTP/1.1 '.length;

/** A whole message; its bytes are only good until the next one is taken. */
export interface HttpMessage {
  /** Of an answer; NaN of a request. */
  readonly status: number;
  readonly body: Buffer;
}

/** The messages that come in on one connection, one after the other. */
export class HttpMessages {
  /** What came in and is not a whole message yet. */
  #rest: Buffer | null = null;

  /**
   * Takes what came in.
   * @param take gets each message that is whole now.
   * @throws on a message whose length its head does not tell.
   */
  read(chunk: Buffer, take: (message: HttpMessage) => void): void {
    let bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    while (bytes.length > 0) {
      const headEnd = bytes.indexOf(HEAD_END);
      const bodyAt = headEnd + HEAD_END.length;
      const head = headEnd < 0 ? '' : bytes.toString('latin1', 0, headEnd);
      const end = headEnd < 0 ? Number.POSITIVE_INFINITY : bodyAt + lengthIn(head);
      if (bytes.length < end) {
        // The chunk's memory may be used again for the next one.
        this.#rest = Buffer.from(bytes);
        return;
      }
      take({ status: Number(head.slice(STATUS_AT, STATUS_AT + 3)), body: bytes.subarray(bodyAt, end) });
      bytes = bytes.subarray(end);
    }
  }
}

function lengthIn(head: string): number {
  if (CHUNKED.test(head)) throw new Error(`The benchmark reads no chunked messages:\n${head}`);
  return Number(LENGTH.exec(head)?.[1] ?? 0);
}
