import { Client } from 'undici';
import type { Clock } from '../../ports/runtime.ts';
import { STOPPING } from '../connect-words.ts';
import { Dialer } from '../dialer.ts';
import { ExchangeHandler, type Reply } from '../http-exchange.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Some chunk of ids is megabytes; what is longer than this is not Google's, in bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Makes one call on a connection of its own. Never throws. A connection that was kept open may be closed by the other side
 * in the moment it is used: then nobody could tell whether the rows were heard.
 * @param ms until it is given up.
 * @param closing gives it up before.
 */
export async function exchange(call: Call, clock: Clock, ms: number, closing: AbortSignal): Promise<Reply> {
  if (closing.aborted) return { kind: 'unsent', why: STOPPING };
  const dialer = new Dialer({ timeout: ms });
  // The deadline is ours: undici's own timers are coarser.
  const client = new Client(call.url.origin, {
    pipelining: 0,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: dialer.connect,
  });
  const handler = new ExchangeHandler(clock, { ms, mostBytes: MOST_BYTES, peer: 'Google' });
  const stop = () => handler.stop();
  closing.addEventListener('abort', stop);
  client.dispatch(
    {
      path: call.url.pathname + call.url.search,
      method: call.method,
      headers: { accept: 'application/json', ...call.headers },
      ...(call.body !== undefined && { body: call.body }),
    },
    handler,
  );
  try {
    return await handler.reply;
  } finally {
    closing.removeEventListener('abort', stop);
    const ended = client.destroy();
    dialer.hangUp();
    await ended;
  }
}
