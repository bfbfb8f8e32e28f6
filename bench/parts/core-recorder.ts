import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { announce, answer } from './link.ts';

/**
 * A core that answers at once and remembers when whose request came. `PORT` may ask for a port. Whatever it is asked, it
 * tells what came since the last time.
 */

/** Whose, and when: milliseconds of the clock that all processes of a machine share. */
export type Arrived = readonly [imsi: string, at: number];

const ANSWER = Buffer.from('{"result":true}');
const HEADERS = { 'content-type': 'application/json', 'content-length': ANSWER.length };

let arrived: Arrived[] = [];

const server = createServer((request, response) => {
  const at = Number(process.hrtime.bigint()) / 1e6;
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    arrived.push([(JSON.parse(body) as { imsi: string }).imsi, at]);
    response.writeHead(200, HEADERS).end(ANSWER);
  });
});

server.keepAliveTimeout = 120_000;
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', 4096, () => {
  answer<string, Arrived[]>(() => {
    const since = arrived;
    arrived = [];
    return since;
  });
  announce((server.address() as AddressInfo).port);
});
