import { type ColumnRange, type StoreLocation, storeName } from './kinds.ts';
import { Secret } from './secret.ts';
import { rangeName } from './sheet.ts';
import { SETTING_NAMES, type Settings } from './table.ts';

/** The settings as a log line may show them: secrets say only whether they are set. */
export function redactedSettings(settings: Settings): Record<string, unknown> {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, printable(settings[name])]));
}

function printable(value: unknown): unknown {
  if (value instanceof Secret) return value.toJSON();
  if (value instanceof URL) return value.href;
  if (Array.isArray(value)) return value.map(({ title }: { title: string }) => title);
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === 'object' && value !== null && 'source' in value) return value.source;
  if (typeof value === 'object' && value !== null && 'first' in value) return rangeName(value as ColumnRange);
  if (typeof value === 'object' && value !== null && 'kind' in value) return storeName(value as StoreLocation);
  return value;
}
