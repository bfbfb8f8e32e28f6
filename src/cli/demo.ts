import { App } from '../app.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { rulesOf } from '../config/rules.ts';
import { SAMPLE_EVENT } from '../contract/samples.ts';
import { decide } from '../core/decide.ts';
import type { Decision, Rules } from '../core/types.ts';
import { type Command, type CommandLine, EXIT, heading, PlainError, UsageError } from './command.ts';
import { DEMO_TARGETS, type DemoCore, type DemoTarget, demoSettings, startDemoCore } from './demo-core.ts';
import { quietUntilToldOtherwise } from './demo-log.ts';
import { type Scene, story } from './demo-story.ts';
import { listenFault } from './listen-fault.ts';
import { Poster, type PostResult } from './poster.ts';
import { stopSignals } from './signals.ts';
import { styled } from './wording.ts';

/** A sheet has no subscribers to look up: its demo is another one. */
const TARGETS = [...DEMO_TARGETS, 'google-sheets'];

export const command: Command = {
  name: 'demo',
  synopsis: '',
  about:
    'Starts a connector (PORT, or 8000) with a core simulator inside, on this machine only, plays a short life of a few\n' +
    'subscribers through the real HTTP endpoint, shows what the core holds after each event, and stays up to be tried.\n' +
    'With --target osmo-hlr the core is a real osmo-hlr of its own, in a temporary folder; it has to be installed.\n' +
    'With --target google-sheets it has a sheet of its own, and shows the rows.',
  options: {
    target: { type: 'string', default: 'wtl', value: 'name', help: `The core: ${TARGETS.join(', ')}.` },
  },
  exits: { 69: 'a port cannot be had, or osmo-hlr is not installed' },
  positionals: [0, 0],
  run: demo,
};

const HOST = '127.0.0.1';
const TOKEN = 'demo-token';
const ADMIN_TOKEN = 'demo-admin-token';
const CONSOLE_TOKEN = 'demo-console-token';

async function demo(line: CommandLine): Promise<number> {
  if (line.values['target'] === 'google-sheets') return await (await import('./demo-sheets.ts')).demoSheets();
  const target = targetOf(line);
  // Judged before anything is started that would have to be stopped.
  demoConfig(demoSettings('http://core.invalid'));
  const stopped = stopSignals(() => process.exit(EXIT.failed));
  const core = await startDemoCore(target);
  const config = demoConfig(core.settings);
  const log = quietUntilToldOtherwise(config);
  const app = new App(config, log, core.simulated ? { simulated: core.simulated } : {});
  const url = await app.start().catch(async (error: unknown) => {
    await core.stop();
    throw new PlainError(listenFault(error, HOST, config.settings.PORT), EXIT.unavailable);
  });
  await play(`${url}/process-event`, rulesOf(config.settings), core);
  process.stdout.write(invitation(new URL(url).port, core));
  log.speak();
  await stopped;
  await app.stop();
  await core.stop();
  process.stdout.write('\nStopped.\n');
  return EXIT.ok;
}

function targetOf(line: CommandLine): DemoTarget {
  const name = line.values['target'];
  const target = DEMO_TARGETS.find((known) => known === name);
  if (!target) throw new UsageError(`--target must be one of ${TARGETS.join(', ')}, not "${name}"`);
  return target;
}

/** Only the port is taken from outside: a demo must not touch a real core. */
function demoConfig(coreSettings: Readonly<Record<string, string>>): Config {
  return loadConfig({
    HOST,
    PORT: process.env['PORT'] || '8000',
    APP_NAME: 'nsps-connector-demo',
    API_TOKEN: TOKEN,
    ADMIN_TOKEN,
    CONSOLE_TOKEN,
    STORE_URL: 'memory:',
    ...coreSettings,
  });
}

async function play(url: string, rules: Rules, core: DemoCore): Promise<void> {
  const poster = new Poster({ url, token: TOKEN, retries: 0, concurrency: 1 });
  process.stdout.write(`\n${heading('event → decision → what the core now holds')}\n\n`);
  for (const [index, scene] of story().entries()) {
    const result = await poster.post(JSON.stringify(scene.event));
    const holds = scene.imsis.map((imsi) => core.holds(imsi)).filter((held) => held !== null);
    const decision = decide(scene.event, rules);
    process.stdout.write(rowOf(index + 1, scene, decision, result, holds));
  }
  await poster.close();
}

function rowOf(number: number, { title, event }: Scene, decision: Decision, result: PostResult, holds: string[]) {
  const { message, error } = result.body as { message: string; error?: string };
  const colour = result.status === 202 ? 'green' : 'yellow';
  const answer = styled(colour, `${result.status} ${message}`);
  const type = event.data.event_type;
  const lines = [
    `${String(number).padStart(2)}. ${title.padEnd(34)} ${type.padEnd(15)} → ${wordFor(decision).padEnd(7)} → ${answer}`,
    ...(error ? [`${' '.repeat(6)}${error}`] : []),
    ...holds.map((held) => `      ${held}`),
  ];
  return `${lines.join('\n')}\n`;
}

function wordFor(decision: Decision): string {
  return decision.kind === 'provision' ? decision.action : decision.kind;
}

function invitation(port: string, core: DemoCore): string {
  const url = `http://localhost:${port}`;
  const { event_id, data, pb_data } = SAMPLE_EVENT;
  const { account_info, sim_info } = pb_data;
  const event = {
    event_id,
    data: { event_type: data.event_type },
    pb_data: {
      account_info: { id: account_info.id, bill_status: account_info.bill_status, blocked: false },
      sim_info: { imsi: sim_info.imsi },
    },
  };
  return [
    '',
    `${heading('Still running:')} connector ${url}/process-event   health ${url}/health`,
    `               core      ${core.address}`,
    `               console   ${url}/console   sign in with ${CONSOLE_TOKEN}`,
    '',
    heading('Try it:'),
    `  curl -s ${url}/process-event -H 'Authorization: Bearer ${TOKEN}' -H 'Content-Type: application/json' \\`,
    `    -d '${JSON.stringify(event)}'`,
    `  ${core.lookInside(sim_info.imsi)}`,
    '',
    'Ctrl-C ends it. Log lines of the connector follow.',
    '',
    '',
  ].join('\n');
}
