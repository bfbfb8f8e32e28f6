import type { Socket } from 'node:net';
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { Stage } from '../basics/stage.ts';
import type { ErrorCode } from '../contract/answers.ts';
import type { Observer } from '../ports/observer.ts';
import type { Clock, Logger } from '../ports/runtime.ts';
import { NO_TRACER, type Tracer } from '../ports/tracer.ts';
import type { Answers } from './answer.ts';
import type { Authenticator } from './auth.ts';
import { bodyOf } from './body.ts';
import { BrokenRequests } from './broken-requests.ts';
import type { EventIntake } from './intake.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { MetricsRoute } from './metrics.ts';
import type { OperatorParts } from './operators.ts';
import { answerBrokenRequest, answerConnect } from './raw-answers.ts';
import { secureIfTheirs } from './secure-headers.ts';
import { refuse, sendInternal, sendPlainly, sendStopping } from './send.ts';
import { traceIds } from './trace.ts';

interface ServerOptions {
  readonly appName: string;
  readonly eventPath: string;
  readonly maxBodyBytes: number;
  /** Longest time to receive a request, in milliseconds. */
  readonly intakeTimeoutMs: number;
  /** Longest time an event may take inside, in milliseconds: a socket silent for longer is dead. */
  readonly eventTimeoutMs: number;
}

interface ServerParts {
  readonly options: ServerOptions;
  readonly authenticator: Authenticator;
  readonly intake: EventIntake;
  readonly lifecycle: Lifecycle;
  /** Why the store does not work now; null when it does. */
  readonly storeFault: () => string | null;
  readonly answers: Answers;
  readonly log: Logger;
  readonly clock: Clock;
  /** The admin API and the console; null when there is neither. */
  readonly operators?: OperatorParts | null;
  /** Metrics behind a token of their own; none when absent. */
  readonly metrics?: MetricsRoute | null;
  readonly observer?: Observer | null;
  readonly tracer?: Tracer;
}

const MAX_HEADER_BYTES = 16 * 1024;

/** Builds the HTTP side; it listens when told to. */
export function buildServer(parts: ServerParts): FastifyInstance {
  const { options, answers } = parts;
  const broken = new BrokenRequests(parts.clock, parts.log);
  const app = fastify({
    logger: false,
    bodyLimit: options.maxBodyBytes,
    requestTimeout: options.intakeTimeoutMs,
    connectionTimeout: options.eventTimeoutMs + 30_000,
    forceCloseConnections: true,
    // An event's id has 200 characters at most, each up to nine bytes in a URL.
    routerOptions: { maxParamLength: 2_000 },
    // Stopping is ours to answer: fastify's own 503 speaks another language.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => {
      const { remoteAddress } = socket;
      if (answerBrokenRequest(error, socket, answers)) broken.heard(error, remoteAddress);
    },
    // A path that cannot be decoded; no hook sees it.
    frameworkErrors: (_error, request, reply) => {
      secureIfTheirs(request.url, reply as FastifyReply);
      refuse(request as FastifyRequest, reply as FastifyReply, parts, 'not_found');
    },
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: options.intakeTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, options.intakeTimeoutMs),
      requireHostHeader: false,
    },
  });
  // Whatever a client expects, it gets the plain answer.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('connect', (_request, socket: Socket) => answerConnect(socket, answers));

  takeJson(app);
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, parts));
  addRoutes(app, parts);
  return app;
}

/** Takes JSON, and leaves it in bytes: the event is kept as it came. */
function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const asItIs = (_request: FastifyRequest, body: Buffer, done: (error: null, body: Buffer) => void) =>
    done(null, body);
  // What NSPS says is found by name, the rest by what it looks like.
  for (const type of ['application/json', /^application\/([\w.-]+\+)?json\s*(;|$)/i]) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, asItIs);
  }
}

function addRoutes(app: FastifyInstance, parts: ServerParts): void {
  addProbes(app, parts);
  addReports(app, parts);
  addEventRoute(app, parts);
  const operated = addOperators(app, parts.operators ?? null);
  refuseOthers(app, parts, operated);
}

/** Whether it is alive, and whether it takes events: for whoever supervises it, without a token. */
function addProbes(app: FastifyInstance, { options, lifecycle, storeFault }: ServerParts): void {
  app.get('/health', () => ({ status: 'Healthy', service: options.appName }));
  app.get('/ready', (_request, reply) => {
    const fault = storeFault();
    const status = lifecycle.stopping ? 'Stopping' : fault === null ? 'Ready' : 'Store unavailable';
    if (status !== 'Ready') reply.code(503);
    return { status, service: options.appName };
  });
}

