import { CoreSimulator } from '../../sim/core-simulator.ts';
import { OsmoHlr, osmoHlrProgram } from '../../sim/osmo-hlr.ts';
import type { Subscriber } from '../../sim/subscribers.ts';
import type { TargetName } from '../config/setting.ts';
import type { Simulated } from '../contract/admin.ts';
import { EXIT, PlainError } from './command.ts';

const HOST = '127.0.0.1';
const CORE_TOKEN = 'demo-core-token';

/** The external system of a demo: started for it alone, and gone with it. */
export interface DemoCore {
  /** How the connector finds it. */
  readonly settings: Readonly<Record<string, string>>;
  /** What it holds of a subscriber, as one line; null when it does not know him. */
  holds(imsi: string): string | null;
  /** Where it is, and how to look inside by hand. */
  readonly address: string;
  lookInside(imsi: string): string;
  /** Everybody it holds, for the console; absent when it cannot tell. */
  readonly simulated?: () => Simulated['subscribers'];
  stop(): Promise<void>;
}

/** The systems that can be had for a demo. */
const CORES = { wtl: simulator, 'osmo-hlr': osmoHlr } satisfies Partial<Record<TargetName, () => Promise<DemoCore>>>;

export type DemoTarget = keyof typeof CORES;
export const DEMO_TARGETS = Object.keys(CORES) as DemoTarget[];

/** @throws PlainError when the system cannot be had on this machine. */
export function startDemoCore(target: DemoTarget): Promise<DemoCore> {
  return CORES[target]();
}

/** What the simulator would be reached at: enough to judge the other settings before anything is started. */
export function demoSettings(coreUrl: string): Readonly<Record<string, string>> {
  return { WTL_API_URL: coreUrl, WTL_API_TOKEN: CORE_TOKEN };
}

async function simulator(): Promise<DemoCore> {
  const core = new CoreSimulator({ host: HOST, port: 0, token: CORE_TOKEN });
  const url = await core.start();
  const { origin } = new URL(url);
  return {
    settings: demoSettings(url),
    holds: (imsi) => {
      const subscriber = core.subscribers.get(imsi);
      if (!subscriber) return null;
      const { subscriber_status, msisdn, cs_profile, eps_profile } = subscriber;
      return lineOf(imsi, subscriber_status, msisdn[0], `${cs_profile} / ${eps_profile}`);
    },
    address: `${origin}/subscribers`,
    lookInside: (imsi) => `curl -s ${origin}/subscribers/${imsi}`,
    simulated: () => core.subscribers.all().map(simulatedOf),
    stop: () => core.stop(),
  };
}

/** As the admin API tells it. */
function simulatedOf({ imsi, subscriber_status, msisdn, cs_profile, eps_profile }: Subscriber) {
  return { imsi, status: subscriber_status, msisdn, csProfile: cs_profile ?? '', epsProfile: eps_profile ?? '' };
}

async function osmoHlr(): Promise<DemoCore> {
  if (osmoHlrProgram() === null) {
    const words = 'osmo-hlr is not installed here; on Debian and Ubuntu: apt-get install osmo-hlr';
    throw new PlainError(words, EXIT.unavailable);
  }
  const hlr = await OsmoHlr.start().catch((error: Error) => {
    throw new PlainError(error.message, EXIT.unavailable);
  });
  return {
    settings: hlr.settings,
    holds: (imsi) => {
      const held = hlr.subscriber(imsi);
      if (!held) return null;
      return lineOf(imsi, accessOf(held), held.msisdn ?? undefined, `CS ${held.nam_cs}, PS ${held.nam_ps}`);
    },
    address: `osmo-hlr on ${hlr.host}: control interface ${hlr.ctrlPort}, VTY ${hlr.vtyPort}, GSUP ${hlr.gsupPort}`,
    lookInside: (imsi) =>
      `printf 'enable\\rsubscriber imsi ${imsi} show\\r' | curl -s -m 1 telnet://${hlr.host}:${hlr.vtyPort}`,
    stop: () => hlr.stop(),
  };
}

function accessOf({ nam_cs, nam_ps }: { nam_cs: number; nam_ps: number }): string {
  return nam_cs === 1 && nam_ps === 1 ? 'network access cs+ps' : 'network access none';
}

function lineOf(imsi: string, status: string, msisdn: string | undefined, more: string): string {
  return `${imsi}  ${status.padEnd(26)} ${(msisdn ?? 'no number').padEnd(12)} ${more}`;
}
