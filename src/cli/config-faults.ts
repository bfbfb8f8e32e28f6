import type { SettingFault } from '../config/faults.ts';
import { columns } from './command.ts';

/** All faults of the settings, one a line. */
export function configFaults(command: string, faults: readonly SettingFault[]): string {
  const count = faults.length === 1 ? '1 setting is wrong' : `${faults.length} settings are wrong`;
  const rows = faults.map(({ name, message }) => [name, message] as const);
  return [`nsps-connector ${command}: ${count}:`, ...columns(rows), 'See docs/config.md for every setting.'].join('\n');
}
