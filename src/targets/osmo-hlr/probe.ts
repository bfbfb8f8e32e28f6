import type { Config } from '../../config/load.ts';
import { isLoopback } from '../../config/loopback.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { Finding } from '../../ports/target.ts';
import { Ctrl } from './ctrl.ts';
import { type Address, byDeadline, dial } from './link.ts';
import { VtySession } from './vty-session.ts';
import { Halt, readByImsi, readInfo } from './wire.ts';

/** Longest wait for each step, in milliseconds. */
const PATIENCE_MS = 5_000;

/** No SIM has it: nobody's data is read. */
const NOBODY = '000000000000000';

/** The probe is a person's question, asked of the machine's own clocks. */
const clock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Asks both interfaces whether they are there and speak to us, changing nothing. */
export async function probe({ settings }: Config): Promise<Finding[]> {
  const { OSMO_HLR_HOST: host, OSMO_HLR_CTRL_PORT: ctrlPort, OSMO_HLR_VTY_PORT: vtyPort } = settings;
  const address = (port: number): Address => ({ host, port });
  return [
    ...exposed(host),
    await finding('control interface', 'OSMO_HLR_CTRL_PORT', address(ctrlPort), probeCtrl),
    await finding('VTY', 'OSMO_HLR_VTY_PORT', address(vtyPort), probeVty),
  ];
}

function exposed(host: string): Finding[] {
  if (isLoopback(host)) return [];
  const message = `${host} is not this machine: neither interface of osmo-hlr knows passwords or encryption, so keep the way there private`;
  return [{ verdict: 'warn', subject: 'core', message }];
}

async function finding(
  name: string,
  setting: string,
  address: Address,
  ask: (address: Address) => Promise<string>,
): Promise<Finding> {
  const where = `${address.host}:${address.port}`;
  try {
    return { verdict: 'ok', subject: name, message: `${where} ${await ask(address)}` };
  } catch (error) {
    const words = error instanceof Halt ? error.message : String(error);
    return {
      verdict: 'fail',
      subject: name,
      message: `${where} cannot be used: ${words}; is osmo-hlr running, and are OSMO_HLR_HOST and ${setting} right?`,
    };
  }
}

async function probeCtrl(address: Address): Promise<string> {
  const ctrl = new Ctrl(address, clock);
  try {
    readInfo(await ctrl.ask(readByImsi(NOBODY), clock.now() + PATIENCE_MS));
    return 'answers, and can read its database';
  } finally {
    ctrl.close();
  }
}

async function probeVty(address: Address): Promise<string> {
  const { signal } = new AbortController();
  const socket = await dial(address, clock, signal);
  const late = () => new Halt('timeout', 'Connection timeout: it gives no prompt', false);
  try {
    const session = await byDeadline(clock, clock.now() + PATIENCE_MS, VtySession.open(socket, signal), late);
    session.destroy('asked all');
    return 'answers, and takes commands';
  } finally {
    socket.destroy();
  }
}