/** What is read with a token: the interface's description with that of NSPS, metrics with one of their own. */
function addReports(app: FastifyInstance, parts: ServerParts): void {
  const { options, metrics } = parts;
  const withToken = (authenticator: Authenticator) => ({
    onRequest: (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      if (authenticator.accepts(request.headers.authorization)) done();
      else refuse(request, reply, parts, 'unauthorized');
    },
  });
  app.get('/openapi.json', withToken(parts.authenticator), async () => {
    const { buildOpenApi } = await import('../contract/openapi.ts');
    return buildOpenApi({ eventPath: options.eventPath });
  });
  if (metrics) {
    app.get('/metrics', withToken(metrics.authenticator), async (_request, reply) =>
      reply.header('content-type', metrics.contentType).send(await metrics.read()),
    );
  }
}

function addEventRoute(app: FastifyInstance, parts: ServerParts): void {
  const { options, answers, authenticator, lifecycle, intake, tracer = NO_TRACER } = parts;
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const fault = authenticator.accepts(request.headers.authorization)
      ? contentFault(request, options.maxBodyBytes)
      : 'unauthorized';
    if (fault) refuse(request, reply, parts, fault);
    else if (lifecycle.stopping) sendStopping(reply, answers);
    else done();
  };
  const arrived = new Stage();
  const take = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      const ids = traceIds(request.headers);
      const raw = bodyOf(request);
      sendPlainly(reply, await tracer.event(request.headers, ids, () => intake.handle(raw, ids)));
    } catch (error) {
      answerError(error, request, reply, parts);
    } finally {
      // Under way until the answer has left, too; a client that hung up long ago waits for nothing.
      if (reply.raw.destroyed) lifecycle.leave();
      else reply.raw.once('close', () => lifecycle.leave());
    }
  };
  // Not async: fastify would wait for what is sent past it, and look at what comes of it (ADR 13).
  app.post(options.eventPath, { onRequest }, (request, reply) => {
    lifecycle.enter();
    arrived.enter(() => void take(request, reply));
  });
}

/** What is allowed on a path, as the header `Allow` says it; null when there is no such path. */
type AllowedOn = (path: string, reply: FastifyReply) => string | null;

/** Answers 405 on a route that is asked with another method, and 404 on all other paths. */
function refuseOthers(app: FastifyInstance, parts: ServerParts, operated: AllowedOn): void {
  const methods = new Map([
    ['/health', 'GET, HEAD'],
    ['/ready', 'GET, HEAD'],
    ['/openapi.json', 'GET, HEAD'],
    [parts.options.eventPath, 'POST'],
  ]);
  if (parts.metrics) methods.set('/metrics', 'GET, HEAD');
  // A hook and not the not-found handler: that one would read the body first.
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) {
      done();
      return;
    }
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = methods.get(path) ?? operated(path, reply);
    if (allowed) reply.header('allow', allowed);
    refuse(request, reply, parts, allowed ? 'method_not_allowed' : 'not_found');
  });
}

/**
 * Adds what is for operators, in a scope of its own: events pass none of its hooks, and its code is read only when it is
 * wanted.
 * @returns what is allowed on a path of theirs; the answer gets their headers.
 */
function addOperators(app: FastifyInstance, operators: OperatorParts | null): AllowedOn {
  let paths: AllowedOn | null = null;
  if (operators) {
    app.register(async (scope) => {
      const { operatorRoutes } = await import('./operators.ts');
      paths = await operatorRoutes(scope, operators);
    });
  }
  return (path: string, reply: FastifyReply) => paths?.(path, reply) ?? null;
}

/** Size comes before content (contract §2); a body of unknown length is measured while it is read. */
function contentFault({ headers }: FastifyRequest, maxBodyBytes: number): ErrorCode | null {
  if (Number(headers['content-length'] ?? 0) > maxBodyBytes) return 'payload_too_large';
  if (headers['content-type'] === 'application/json' && headers['content-encoding'] === undefined) return null;
  const encoding = headers['content-encoding'] ?? 'identity';
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  const readable = encoding.toLowerCase() === 'identity' && /^(utf-?8|us-ascii)$/i.test(charset);
  return readable ? null : 'unsupported_media_type';
}

/** A request that fastify refused; anything else is a fault of ours, whatever was thrown. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, parts: ServerParts): void {
  const { statusCode = 500, code } = error instanceof Error ? (error as Partial<FastifyError>) : {};
  if (statusCode === 413) refuse(request, reply, parts, 'payload_too_large');
  else if (statusCode === 415) refuse(request, reply, parts, 'unsupported_media_type');
  else if (code === 'ECONNRESET' || statusCode < 500) refuse(request, reply, parts, 'malformed_request');
  else sendInternal(error, request, reply, parts);
}
