import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../contract/answers.ts';
import type { Answers } from './answer.ts';

/** What Node's HTTP parser complains about, before there is a request. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/**
 * How long the rest of a refused body is read and thrown away, in milliseconds. Hanging up at once would reset the
 * connection, and a client that is still sending would never see the answer.
 */
const LINGER_MS = 1_000;

/** Connections whose request is answered, though it has not ended. */
const lingering = new WeakSet<Socket>();

/** Reads on for a little while after a refusal, then hangs up on a client that still sends. */
export function linger(request: IncomingMessage): void {
  const { socket } = request;
  lingering.add(socket);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  const ended = () => {
    clearTimeout(timer);
    lingering.delete(socket);
  };
  request.once('end', ended).once('close', ended);
  request.resume();
}

/**
 * Answers bytes that never became a request, in the same form as every other answer, and hangs up.
 * @returns false when the client only hung up, or has its answer already: there is nothing to tell.
 */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, answers: Answers): boolean {
  if (error.code === 'ECONNRESET' || !socket.writable || lingering.has(socket)) {
    socket.destroy();
    return false;
  }
  const code = CODES[error.code ?? ''] ?? 'malformed_request';
  writeRaw(socket, answers, code);
  return true;
}

/** Node hands CONNECT requests out as bare sockets, and looks after them no longer. */
export function answerConnect(socket: Socket, answers: Answers): void {
  writeRaw(socket, answers, 'method_not_allowed', 'allow: GET, HEAD, POST\r\n');
}

function writeRaw(socket: Socket, answers: Answers, code: ErrorCode, headers = ''): void {
  const { status, body } = answers.error(code);
  const text = JSON.stringify(body);
  // Nobody else listens any more: without this a reset would end the program.
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n${headers}connection: close\r\n\r\n${text}`,
  );
  // Written, then gone: a client that never hangs up must not hold us.
  socket.destroySoon();
}
