import { durableStoresKeepTheirPromises } from '../helpers/store-promises.ts';

durableStoresKeepTheirPromises(12);
