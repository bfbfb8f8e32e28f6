import type { Subscriber } from '../core/subscriber.ts';

/** Which page of a list that is in the order of IMSIs. */
interface Place {
  readonly afterImsi?: string;
  readonly limit: number;
}

/** Goes through such a list, a page of `limit` at a time; the last one may be empty. */
export async function* subscriberPages(
  limit: number,
  read: (place: Place) => Promise<readonly Subscriber[]>,
): AsyncGenerator<readonly Subscriber[]> {
  for (let place: Place = { limit }; ; ) {
    const page = await read(place);
    yield page;
    const last = page.at(-1);
    if (page.length < limit || !last) return;
    place = { afterImsi: last.imsi, limit };
  }
}
