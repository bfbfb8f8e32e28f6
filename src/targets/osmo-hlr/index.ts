import type { Config } from '../../config/load.ts';
import type { Change } from '../../core/types.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { Target, TargetRequest } from '../../ports/target.ts';
import { OsmoHlrTarget } from './target.ts';
import { readByImsi, stepsTo } from './wire.ts';

export { probe } from './probe.ts';

/** Connects with the first call. */
export function open({ settings }: Config, clock: Clock): Target {
  return new OsmoHlrTarget(
    {
      host: settings.OSMO_HLR_HOST,
      ctrlPort: settings.OSMO_HLR_CTRL_PORT,
      vtyPort: settings.OSMO_HLR_VTY_PORT,
      timeoutMs: settings.OSMO_HLR_TIMEOUT * 1000,
    },
    clock,
  );
}

/** What is said depends on what the HLR holds: shown is what a new subscriber, and one in the opposite state, would need. */
export function preview({ settings }: Config, change: Change): TargetRequest {
  const { OSMO_HLR_HOST: host, OSMO_HLR_CTRL_PORT: ctrl, OSMO_HLR_VTY_PORT: vty } = settings;
  const { imsi, status, msisdn } = change.state;
  const on = status !== 'serviceGranted';
  const said = (held: Parameters<typeof stepsTo>[1]) =>
    stepsTo(change, held).map(({ via, command }) => `${via}: ${command}`);
  const body = {
    read: `ctrl: ${readByImsi(imsi)}`,
    when_unknown: said(null),
    when_all_differs: said({ imsi, msisdn: msisdn === null ? '(another)' : null, cs: on, ps: on }),
    when_nothing_differs: [],
  };
  return { method: 'CTRL+VTY', url: `osmo-hlr://${host}:${ctrl},${vty}`, body };
}
