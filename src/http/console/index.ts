import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Session as SessionView, signInSchema } from '../../contract/admin.ts';
import { SESSION_COOKIE } from '../../contract/admin-routes.ts';
import type { Deed } from '../../ports/operating.ts';
import { StoreError } from '../../ports/store.ts';
import { isFromConsole } from '../admin/access.ts';
import { givenInBody } from '../admin/given.ts';
import type { AdminParts } from '../admin/parts.ts';
import { iso } from '../admin/present.ts';
import { Refusal } from '../admin/refusal.ts';
import type { Authenticator } from '../auth.ts';
import { isOverTls } from '../over-tls.ts';
import { assetRoutes } from './assets.ts';
import { RefusedSignIns } from './refused-sign-ins.ts';
import { type Session, type Sessions, sessionName } from './sessions.ts';
import { SignInLimit } from './sign-in-limit.ts';

interface ConsoleParts extends Omit<AdminParts, 'gatekeeper'> {
  readonly sessions: Sessions;
  /** Knows the token of the console. */
  readonly authenticator: Authenticator;
  readonly consoleFolder?: URL;
}

/** The console: its pages, and signing in and out. */
export async function consoleRoutes(app: FastifyInstance, parts: ConsoleParts): Promise<void> {
  const { sessions, log } = parts;
  const guard = guardOf(parts);
  app.addHook('onClose', () => guard.refused.tell());
  app.get('/console/session', async (request) => view(await sessions.read(request.cookies[SESSION_COOKIE])));
  app.post('/console/session', async (request, reply) => {
    if (!isFromConsole(request)) throw new Refusal('forbidden');
    const { token } = givenInBody(request, signInSchema);
    await checkToken(token, request, parts, guard);
    const { session, cookie } = await sessions.open();
    log.info({ who: sessionName(session), what: 'sign-in', remote: request.ip }, 'Operator');
    await keep(parts, { who: sessionName(session), what: 'sign-in', subject: null, detail: request.ip });
    setCookie(request, reply, cookie, Math.floor((session.expires - session.since) / 1000));
    return view(session);
  });
  app.delete('/console/session', async (request, reply) => {
    if (!isFromConsole(request)) throw new Refusal('forbidden');
    const session = await sessions.read(request.cookies[SESSION_COOKIE]);
    if (session) {
      sessions.revoke(session);
      log.info({ who: sessionName(session), what: 'sign-out', remote: request.ip }, 'Operator');
      await keep(parts, { who: sessionName(session), what: 'sign-out', subject: null, detail: null });
    }
    setCookie(request, reply, '', 0);
    return view(null);
  });
  await assetRoutes(app, parts.consoleFolder);
}

/** What stands between the sign-in and whoever guesses. */
interface Guard {
  readonly limit: SignInLimit;
  readonly refused: RefusedSignIns;
}

function guardOf(parts: ConsoleParts): Guard {
  const { clock } = parts;
  const deed = { who: 'nobody', what: 'sign-in refused', subject: null } as const;
  return {
    limit: new SignInLimit(clock),
    refused: new RefusedSignIns({ clock, keep: (detail) => keep(parts, { ...deed, detail }) }),
  };
}

/** @throws Refusal when it is not the token, or too many wrong ones came from there. */
async function checkToken(token: string, { ip }: FastifyRequest, { authenticator }: ConsoleParts, guard: Guard) {
  const wait = guard.limit.wait(ip);
  if (wait > 0) throw new Refusal('too_many_sign_ins', { retryAfterMs: wait });
  // What an HTTP header could not carry is no token; others are compared in constant time.
  if (/^[\x21-\x7e]+$/.test(token) && authenticator.accepts(`Bearer ${token}`)) return;
  guard.limit.wrong(ip);
  await guard.refused.count(ip);
  throw new Refusal('sign_in_refused');
}

/** A store that fails keeps nobody out: the console shows what is wrong with it. */
async function keep({ desk, log }: ConsoleParts, deed: Deed): Promise<void> {
  try {
    await desk.store.note(deed);
  } catch (error) {
    const { who, what, detail } = deed;
    const why = error instanceof StoreError ? { error: error.message } : { err: error };
    log.warn({ who, what, detail, ...why }, 'What an operator did could not be kept');
  }
}

function setCookie(request: FastifyRequest, reply: FastifyReply, value: string, maxAge: number): void {
  const secure = isOverTls(request);
  reply.setCookie(SESSION_COOKIE, value, { path: '/', httpOnly: true, sameSite: 'strict', secure, maxAge });
}

function view(session: Session | null): SessionView {
  if (!session) return { signedIn: false, since: null, expires: null };
  const { since, expires } = session;
  return { signedIn: true, since: iso(since), expires: iso(expires) };
}
