import type { ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { answer, servePosts } from './post-server.ts';

/**
 * What the connector is measured against: Node's own server, a pool of connections, and nothing between them. Reads a
 * body whole, posts it to `CORE_URL`, reads the core's answer whole, answers 202. No validation, decision or log. Any
 * GET is answered without the core.
 */

const TO_CORE = ['content-type', 'application/json'];

// As many connections as the connector's default (WTL_MAX_CONCURRENCY), and no timers.
const pool = new Pool(process.env['CORE_URL'] ?? '', {
  connections: 256,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
});

async function forward(body: Buffer, response: ServerResponse): Promise<void> {
  try {
    const said = await pool.request({ method: 'POST', path: '/prov', headers: TO_CORE, body });
    await said.body.text();
    answer(response, said.statusCode === 200 ? 202 : 502);
  } catch {
    answer(response, 503);
  }
}

servePosts(forward);
