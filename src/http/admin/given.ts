import type { FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { readBody } from '../../contract/admin-bodies.ts';
import { type Params, type Read, readParams, type Values } from '../../contract/admin-params.ts';
import { faultsText } from '../../contract/fault.ts';
import { bodyOf } from '../body.ts';
import { Refusal } from './refusal.ts';

/** What a request says, read and checked. All of them throw a Refusal (422) that names everything that is wrong. */

/** The parameters in a request's query. @throws Refusal */
export function givenInQuery<P extends Params>(request: FastifyRequest, params: P): Values<P> {
  return valid(readParams(params, request.query as Record<string, unknown>));
}

/** The parameters in a request's path. @throws Refusal */
export function givenInPath<P extends Params>(request: FastifyRequest, params: P): Values<P> {
  return valid(readParams(params, request.params as Record<string, unknown>));
}

/** A request's body, as a schema describes it. @throws Refusal */
export function givenInBody<S extends TSchema>(request: FastifyRequest, schema: S): Static<S> {
  return valid(readBody(schema, bodyOf(request)));
}

function valid<T>(read: Read<T>): T {
  if (read.ok) return read.value;
  const error = faultsText(read.faults);
  throw new Refusal('validation_failed', { error, details: read.faults });
}
