import { type AddressInfo, createServer, type Socket } from 'node:net';
import { HttpMessages } from './http-messages.ts';
import { announce, answer } from './link.ts';

/**
 * A core that costs next to nothing: takes any request, answers `{"result":true}` after `DELAY_MS` milliseconds (or
 * never, with `DELAY_MS=never`), and counts. `PORT` may ask for a port.
 */

const BODY = '{"result":true}';
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);

const delay = process.env['DELAY_MS'] ?? '0';
let calls = 0;

const server = createServer({ noDelay: true }, (socket) => {
  const requests = new HttpMessages();
  const take = () => called(socket);
  socket.on('data', (chunk: Buffer) => requests.read(chunk, take));
  // Whoever is measured may end at any time.
  socket.on('error', () => socket.destroy());
});

function called(socket: Socket): void {
  calls++;
  if (delay === '0') socket.write(ANSWER);
  else if (delay !== 'never') setTimeout(() => socket.write(ANSWER), Number(delay));
}

server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', 4096, () => {
  // Whatever is asked, the answer is how many calls came since the last time.
  answer<string, number>(() => {
    const since = calls;
    calls = 0;
    return since;
  });
  announce((server.address() as AddressInfo).port);
});
