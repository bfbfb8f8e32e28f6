import { type Chosen, type DeadLetters, deadLettersSchema } from '../../contract/admin.ts';
import type { Result, Status } from '../../operate/result.ts';
import { wantedText } from '../../operate/wording.ts';
import type { AdminClient } from '../admin-client.ts';
import type { CommandLine } from '../command.ts';
import type { Patience } from '../waiting.ts';
import { WorkReport } from '../work-report.ts';
import { withConnector } from './access.ts';
import { replayAll } from './again.ts';
import { remoteBacklog, remotePages } from './events.ts';
import { RemoteViews, wantedOf } from './views.ts';

type Letter = DeadLetters['letters'][number];

/** `replay --dead --url`: marks all dead letters to be sent again, which the connector does at its own rate. */
export async function remoteReplayDead(line: CommandLine, patience: Patience): Promise<number> {
  return await withConnector(line, async (client) => {
    const { of } = await remoteBacklog(client);
    if (of === 'event') return await replayAll(client, line, await deadEvents(client), patience);
    if (line.flags['dry-run']) return await rehearse(client, { all: true }, line, plannedReplay);
    return await carryOut(client, line, 'replay', { all: true }, 'asked');
  });
}

/** `discard --url`: gives up dead letters. */
export async function remoteDiscard(line: CommandLine, chosen: Chosen, reason: string): Promise<number> {
  return await withConnector(line, async (client) => {
    if (line.flags['dry-run']) return await rehearse(client, chosen, line, ({ imsi, why }) => planned(imsi, why));
    return await carryOut(client, line, 'discard', { chosen, reason }, 'done');
  });
}

/** A connector that records events keeps no states: what it gave up are events. */
async function deadEvents(client: AdminClient): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of remotePages(client, { state: 'dead' }, Number.POSITIVE_INFINITY)) {
    ids.push(...page.map(({ eventId }) => eventId));
  }
  return ids;
}

async function carryOut(
  client: AdminClient,
  line: CommandLine,
  what: 'replay' | 'discard',
  body: unknown,
  status: Status,
): Promise<number> {
  let report = new WorkReport('dead letter', null);
  let before: { done: number; skipped: number } | null = null;
  for await (const now of client.work(`/dead-letters/${what}`, body)) {
    // The first line says how many there are.
    if (before === null) report = new WorkReport('dead letter', now.total);
    report.count(status, now.done - (before?.done ?? 0));
    report.count('unknown', now.skipped - (before?.skipped ?? 0));
    before = now;
  }
  return report.finish(line);
}

async function rehearse(
  client: AdminClient,
  chosen: Chosen,
  line: CommandLine,
  plan: (letter: Letter) => Result,
): Promise<number> {
  const report = new WorkReport('dead letter', chosen.imsis?.length ?? null);
  if (chosen.imsis) {
    const views = new RemoteViews(client);
    for (const imsi of new Set(chosen.imsis)) {
      const why = (await views.subscriber(imsi))?.dead ?? null;
      report.add(why === null ? { subject: imsi, status: 'unknown', why: 'is no dead letter' } : planned(imsi, why));
    }
  } else for await (const letter of listed(client, chosen.why)) report.add(plan(letter));
  return report.finish(line);
}

async function* listed(client: AdminClient, why: string | undefined): AsyncGenerator<Letter> {
  let after: string | undefined;
  do {
    const page: DeadLetters | null = await client.get(deadLettersSchema, '/dead-letters/list', {
      why,
      after,
      limit: 200,
    });
    yield* page?.letters ?? [];
    after = page?.next ?? undefined;
  } while (after !== undefined);
}

function planned(subject: string, why: string): Result {
  return { subject, status: 'planned', why };
}

function plannedReplay({ imsi, wanted, why }: Letter): Result {
  return planned(imsi, wanted ? wantedText(wantedOf(wanted)) : why);
}
