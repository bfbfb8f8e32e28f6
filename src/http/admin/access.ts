import type { FastifyRequest } from 'fastify';
import { SESSION_COOKIE } from '../../contract/admin-routes.ts';
import type { Operator } from '../../operate/desk.ts';
import type { Authenticator } from '../auth.ts';
import { type Sessions, sessionName } from '../console/sessions.ts';

/** Who may ask, or why not. */
type Admission = { readonly who: Operator } | { readonly refused: 'not_signed_in' | 'forbidden' };

/** Lets operators in: with the admin token, or with a session of the console. The token of NSPS is none of either. */
export class Gatekeeper {
  readonly #admin: Authenticator | null;
  readonly #sessions: Sessions | null;

  constructor(admin: Authenticator | null, sessions: Sessions | null) {
    this.#admin = admin;
    this.#sessions = sessions;
  }

  async admit(request: FastifyRequest): Promise<Admission> {
    const { authorization } = request.headers;
    // Whoever shows a token is judged by that, cookie or not. What a browser shows the proxy before us is none of ours.
    if (authorization !== undefined && !PROXY_SCHEMES.test(authorization)) {
      return this.#admin?.accepts(authorization) ? { who: 'token' } : { refused: 'not_signed_in' };
    }
    const session = (await this.#sessions?.read(request.cookies[SESSION_COOKIE])) ?? null;
    if (!session) return { refused: 'not_signed_in' };
    return mayAct(request) ? { who: sessionName(session) } : { refused: 'forbidden' };
  }
}

/** How browsers show a proxy who they are; many proxies pass it on. */
const PROXY_SCHEMES = /^(basic|digest|negotiate|ntlm) /i;

/** A browser sends the cookie whatever page asks: only our own may. */
function mayAct(request: FastifyRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return isFromConsole(request);
  const site = request.headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}

/**
 * Whether a page of the console itself asks. The header cannot be set by a form, nor by another site's script unless we
 * allowed it; browsers tell where a request comes from, old ones by its origin.
 */
export function isFromConsole({ headers }: FastifyRequest): boolean {
  if (headers['x-console'] !== '1') return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const origin = headers.origin === undefined ? null : URL.parse(headers.origin);
  return origin !== null && headers.host !== undefined && origin.host === headers.host.toLowerCase();
}
