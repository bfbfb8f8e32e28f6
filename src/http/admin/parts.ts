import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Overview, Simulated } from '../../contract/admin.ts';
import type { Desk, Operator } from '../../operate/desk.ts';
import type { Charts, Load } from '../../ports/figures.ts';
import type { Clock, Logger } from '../../ports/runtime.ts';
import type { Backlog } from '../../ports/store.ts';
import type { Answers } from '../answer.ts';
import type { Gatekeeper } from './access.ts';
import type { Ongoing } from './ongoing.ts';
import { Refusal } from './refusal.ts';

/** What does not change while the connector runs. */
type About = Pick<Overview, 'service' | 'version' | 'target' | 'records' | 'delivery'> & {
  readonly store: string;
  readonly eventPath: string;
  /** Calls a second; null when there is no limit. */
  readonly rateLimit: number | null;
};

/** What the routes of the admin API are made of. */
export interface AdminParts {
  readonly desk: Desk;
  readonly about: About;
  readonly load: () => Load;
  readonly charts: Charts;
  /** What the connector still has to do. */
  readonly backlog: () => Promise<Backlog>;
  /** Why the store does not work now; null when it does. */
  readonly storeFault: () => string | null;
  /** Something was noted as wanted: the connector's own loop should look. */
  readonly nudge: () => void;
  /** Who is on the core simulator inside; null when there is none. */
  readonly simulated: (() => Simulated['subscribers']) | null;
  /** Hides IMSIs and numbers in text (`LOG_PII=mask`); null when they may be shown. */
  readonly mask: ((text: string) => string) | null;
  readonly gatekeeper: Gatekeeper;
  readonly ongoing: Ongoing;
  readonly answers: Answers;
  readonly clock: Clock;
  readonly log: Logger;
}

const operators = new WeakMap<FastifyRequest, Operator>();

/** Remembers who asks. */
export function admit(request: FastifyRequest, who: Operator): void {
  operators.set(request, who);
}

/** Who asks, on a route that only operators get to. */
function operatorOf(request: FastifyRequest): Operator {
  const who = operators.get(request);
  if (who === undefined) throw new Refusal('not_signed_in');
  return who;
}

/** Keeps what an operator is about to do, before he does it, and logs it. @throws StoreError when it cannot be kept. */
export async function audit(
  request: FastifyRequest,
  { desk, log }: Pick<AdminParts, 'desk' | 'log'>,
  deed: { what: string; subject: string | null; detail?: string | null },
): Promise<void> {
  const { what, subject, detail = null } = deed;
  const who = operatorOf(request);
  await desk.store.note({ who, what, subject, detail });
  log.info({ who, what, subject, detail, remote: request.ip }, 'Operator');
}

/** Begins an answer that goes on. @throws Refusal when there are too many. */
export function beginLong(
  request: FastifyRequest,
  reply: FastifyReply,
  { ongoing }: AdminParts,
  kind: 'stream' | 'work',
): AbortSignal {
  const signal = ongoing.begin(kind, operatorOf(request), reply.raw);
  if (!signal) throw new Refusal('too_many_streams');
  return signal;
}
