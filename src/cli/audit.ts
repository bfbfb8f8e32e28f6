import type { AuditEntry } from '../ports/operating.ts';
import type { Views } from '../ports/store.ts';
import { type Command, type CommandLine, columns, EXIT, wholeNumber } from './command.ts';
import { isRemote, PLACE_OPTIONS } from './remote-option.ts';
import { NOT_MASKED, STORE_EXITS, withStore } from './store-access.ts';
import { timeText } from './times.ts';
import { jsonLine, printable } from './wording.ts';

export const command: Command = {
  name: 'audit',
  synopsis: '',
  about:
    'Lists what operators did, newest first: by command, in the console, and through the admin API. Reads only.\n' +
    NOT_MASKED,
  options: {
    limit: { type: 'string', short: 'n', default: '20', value: 'number', help: 'Entries shown.' },
    before: { type: 'string', value: 'number', help: 'The next page: only entries before this one.' },
    json: { type: 'boolean', help: 'Print one JSON object an entry.' },
    ...PLACE_OPTIONS,
  },
  exits: STORE_EXITS,
  positionals: [0, 0],
  run: audit,
};

/** Entries read at a time. */
const PAGE = 200;

async function audit(line: CommandLine): Promise<number> {
  const limit = wholeNumber(line, 'limit', 1, 1_000_000);
  const before = line.values['before'] === undefined ? undefined : wholeNumber(line, 'before', 1, 999_999_999_999);
  const json = line.flags['json'] === true;
  if (isRemote(line)) {
    const { remoteAudit } = await import('./remote/audit.ts');
    return await remoteAudit(line, { limit, before }, (found) => show(found, json, before));
  }
  return await withStore(line, ({ views }) => show(pages(views, limit, before), json, before));
}

async function show(
  found: AsyncIterable<readonly AuditEntry[]>,
  json: boolean,
  before: number | undefined,
): Promise<number> {
  let shown = 0;
  for await (const page of found) {
    shown += page.length;
    process.stdout.write(json ? page.map(jsonOf).join('') : readable(page));
  }
  if (shown === 0 && !json) {
    process.stdout.write(
      before === undefined ? 'No operator has done anything yet.\n' : `No entry before ${before}.\n`,
    );
  }
  return EXIT.ok;
}

async function* pages(views: Views, limit: number, before: number | undefined) {
  let beforeSeq = before;
  for (let left = limit; left > 0; left -= PAGE) {
    const most = Math.min(PAGE, left);
    const page = await views.audit({ ...(beforeSeq !== undefined && { beforeSeq }), limit: most });
    if (page.length > 0) yield page;
    if (page.length < most) return;
    beforeSeq = page.at(-1)?.seq;
  }
}

function jsonOf(entry: AuditEntry): string {
  return jsonLine({ ...entry, at: new Date(entry.at).toISOString() });
}

function readable(page: readonly AuditEntry[]): string {
  const width = Math.max(...page.map(({ seq }) => String(seq).length));
  const rows = page.map(({ seq, at, who, what, subject, detail }) => {
    const about = [what, subject, detail && `(${detail})`].filter(Boolean).join('  ');
    return [`${String(seq).padEnd(width)}  ${timeText(at)}  ${printable(who)}`, printable(about)] as const;
  });
  return `${columns(rows).join('\n')}\n`;
}
