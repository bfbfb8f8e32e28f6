/** What an account's billing status means for service. */
type BillStatus = 'open' | 'suspended' | 'inactive' | 'terminated';

/** Spellings that NSPS's documents show (contract §2.1); a Map, so that no inherited name is a spelling. */
const SPELLINGS: ReadonlyMap<string, BillStatus> = new Map([
  ['open', 'open'],
  ['active', 'open'],
  ['o', 'open'],
  ['suspended', 'suspended'],
  ['s', 'suspended'],
  ['inactive', 'inactive'],
  ['i', 'inactive'],
  ['terminated', 'terminated'],
  ['closed', 'terminated'],
  ['c', 'terminated'],
]);

/** @returns null for a spelling nobody has documented. */
export function readBillStatus(text: string): BillStatus | null {
  return SPELLINGS.get(text.toLowerCase()) ?? null;
}
