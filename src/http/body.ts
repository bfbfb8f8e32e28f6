import type { FastifyRequest } from 'fastify';

/** The bytes of a request's body as they came; empty when there is none. */
export function bodyOf(request: FastifyRequest): Buffer {
  return (request.body as Buffer | undefined) ?? Buffer.alloc(0);
}
