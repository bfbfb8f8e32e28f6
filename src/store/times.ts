/** A time as databases keep it. Delays come in fractions of milliseconds: nothing is done before its time. */
export function wholeMs(ms: number): number;
export function wholeMs(ms: number | null): number | null;
export function wholeMs(ms: number | null): number | null {
  return ms === null ? null : Math.ceil(ms);
}
