import { durableStoresKeepTheirPromises } from '../helpers/store-promises.ts';

/** Twelve in `npm test` find the common slips; what takes a rare order of things is found here. */
durableStoresKeepTheirPromises(300);
