import { Cell, useCell } from './cell.ts';

/** A clock that is off by less shows nothing wrong. */
const WORTH_MINDING_MS = 2_000;

let offsetMs = 0;
const second = new Cell(Date.now());
setInterval(() => {
  second.value = serverNow();
}, 1_000);

/** Ages are told by the connector's clock: the one of this machine may be wrong. @param at its time, ISO 8601. */
export function setServerTime(at: string): void {
  const off = Date.parse(at) - Date.now();
  offsetMs = Math.abs(off) > WORTH_MINDING_MS ? off : 0;
}

/** Milliseconds since 1970, by the connector's clock. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** The same, anew every second. */
export function useNow(): number {
  return useCell(second);
}
