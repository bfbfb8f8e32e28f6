import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type Chosen,
  chosenSchema,
  type DeadGroups,
  type DeadLetters,
  discardSchema,
  type Progress,
} from '../../contract/admin.ts';
import { LETTERS_QUERY } from '../../contract/admin-routes.ts';
import { newest, type Subscriber } from '../../core/subscriber.ts';
import { storable } from '../../core/text.ts';
import { chosenText, type Deal, workThrough } from '../../operate/dead-letters.ts';
import { givenInBody, givenInQuery } from './given.ts';
import { type AdminParts, audit, beginLong } from './parts.ts';
import { isoOrNull, wantedOrNull } from './present.ts';

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
    const { why, after, limit } = givenInQuery(request, LETTERS_QUERY);
    const filter = { ...(why !== undefined && { why }), ...(after !== undefined && { afterImsi: after }), limit };
    const letters = await views.deadLetters(filter);
    const next = letters.length < limit ? null : (letters.at(-1)?.imsi ?? null);
    return { letters: letters.map(letterView), next };
  });
  app.post('/admin/v1/dead-letters/replay', async (request, reply) => {
    const chosen = givenInBody(request, chosenSchema);
    return await work(request, reply, parts, chosen, { kind: 'replay' });
  });
  app.post('/admin/v1/dead-letters/discard', async (request, reply) => {
    const { chosen, reason } = givenInBody(request, discardSchema);
    return await work(request, reply, parts, chosen, { kind: 'discard', why: storable(reason) });
  });
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
  const signal = beginLong(request, reply, parts, 'work');
  const subject = chosenText(chosen);
  await audit(request, parts, { what: how.kind, subject, detail: how.kind === 'discard' ? how.why : null });
  const ended = (detail: string) => audit(request, parts, { what: `${how.kind} ended`, subject, detail });
  reply.header('content-type', 'application/x-ndjson; charset=utf-8');
  return reply.send(Readable.from(lines(parts, chosen, how, signal, ended), { objectMode: false }));
}

/** How far it got, a line after every batch. @param keep gets what came of it, also when it was cut off. */
async function* lines(
  parts: AdminParts,
  chosen: Chosen,
  how: Deal,
  signal: AbortSignal,
  keep: (detail: string) => Promise<void>,
): AsyncGenerator<string> {
  let last: Progress = { total: 0, done: 0, skipped: 0, ended: false, results: [] };
  try {
    for await (last of workThrough(parts.desk, chosen, how, signal)) {
      parts.nudge();
      yield `${JSON.stringify(last)}\n`;
    }
  } finally {
    const { done, skipped, ended } = last;
    // A store that fails now has failed the work, too: that is what the client sees.
    await keep(`${done} done, ${skipped} skipped${ended ? '' : ', cut off'}`).catch(() => {});
  }
}
