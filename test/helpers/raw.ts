import { connect } from 'node:net';

/** Sends bytes as they are and gathers what comes back until the other side hangs up, or the answer is whole. */
export function sendRaw(url: string, bytes: string | Buffer, { hold = false } = {}): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!hold && isWhole(text)) socket.destroy();
    });
    // A server that refuses early may reset a connection that is still sending: what it said counts.
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
    socket.on('close', () => resolve(text));
  });
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return end >= 0 && length !== undefined && Buffer.byteLength(text.slice(end + 4)) >= Number(length);
}

/** Status and JSON body of a raw answer. */
export function parseRaw(text: string): { status: number; body: { message: string; error: string; type: string } } {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  return { status, body: JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) };
}
