import { sqliteBench } from '../helpers/sqlite-bench.ts';
import { storeContract } from './store.suite.ts';

storeContract('SQLite', sqliteBench);
