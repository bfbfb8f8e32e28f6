import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../admin/refusal.ts';

/** Beside the bundled program, or where the build puts it when the program runs from its sources. */
const FOLDERS = [new URL('./console/', import.meta.url), new URL('../../../dist/console/', import.meta.url)];

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

interface Asset {
  readonly content: Buffer;
  readonly type: string;
  readonly etag: string;
}

/**
 * The pages of the console: read into memory once, so that no path a browser sends ever reaches a disk. Files are found in
 * `/console/` and `/console/assets/`; any other path there is a page, which the browser makes.
 */
export async function assetRoutes(app: FastifyInstance, folder?: URL): Promise<void> {
  const assets = await readAssets(folder ? [folder] : FOLDERS);
  const page = (request: FastifyRequest, reply: FastifyReply) => {
    const index = assets.get(INDEX);
    if (!index) throw new Refusal('unknown_resource', { error: 'The console is not part of this build' });
    return give(request, reply, index);
  };
  const file = (name: string, request: FastifyRequest, reply: FastifyReply) => {
    const asset = name === INDEX ? undefined : assets.get(name);
    return asset && give(request, reply.header('cache-control', 'no-cache'), asset);
  };
  app.get('/console', page);
  app.get<{ Params: { '*': string } }>('/console/*', (request, reply) => {
    return file(request.params['*'], request, reply) ?? page(request, reply);
  });
  app.get<{ Params: { '*': string } }>('/console/assets/*', (request, reply) => {
    const found = file(request.params['*'], request, reply);
    if (!found) throw new Refusal('not_found');
    return found;
  });
}

const INDEX = 'index.html';

function give(request: FastifyRequest, reply: FastifyReply, { content, type, etag }: Asset): FastifyReply {
  reply.header('etag', etag);
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.header('content-type', type).send(content);
}

async function readAssets(folders: readonly URL[]): Promise<ReadonlyMap<string, Asset>> {
  for (const folder of folders) {
    const names: string[] = await readdir(folder).catch(() => []);
    if (!names.includes(INDEX)) continue;
    const known = names.filter((name) => TYPES[extname(name)] !== undefined);
    return new Map(await Promise.all(known.map(async (name) => [name, await read(folder, name)] as const)));
  }
  return new Map();
}

async function read(folder: URL, name: string): Promise<Asset> {
  const content = await readFile(new URL(encodeURIComponent(name), folder));
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`;
  return { content, type: TYPES[extname(name)] as string, etag };
}
