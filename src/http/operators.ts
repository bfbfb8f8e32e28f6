import fastifyCookie from '@fastify/cookie';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Secret } from '../config/secret.ts';
import { ADMIN_ROUTES, allowedMethods, SESSION_ROUTES } from '../contract/admin-routes.ts';
import type { Observer } from '../ports/observer.ts';
import { StoreError } from '../ports/store.ts';
import { Gatekeeper } from './admin/access.ts';
import { adminRoutes } from './admin/index.ts';
import type { AdminParts } from './admin/parts.ts';
import { Refusal } from './admin/refusal.ts';
import { Authenticator } from './auth.ts';
import { consoleRoutes } from './console/index.ts';
import { Sessions } from './console/sessions.ts';
import { secure, secureIfTheirs } from './secure-headers.ts';
import { refuse, sendInternal, sendStopping } from './send.ts';

/** What the admin API and the console are made of. At least one of the two tokens is there. */
export interface OperatorParts extends Omit<AdminParts, 'gatekeeper'> {
  readonly adminToken: Secret | null;
  readonly consoleToken: Secret | null;
  readonly sessionMs: number;
  /** Told of every request that is turned away. */
  readonly observer?: Observer | null;
  /** Where the files of the console are; beside the program when absent. */
  readonly consoleFolder?: URL;
}

/** Largest body taken where no event is expected, in bytes: a thousand IMSIs fit. */
const SMALL_BODY = 64 * 1024;

/**
 * Adds the routes for operators to a scope of their own.
 * @returns what is allowed on a path, for those who ask for something else; the answer gets the headers of such a path.
 */
export async function operatorRoutes(app: FastifyInstance, parts: OperatorParts) {
  const { consoleToken, adminToken, clock } = parts;
  const sessions = consoleToken ? new Sessions({ token: consoleToken, lifeMs: parts.sessionMs, clock }) : null;
  const gatekeeper = new Gatekeeper(adminToken ? new Authenticator([adminToken]) : null, sessions);
  app.addHook('onRequest', (_request, reply, done) => {
    secure(reply);
    if (!parts.ongoing.stopping) return done();
    sendStopping(reply, parts.answers);
  });
  app.setErrorHandler((error: FastifyError, request, reply) => answerFault(error, request, reply, parts));
  takeJson(app);
  await app.register(fastifyCookie);
  await app.register(async (scope) => adminRoutes(scope, { ...parts, gatekeeper }));
  if (consoleToken && sessions) {
    const authenticator = new Authenticator([consoleToken]);
    await app.register(async (scope) => consoleRoutes(scope, { ...parts, sessions, authenticator }));
  }
  const routes = [...ADMIN_ROUTES, ...(sessions ? SESSION_ROUTES : [])];
  return (path: string, reply: FastifyReply): string | null => {
    secureIfTheirs(path, reply);
    const page = sessions && /^\/console(\/|$)/.test(path) ? 'GET, HEAD' : null;
    return allowedMethods(routes, path) ?? page;
  };
}

/** Exactly JSON: a form of another site could send anything else without being asked. */
function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const json = /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i;
  app.addContentTypeParser(json, { parseAs: 'buffer', bodyLimit: SMALL_BODY }, (_request, body, done) =>
    done(null, body),
  );
}

function answerFault(error: FastifyError, request: FastifyRequest, reply: FastifyReply, parts: OperatorParts): void {
  if (error instanceof Refusal) refuse(request, reply, parts, error.code, error.words);
  else if (error instanceof StoreError) refuse(request, reply, parts, 'store_unavailable', { error: error.message });
  else if (error.statusCode === 413) refuse(request, reply, parts, 'payload_too_large', { error: TOO_LARGE });
  else if (error.statusCode === 415) refuse(request, reply, parts, 'unsupported_media_type', { error: NOT_JSON });
  else if ((error.statusCode ?? 500) < 500) refuse(request, reply, parts, 'malformed_request');
  else sendInternal(error, request, reply, parts);
}

const TOO_LARGE = 'The body is larger than is taken here';
const NOT_JSON = 'Send the body as application/json, not compressed, in UTF-8';
