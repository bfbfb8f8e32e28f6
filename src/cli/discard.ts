import type { Chosen } from '../contract/admin.ts';
import { noteCommand } from '../operate/audit.ts';
import { chosenText, countChosen, deal, walkChosen } from '../operate/dead-letters.ts';
import { type Command, type CommandLine, UsageError } from './command.ts';
import { imsiOf } from './event-query.ts';
import { discarded, toDiscard } from './letter-results.ts';
import { isRemote, PLACE_OPTIONS } from './remote-option.ts';
import { NOT_MASKED, STORE_EXITS, withStore } from './store-access.ts';
import { WorkReport } from './work-report.ts';

export const command: Command = {
  name: 'discard',
  synopsis: '<imsi>...|--reason-is|--all --because <text>',
  about:
    'Gives dead letters up for good: the connector stops asking for them to be looked at, and what the core confirmed\n' +
    'last counts again. Nothing is sent. Why is kept with the event and in the audit. "replay --dead" tries them again\n' +
    `instead.\n${NOT_MASKED}`,
  options: {
    'reason-is': {
      type: 'string',
      value: 'reason',
      help: 'All dead letters of this reason; numbers of five digits or more in it do not count.',
    },
    all: { type: 'boolean', help: 'All dead letters.' },
    because: { type: 'string', value: 'text', help: 'Why they are given up, 3 to 500 characters; required.' },
    'dry-run': { type: 'boolean', help: 'Say which they are; change nothing.' },
    json: { type: 'boolean', help: 'Print the report as JSON.' },
    ...PLACE_OPTIONS,
  },
  exits: { 1: 'one of the named is no dead letter', ...STORE_EXITS },
  positionals: [0, 1_000],
  run: discard,
};

async function discard(line: CommandLine): Promise<number> {
  const chosen = chosenOf(line);
  const why = becauseOf(line);
  if (isRemote(line)) return await (await import('./remote/letters.ts')).remoteDiscard(line, chosen, why);
  return await withStore(line, async (store) => {
    const report = new WorkReport('dead letter', await countChosen(store.views, chosen));
    if (!line.flags['dry-run']) {
      await noteCommand(store, { what: 'discard', subject: chosenText(chosen), detail: why });
    }
    for await (const batch of walkChosen(store.views, chosen)) {
      const results = line.flags['dry-run']
        ? batch.map(({ imsi, letter }) => toDiscard(imsi, letter && (letter.dead ?? '')))
        : (await deal({ store }, batch, { kind: 'discard', why })).map(discarded);
      for (const result of results) report.add(result);
    }
    return report.finish(line);
  });
}

/** @throws UsageError when the command line does not say which ones. */
function chosenOf({ positionals, values, flags }: CommandLine): Chosen {
  const why = values['reason-is'];
  const ways = [positionals.length > 0, why !== undefined, flags['all'] === true].filter(Boolean).length;
  if (ways === 0) throw new UsageError('say which dead letters: IMSIs, --reason-is, or --all');
  if (ways > 1) throw new UsageError('IMSIs, --reason-is and --all exclude each other');
  if (positionals.length > 0) return { imsis: positionals.map((imsi) => imsiOf(imsi, 'an IMSI')) };
  return why === undefined ? { all: true } : { why };
}

/** @throws UsageError when it is not said why. */
function becauseOf({ values }: CommandLine): string {
  const why = values['because']?.trim() ?? '';
  if (why.length >= 3 && why.length <= 500) return why;
  throw new UsageError('--because must say why, in 3 to 500 characters: whoever looks later wants to know');
}
