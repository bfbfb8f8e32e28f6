import { styleText } from 'node:util';
import { CoreSimulator } from '../../sim/core-simulator.ts';
import type { Subscriber } from '../../sim/subscribers.ts';
import { App } from '../app.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { rulesOf } from '../config/rules.ts';
import { SAMPLE_EVENT } from '../contract/samples.ts';
import { decide } from '../core/decide.ts';
import type { Decision, Rules } from '../core/types.ts';
import { type Command, type CommandLine, EXIT, heading, PlainError, UsageError } from './command.ts';
import { quietUntilToldOtherwise } from './demo-log.ts';
import { type Scene, story } from './demo-story.ts';
import { listenFault } from './listen-fault.ts';
import { Poster, type PostResult } from './poster.ts';
import { stopSignals } from './signals.ts';

export const command: Command = {
  name: 'demo',
  synopsis: '',
  about:
    'Starts a connector (PORT, or 8000) with a core simulator inside, on this machine only, plays a short life of a few\n' +
    'subscribers through the real HTTP endpoint, shows what the core holds after each event, and stays up to be tried.',
  options: {
    target: {
      type: 'string',
      default: 'wtl',
      value: 'name',
      help: 'What the connector serves: wtl, or google-sheets with a sheet of its own.',
    },
  },
  exits: { 69: 'a port cannot be had' },
  positionals: [0, 0],
  run: demo,
};

const HOST = '127.0.0.1';
const TOKEN = 'demo-token';
const CORE_TOKEN = 'demo-core-token';
const ADMIN_TOKEN = 'demo-admin-token';
const CONSOLE_TOKEN = 'demo-console-token';

async function demo(line: CommandLine): Promise<number> {
  const { target } = line.values;
  if (target === 'google-sheets') return await (await import('./demo-sheets.ts')).demoSheets();
  if (target !== 'wtl') throw new UsageError(`--target must be wtl or google-sheets, not "${target}"`);
  // Judged before anything is started that would have to be stopped.
  demoConfig('http://core.invalid');
  const stopped = stopSignals(() => process.exit(EXIT.failed));
  const core = new CoreSimulator({ host: HOST, port: 0, token: CORE_TOKEN });
  const coreUrl = await core.start();
  const config = demoConfig(coreUrl);
  const log = quietUntilToldOtherwise(config);
  const app = new App(config, log, { simulated: () => core.subscribers.all().map(simulatedOf) });
  const url = await app.start().catch(async (error: unknown) => {
    await core.stop();
    throw new PlainError(listenFault(error, HOST, config.settings.PORT), EXIT.unavailable);
  });
  await play(`${url}/process-event`, rulesOf(config.settings), core);
  process.stdout.write(invitation(new URL(url).port, new URL(coreUrl).origin));
  log.speak();
  await stopped;
  await app.stop();
  await core.stop();
  process.stdout.write('\nStopped.\n');
  return EXIT.ok;
}

/** Only the port is taken from outside: a demo must not touch a real core. */
function demoConfig(coreUrl: string): Config {
  return loadConfig({
    HOST,
    PORT: process.env['PORT'] || '8000',
    APP_NAME: 'nsps-connector-demo',
    API_TOKEN: TOKEN,
    WTL_API_URL: coreUrl,
    WTL_API_TOKEN: CORE_TOKEN,
    ADMIN_TOKEN,
    CONSOLE_TOKEN,
    STORE_URL: 'memory:',
  });
}

async function play(url: string, rules: Rules, core: CoreSimulator): Promise<void> {
  const poster = new Poster({ url, token: TOKEN, retries: 0, concurrency: 1 });
  process.stdout.write(`\n${heading('event → decision → what the core now holds')}\n\n`);
  for (const [index, scene] of story().entries()) {
    const result = await poster.post(JSON.stringify(scene.event));
    const holds = scene.imsis.map((imsi) => core.subscribers.get(imsi)).filter((subscriber) => subscriber !== null);
    const decision = decide(scene.event, rules);
    process.stdout.write(rowOf(index + 1, scene, decision, result, holds));
  }
  await poster.close();
}

function rowOf(number: number, { title, event }: Scene, decision: Decision, result: PostResult, holds: Subscriber[]) {
  const { message, error } = result.body as { message: string; error?: string };
  const colour = result.status === 202 ? 'green' : 'yellow';
  const answer = styleText(colour, `${result.status} ${message}`, { stream: process.stdout });
  const type = event.data.event_type;
  const lines = [
    `${String(number).padStart(2)}. ${title.padEnd(34)} ${type.padEnd(15)} → ${wordFor(decision).padEnd(7)} → ${answer}`,
    ...(error ? [`${' '.repeat(6)}${error}`] : []),
    ...holds.map((subscriber) => `      ${holdingOf(subscriber)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function wordFor(decision: Decision): string {
  return decision.kind === 'provision' ? decision.action : decision.kind;
}

function holdingOf(subscriber: Subscriber): string {
  const { imsi, subscriber_status, msisdn, cs_profile, eps_profile } = subscriber;
  const number = msisdn[0] ?? 'no number';
  return `${imsi}  ${subscriber_status.padEnd(26)} ${number.padEnd(12)} ${cs_profile} / ${eps_profile}`;
}

/** As the admin API tells it. */
function simulatedOf({ imsi, subscriber_status, msisdn, cs_profile, eps_profile }: Subscriber) {
  return { imsi, status: subscriber_status, msisdn, csProfile: cs_profile ?? '', epsProfile: eps_profile ?? '' };
}

function invitation(port: string, coreOrigin: string): string {
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
    `               core      ${coreOrigin}/subscribers`,
    `               console   ${url}/console   sign in with ${CONSOLE_TOKEN}`,
    '',
    heading('Try it:'),
    `  curl -s ${url}/process-event -H 'Authorization: Bearer ${TOKEN}' -H 'Content-Type: application/json' \\`,
    `    -d '${JSON.stringify(event)}'`,
    `  curl -s ${coreOrigin}/subscribers/${sim_info.imsi}`,
    '',
    'Ctrl-C ends it. Log lines of the connector follow.',
    '',
    '',
  ].join('\n');
}
