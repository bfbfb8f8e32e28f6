import { memoryBench, sqliteBench } from '../helpers/sqlite-bench.ts';
import { storeContract } from './store.suite.ts';
import { operatorsContract } from './store-operators.suite.ts';

storeContract('SQLite', sqliteBench);
operatorsContract('memory', memoryBench);
