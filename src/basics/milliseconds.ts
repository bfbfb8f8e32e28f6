/** A duration to the hundredth of a millisecond: digits beyond are of no use to whoever reads it. */
export function toHundredth(ms: number): number {
  return Math.round(ms * 100) / 100;
}
