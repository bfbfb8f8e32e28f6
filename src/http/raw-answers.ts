import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../contract/answers.ts';
import type { Answers } from './answer.ts';

/** What Node's HTTP parser complains about, before there is a request. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Answers bytes that never became a request, in the same form as every other answer, and hangs up. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, answers: Answers): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = CODES[error.code ?? ''] ?? 'malformed_request';
  writeRaw(socket, answers, code);
}

/** Node hands CONNECT requests out as bare sockets. */
export function answerConnect(socket: Socket, answers: Answers): void {
  writeRaw(socket, answers, 'method_not_allowed');
}

function writeRaw(socket: Socket, answers: Answers, code: ErrorCode): void {
  const { status, body } = answers.error(code);
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}
