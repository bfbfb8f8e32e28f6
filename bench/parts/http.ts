import { request } from 'node:http';

/** Longest wait for an answer, in milliseconds. */
const PATIENCE_MS = 10_000;

/** One GET on a connection of its own. @returns the status. */
export function get(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, timeout: PATIENCE_MS }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('timeout', () => sent.destroy(new Error(`${url} did not answer`)));
    sent.on('error', reject);
    sent.end();
  });
}
