import type { Subscriber } from '../core/subscriber.ts';
import type { Rules } from '../core/types.ts';
import type { StoredEvent, Views } from '../ports/store.ts';
import { type Preview, type Walked, walk } from './explain.ts';

/** An event, what it would mean today, and the subscribers it is about. */
export interface Story {
  readonly event: StoredEvent;
  readonly today: Walked;
  readonly subscribers: readonly Subscriber[];
}

/** Gathers the story of an event of the journal. */
export async function storyOf(event: StoredEvent, views: Views, rules: Rules, preview: Preview): Promise<Story> {
  const today = walk(event.body, rules, preview);
  const imsis = [...new Set([event.imsi, event.previousImsi])].filter((imsi) => imsi !== null);
  const subscribers: Subscriber[] = [];
  for (const imsi of imsis) {
    const subscriber = await views.subscriber(imsi);
    if (subscriber) subscribers.push(subscriber);
  }
  return { event, today, subscribers };
}
