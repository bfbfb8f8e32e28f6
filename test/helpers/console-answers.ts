import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILES = fileURLToPath(new URL('../../dist/console/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' };

export type Answer = unknown;
/** An answer that is not 200 and JSON. */
export class Refusal {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, message: string, error: string, type = 'VALIDATION_ERROR') {
    this.status = status;
    this.body = { message, error, type };
  }
}

/** Lines that come one after another. */
export class Lines {
  readonly lines: readonly unknown[];

  constructor(lines: readonly unknown[]) {
    this.lines = lines;
  }
}

/** Sends what a route gave: JSON, lines, or a refusal. */
export function sendAnswer(response: ServerResponse, answer: Answer): void {
  if (answer instanceof Lines) return void sendLines(response, answer.lines);
  const [status, body] = answer instanceof Refusal ? [answer.status, answer.body] : [200, answer];
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function sendLines(response: ServerResponse, lines: readonly unknown[]): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (const line of lines) response.write(`${JSON.stringify(line)}\n`);
  response.end();
}

/** A file of the console; for every page of it the one there is. */
export function sendFile(path: string, response: ServerResponse): void {
  const name = extname(path) === '' ? 'index.html' : path.slice('/console/'.length);
  const type = TYPES[extname(name)];
  if (type === undefined || name.includes('/')) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(readFileSync(join(FILES, name)));
}

/** @throws when `scripts/build.js` was not run. */
export function checkBuilt(): void {
  if (!existsSync(join(FILES, 'app.js'))) throw new Error('the console is not built: node scripts/build.js');
}
