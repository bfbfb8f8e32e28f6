import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/cli/command.ts';
import { SECRET_NAMES, SETTING_NAMES, SETTINGS } from '../../src/config/table.ts';
import { startApp } from '../helpers/app.ts';
import { CoreStub } from '../helpers/core-stub.ts';
import { anEvent } from '../helpers/events.ts';
import { post } from '../helpers/nsps.ts';
import { CORE_TOKEN, run, TOKEN } from '../helpers/program.ts';
import { Scrape } from '../helpers/prometheus.ts';
import { readsOf } from '../helpers/promql.ts';

/** What operators are given beside the program says nothing that the program does not know. */

const METRICS_TOKEN = 'token-of-prometheus-12345';
/** Given by Prometheus itself. */
const OF_PROMETHEUS = new Set(['job', 'instance']);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const runbook = text('docs/runbook.md');

let scrape: Scrape;
let core: CoreStub;

before(async () => {
  core = await CoreStub.start();
  await using app = await startApp(core.url, { METRICS_TOKEN });
  await post(app.eventUrl, anEvent());
  scrape = await Scrape.of(`${app.url}/metrics`, { authorization: `Bearer ${METRICS_TOKEN}` });
});

after(() => core.stop());

function checkQuery(query: string, where: string): void {
  const { reads, grouped } = readsOf(query);
  assert.ok(reads.length > 0, `${where} reads nothing`);
  const known = new Set(reads.flatMap(({ metric }) => [...scrape.labelsOf(metric), ...OF_PROMETHEUS]));
  for (const { metric, labels } of reads) {
    if (metric === 'up') continue;
    assert.ok(scrape.names.has(metric), `${where}: there is no metric ${metric}`);
    for (const label of labels) {
      assert.ok(scrape.labelsOf(metric).has(label) || OF_PROMETHEUS.has(label), `${where}: ${metric} has no ${label}`);
    }
  }
  for (const label of grouped) assert.ok(known.has(label), `${where}: nothing has the label ${label}`);
}

