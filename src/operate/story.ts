import type { Subscriber } from '../core/subscriber.ts';
import type { Rules } from '../core/types.ts';
import type { StoredEvent, Views } from '../ports/store.ts';
import type { Previewer } from '../ports/target.ts';
import { type Walked, walk } from './explain.ts';
import { type Untaken, untakenOf } from './untaken.ts';

/** An event, what it would mean today, and the subscribers it is about. */
export interface Story {
  readonly event: StoredEvent;
  readonly today: Walked;
  readonly subscribers: readonly Standing[];
}

/** How a subscriber stands: what is kept of him, and what was asked for him and not taken. */
export interface Standing extends Subscriber {
  readonly untaken: Untaken | null;
}

/** Gathers the story of an event of the journal. */
export async function storyOf(event: StoredEvent, views: Views, rules: Rules, preview: Previewer): Promise<Story> {
  const today = walk(event.body, rules, preview);
  const imsis = [...new Set([event.imsi, event.previousImsi])].filter((imsi) => imsi !== null);
  const subscribers: Standing[] = [];
  for (const imsi of imsis) {
    const subscriber = await views.subscriber(imsi);
    if (subscriber) subscribers.push({ ...subscriber, untaken: await untakenOf(imsi, subscriber, views) });
  }
  return { event, today, subscribers };
}
