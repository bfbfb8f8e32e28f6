import { postgresBench } from '../helpers/postgres.ts';
import { storeContract } from './store.suite.ts';

storeContract('PostgreSQL', postgresBench);
