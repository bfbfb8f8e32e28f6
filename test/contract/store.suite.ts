import type { SharedBench } from './store-bench.ts';
import { doubtsContract } from './store-doubts.suite.ts';
import { journalContract } from './store-journal.suite.ts';
import { operatorsContract } from './store-operators.suite.ts';
import { statesContract } from './store-states.suite.ts';
import { waitingContract } from './store-waiting.suite.ts';

/** What every store must do, whatever it is made of. */
export function storeContract(name: string, makeBench: () => Promise<SharedBench>): void {
  statesContract(name, makeBench);
  doubtsContract(name, makeBench);
  journalContract(name, makeBench);
  operatorsContract(name, makeBench);
  waitingContract(name, makeBench);
}