interface Rule {
  readonly alert: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads the rules: each is a list item of `name: value` lines; a value is plain, or in single quotes. */
function rulesIn(yaml: string): Rule[] {
  const [, ...items] = yaml.split(/^ {6}- alert: /m);
  return items.map((item) => {
    const [alert = '', ...lines] = item.trimEnd().split('\n');
    const pairs = lines.map((line) => {
      const [, key, value = ''] = /^ {8,10}(\w+):(?: (.+))?$/.exec(line) ?? [];
      assert.ok(key, `not understood: ${line}`);
      return [key, value.startsWith("'") ? value.slice(1, -1).replaceAll("''", "'") : value];
    });
    return { alert, fields: Object.fromEntries(pairs) };
  });
}

/** As code hosts make them of headings. */
function anchorsIn(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('the alerts look at metrics that there are, and lead to the runbook', () => {
  const rules = rulesIn(text('deploy/prometheus-alerts.yml'));
  assert.ok(rules.length >= 7);
  const anchors = anchorsIn(runbook);
  for (const { alert, fields } of rules) {
    checkQuery(fields['expr'] ?? '', alert);
    assert.match(fields['for'] ?? '', /^\d+m$/, alert);
    assert.match(fields['severity'] ?? '', /^(warning|critical)$/, alert);
    for (const field of ['summary', 'description']) assert.ok((fields[field] ?? '').length > 20, `${alert}: ${field}`);
    const [file, anchor = ''] = (fields['runbook_url'] ?? '').split('#');
    assert.equal(file, 'docs/runbook.md', alert);
    assert.ok(anchors.has(anchor), `${alert}: the runbook has no #${anchor}`);
  }
});

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

test('the dashboard looks at metrics that there are', () => {
  const dashboard = JSON.parse(text('deploy/grafana-dashboard.json')) as {
    panels: Panel[];
    templating: { list: { name: string; definition?: string }[] };
  };
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  for (const { title, targets, gridPos } of dashboard.panels) {
    assert.ok(gridPos.x + gridPos.w <= 24 && targets.length > 0, title);
    for (const { expr, legendFormat } of targets) {
      checkQuery(expr, title);
      const labels = new Set(readsOf(expr).reads.flatMap(({ metric }) => [...scrape.labelsOf(metric), 'instance']));
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) assert.ok(labels.has(label), title);
    }
  }
  const variables = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
  for (const definition of variables) assert.match(definition, /^label_values\(nsps_connector_build_info/);
});

test('what scrapes it is told of its settings by their names', () => {
  const scraping = text('deploy/prometheus.yml');
  for (const [name] of scraping.matchAll(/METRICS_\w+/g)) assert.ok((SETTING_NAMES as string[]).includes(name), name);
  assert.match(scraping, /^ {2}- prometheus-alerts\.yml$/m);
  assert.match(scraping, /^ {2}- job_name: nsps-connector$/m);
});

test('the unit for systemd starts what there is, gives it time to stop, and names settings that there are', () => {
  const lines = text('deploy/nsps-connector.service').matchAll(/^(\w+)=(.+)$/gm);
  const unit = new Map([...lines].map(([, name = '', value = '']) => [name, value]));
  const folder = unit.get('WorkingDirectory') ?? '';
  const [node = '', entrance = '', command] = (unit.get('ExecStart') ?? '').split(' ');
  assert.ok(node.startsWith(`${folder}/`), node);
  for (const file of [node.slice(folder.length + 1), entrance]) assert.ok(existsSync(join(ROOT, file)), file);
  assert.equal(command, 'serve');
  assert.ok(Number(unit.get('TimeoutStopSec')) > Number(SETTINGS.SHUTDOWN_TIMEOUT.fallback));
  assert.equal(unit.get('RestartPreventExitStatus'), String(EXIT.config));
  assert.equal(unit.get('StartLimitIntervalSec'), '0', 'five starts while a database is away must not be the last');
  const [setting = ''] = (unit.get('Environment') ?? '').split('=');
  assert.ok((SETTING_NAMES as string[]).includes(setting), setting);
});

/** Commands in the runbook's text and examples, each with its options. */
function commandsIn(markdown: string): { command: string; options: string[] }[] {
  const examples = [...markdown.matchAll(/^ {4}nsps-connector (.+)$/gm)].map(
    ([, line = '']) => line.split(/ {3,}/, 1)[0] ?? '',
  );
  const inline = [...markdown.matchAll(/`nsps-connector ([^`]+)`/g)].map(([, line = '']) => line);
  return [...examples, ...inline].map((line) => {
    const [command = '', ...words] = line.split(' ');
    return { command, options: words.filter((word) => word.startsWith('-')) };
  });
}

test('every command and option in the runbook exists', async () => {
  const commands = commandsIn(runbook);
  assert.ok(commands.length > 20);
  const helps = new Map<string, string>();
  for (const command of new Set(commands.map(({ command }) => command))) {
    const { code, stdout } = await run([command, '--help']);
    assert.equal(code, 0, command);
    helps.set(command, stdout);
  }
  for (const { command, options } of commands) {
    for (const option of options) {
      assert.match(helps.get(command) ?? '', new RegExp(`(^|[\\s,])${option}[\\s,]`), `${command} ${option}`);
    }
  }
});

test('ids in examples are whole, as the commands want them', () => {
  for (const document of [runbook, text('docs/operating.md')]) {
    const examples = [...document.matchAll(/^ {4}nsps-connector (?:event|replay) ([^-\s].*)$/gm)];
    assert.ok(examples.length > 0);
    for (const [example, ids = ''] of examples) {
      const [id = ''] = ids.split(' ');
      assert.match(id, /^([\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|<[a-z-]+>)$/, example);
    }
  }
});

test('every setting and metric in the runbook exists', () => {
  const settings = new Set<string>([...SETTING_NAMES, ...SECRET_NAMES.map((name) => `${name}_FILE`)]);
  for (const [, name = ''] of runbook.matchAll(/`([A-Z][A-Z\d]*_[A-Z\d_]+|DELIVERY)(?:=[^`]*)?`/g)) {
    assert.ok(settings.has(name), name);
  }
  const families = new Set(scrape.types.keys());
  const metrics = new Set([...runbook.matchAll(/nsps_connector_\w+/g)].map(([name]) => name));
  for (const metric of metrics) assert.ok(families.has(metric), metric);
  for (const [, anchor = ''] of runbook.matchAll(/\]\(#([\w-]+)\)/g)) assert.ok(anchorsIn(runbook).has(anchor), anchor);
});

test('a port for metrics that is taken is named, and the connector does not start', async () => {
  const taken = String(core.port);
  const env = { HOST: '127.0.0.1', PORT: '0', METRICS_PORT: taken, API_TOKEN: TOKEN, WTL_API_TOKEN: CORE_TOKEN };
  const { code, stderr } = await run(['serve'], { ...env, WTL_API_URL: core.url });
  assert.equal(code, 69);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1 port ${taken} is in use: .* choose another METRICS_PORT`));
});

test('an address for metrics that is none of this machine is named, also for any free port', async () => {
  const env = { HOST: '127.0.0.1', PORT: '0', API_TOKEN: TOKEN, WTL_API_TOKEN: CORE_TOKEN, WTL_API_URL: core.url };
  const { code, stderr } = await run(['serve'], { ...env, METRICS_PORT: '0', METRICS_HOST: '192.0.2.1' });
  assert.equal(code, 69);
  assert.match(stderr, /192\.0\.2\.1 is no address of this machine: check METRICS_HOST$/m);
});
