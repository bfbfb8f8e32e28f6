import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { announce } from './link.ts';

/**
 * What the connector is measured against: Node's own server, a pool of connections, and nothing between them. Reads a
 * body whole, posts it to `CORE_URL`, reads the core's answer whole, answers 202. No validation, decision or log. Any
 * GET is answered without the core.
 */

const ANSWER = Buffer.from('{"message":"Event processed successfully"}');
const HEADERS = { 'content-type': 'application/json', 'content-length': ANSWER.length };
const TO_CORE = ['content-type', 'application/json'];

// As many connections as the connector's default (WTL_MAX_CONCURRENCY), and no timers.
const pool = new Pool(process.env['CORE_URL'] ?? '', {
  connections: 256,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
});

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, HEADERS).end(ANSWER);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => forward(Buffer.concat(chunks), response));
});

async function forward(body: Buffer, response: ServerResponse): Promise<void> {
  try {
    const answer = await pool.request({ method: 'POST', path: '/prov', headers: TO_CORE, body });
    await answer.body.text();
    response.writeHead(answer.statusCode === 200 ? 202 : 502, HEADERS);
  } catch {
    response.writeHead(503, HEADERS);
  }
  response.end(ANSWER);
}

server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', 4096, () => announce((server.address() as AddressInfo).port));
