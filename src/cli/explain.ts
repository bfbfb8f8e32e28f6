import { loadConfig, readEnvironment } from '../config/load.ts';
import { rulesOf } from '../config/rules.ts';
import type { Decision } from '../core/types.ts';
import { type Walked, walk } from '../operate/explain.ts';
import { previewer } from '../targets/registry.ts';
import { type Command, type CommandLine, columns, EXIT, heading } from './command.ts';
import { readEventFiles } from './event-files.ts';
import { jsonLine, printable, styled } from './wording.ts';

export const command: Command = {
  name: 'explain',
  synopsis: '<file>',
  about:
    'Walks a saved event through the decision and says, rule by rule, what would happen and why, and which requests\n' +
    'would be sent. Nothing is sent. The settings that decide (WTL_IMSI_REGEXP, EVENT_ACTIONS, …) are taken from the\n' +
    'environment; none is required. "-" reads standard input.',
  options: { json: { type: 'boolean', help: 'Print one JSON object an event.' } },
  exits: { 1: 'an event would be rejected (422)', 66: 'the file cannot be read', 78: 'settings are wrong' },
  positionals: [1, 1],
  run: explain,
};

interface Explanation extends Walked {
  readonly source: string;
}

async function explain(line: CommandLine): Promise<number> {
  const config = loadConfig(readEnvironment(), { requireAll: false });
  const events = await readEventFiles(line.positionals);
  const preview = await previewer(config);
  let rejected = false;
  for (const event of events) {
    const walked = walk(Buffer.from(event.json), rulesOf(config.settings), preview);
    const explanation: Explanation = { source: event.source, ...walked };
    process.stdout.write(line.flags['json'] ? jsonLine(explanation) : readable(explanation));
    rejected ||= explanation.decision.kind === 'reject';
  }
  return rejected ? EXIT.failed : EXIT.ok;
}

function readable({ source, steps, decision, requests }: Explanation): string {
  const lines = [
    heading(source),
    ...(steps.length > 0 ? columns(steps.map(({ rule, finding }) => [rule, printable(finding)])) : []),
    '',
    ...verdict(decision),
    ...requests.flatMap(({ method, url, body }) => [`  ${method} ${url}`, `  ${printable(JSON.stringify(body))}`]),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function verdict(decision: Decision): string[] {
  switch (decision.kind) {
    case 'ignore':
      return [styled('yellow', `Would be ignored (202): ${printable(decision.reason)}`)];
    case 'reject':
      return [
        styled('red', 'Would be rejected (422):'),
        ...columns(decision.faults.map(({ path, message }) => [printable(path), printable(message)])),
      ];
    case 'record':
      return [styled('green', 'Would be recorded, once:')];
    case 'provision':
      return [
        styled('green', `Would be sent (${decision.action}), unless a newer event of the subscriber came before:`),
      ];
  }
}
