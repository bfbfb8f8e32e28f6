import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type Chosen,
  chosenSchema,
  type DeadGroups,
  type DeadLetters,
  discardSchema,
  type Progress,
} from '../../contract/admin.ts';
import { readBody } from '../../contract/admin-bodies.ts';
import { readParams } from '../../contract/admin-params.ts';
import { LETTERS_QUERY } from '../../contract/admin-routes.ts';
import { newest, type Subscriber } from '../../core/subscriber.ts';
import { chosenText, countChosen, type Deal, deal, walkChosen } from '../../operate/dead-letters.ts';
import { type AdminParts, audit, beginLong } from './parts.ts';
import { isoOrNull, wantedOrNull } from './present.ts';
import { valid } from './refusal.ts';

/** Reasons that are listed. */
const MOST_REASONS = 100;

/** Dead letters: by reason, one by one, trying them again, and giving them up for good. */
export function deadLetterRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { views } = parts.desk;
  app.get('/admin/v1/dead-letters', async (): Promise<DeadGroups> => {
    const [{ dead }, groups] = await Promise.all([views.backlog(), views.deadGroups(MOST_REASONS)]);
    return {
      total: dead,
      groups: groups.map(({ why, count, oldest, newest: latest }) => {
        return { why, count, oldest: isoOrNull(oldest), newest: isoOrNull(latest) };
      }),
    };
  });
  app.get('/admin/v1/dead-letters/list', async (request): Promise<DeadLetters> => {
    const { why, after, limit } = valid(readParams(LETTERS_QUERY, request.query as Record<string, unknown>));
    const filter = { ...(why !== undefined && { why }), ...(after !== undefined && { afterImsi: after }), limit };
    const letters = await views.deadLetters(filter);
    const next = letters.length < limit ? null : (letters.at(-1)?.imsi ?? null);
    return { letters: letters.map(letterView), next };
  });
  app.post('/admin/v1/dead-letters/replay', async (request, reply) => {
    const chosen = valid(readBody(chosenSchema, bodyOf(request)));
    return await work(request, reply, parts, chosen, { kind: 'replay' });
  });
  app.post('/admin/v1/dead-letters/discard', async (request, reply) => {
    const { chosen, reason } = valid(readBody(discardSchema, bodyOf(request)));
    return await work(request, reply, parts, chosen, { kind: 'discard', why: reason });
  });
}

function bodyOf(request: FastifyRequest): Buffer {
  return (request.body as Buffer | undefined) ?? Buffer.alloc(0);
}

function letterView(subscriber: Subscriber): DeadLetters['letters'][number] {
  const wanted = newest(subscriber);
  return {
    imsi: subscriber.imsi,
    why: subscriber.dead ?? '',
    eventId: wanted?.eventId ?? null,
    since: isoOrNull(subscriber.waitingSince),
    attempts: subscriber.attempts,
    wanted: wantedOrNull(wanted),
  };
}

async function work(request: FastifyRequest, reply: FastifyReply, parts: AdminParts, chosen: Chosen, how: Deal) {
  const signal = beginLong(reply, parts, 'work');
  const total = await countChosen(parts.desk.views, chosen);
  const subject = chosenText(chosen);
  const asked = how.kind === 'discard' ? `${how.why}; ${total} in all` : `${total} in all`;
  await audit(request, parts, { what: how.kind, subject, detail: asked });
  const ended = (detail: string) => audit(request, parts, { what: `${how.kind} ended`, subject, detail });
  reply.header('content-type', 'application/x-ndjson; charset=utf-8');
  return reply.send(Readable.from(progress({ parts, chosen, how, total, signal, ended }), { objectMode: false }));
}

interface Work {
  readonly parts: AdminParts;
  readonly chosen: Chosen;
  readonly how: Deal;
  readonly total: number;
  readonly signal: AbortSignal;
  /** Keeps what came of it. */
  readonly ended: (detail: string) => Promise<void>;
}

/** Works through dead letters and tells after every batch how far it got; ends early when nobody listens any more. */
async function* progress({ parts, chosen, how, total, signal, ended }: Work): AsyncGenerator<string> {
  const { desk } = parts;
  let [done, skipped] = [0, 0];
  const line = (over: boolean) => {
    const counts: Progress = {
      total: over ? done + skipped : Math.max(total, done + skipped),
      done,
      skipped,
      ended: over,
    };
    return `${JSON.stringify(counts)}\n`;
  };
  let cut = true;
  try {
    yield line(false);
    for await (const batch of walkChosen(desk.views, chosen)) {
      if (signal.aborted) throw new Error('the connector stops, or nobody reads any more');
      const dealt = await deal(desk, batch, how);
      done += dealt.filter((one) => one.done).length;
      skipped += dealt.filter((one) => !one.done).length;
      parts.nudge();
      yield line(false);
      // Events that came in meanwhile are answered first.
      await nextTurn();
    }
    cut = false;
  } finally {
    await ended(`${done} done, ${skipped} skipped${cut ? ', cut off' : ''}`).catch(() => {});
  }
  yield line(true);
}
