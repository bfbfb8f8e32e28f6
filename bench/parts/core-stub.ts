import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { announce, answer } from './link.ts';

/**
 * A core that costs next to nothing: takes any request, answers `{"result":true}` after `DELAY_MS` milliseconds (or
 * never, with `DELAY_MS=never`), and counts. `PORT` may ask for a port.
 */

const ANSWER = Buffer.from('{"result":true}');
const HEADERS = { 'content-type': 'application/json', 'content-length': ANSWER.length };

const delay = process.env['DELAY_MS'] ?? '0';
let calls = 0;

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    calls++;
    if (delay === '0') reply(response);
    else if (delay !== 'never') setTimeout(reply, Number(delay), response);
  });
});

function reply(response: ServerResponse): void {
  response.writeHead(200, HEADERS);
  response.end(ANSWER);
}

/** The longest pause of a benchmark must not cost connections, which would be counted against who is measured. */
server.keepAliveTimeout = 120_000;
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', 4096, () => {
  // Whatever is asked, the answer is how many calls came since the last time.
  answer<string, number>(() => {
    const since = calls;
    calls = 0;
    return since;
  });
  announce((server.address() as AddressInfo).port);
});
