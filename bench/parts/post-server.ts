import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { announce } from './link.ts';

const ANSWER = Buffer.from('{"message":"Event processed successfully"}');
const HEADERS = { 'content-type': 'application/json', 'content-length': ANSWER.length };

/** Node's own server and nothing else: reads a body whole and hands it over. Any GET is answered at once. */
export function servePosts(take: (body: Buffer, response: ServerResponse) => void): void {
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      answer(response, 200);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => take(Buffer.concat(chunks), response));
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1', 4096, () => announce((server.address() as AddressInfo).port));
}

export function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, HEADERS);
  response.end(ANSWER);
}
