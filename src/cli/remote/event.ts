import type { EventStory, Explanation } from '../../contract/admin.ts';
import type { Decision } from '../../core/types.ts';
import type { Standing } from '../../operate/story.ts';
import { decisionLines } from '../../operate/wording.ts';
import { type CommandLine, EXIT } from '../command.ts';
import { eventJson } from '../event-json.ts';
import { storyText, unknownEvent } from '../event-text.ts';
import { jsonLine } from '../wording.ts';
import { withConnector } from './access.ts';
import { requestText } from './preview.ts';
import { eventOf, RemoteViews } from './views.ts';

/** `event <id> --url`: the whole story, as a connector that runs elsewhere tells it. */
export async function remoteEvent(line: CommandLine, id: string): Promise<number> {
  return await withConnector(line, async (client) => {
    const views = new RemoteViews(client);
    const story = await views.story(id);
    if (!story) throw unknownEvent(id, true);
    if (story.raw.masked) {
      process.stderr.write('The connector masks IMSIs and numbers in what NSPS sent (LOG_PII=mask).\n');
    }
    process.stdout.write(line.flags['raw'] ? story.raw.text : await toldText(story, views, line));
    return EXIT.ok;
  });
}

async function toldText(story: EventStory, views: RemoteViews, { flags }: CommandLine): Promise<string> {
  const event = eventOf(story);
  const subscribers: Standing[] = [];
  for (const { imsi } of story.subscribers) {
    const subscriber = await views.subscriber(imsi);
    if (subscriber) subscribers.push(subscriber);
  }
  const { decision, steps } = story.today;
  if (flags['json']) return jsonLine({ ...eventJson(event, true), today: { decision, steps }, subscribers });
  return storyText({ event, steps, today: todayLines(story.today), subscribers });
}

/** The API tells the requests instead of the changes they are made of. */
function todayLines({ decision, requests }: Explanation): string[] {
  if (decision.kind === 'provision') return requests.map((request) => `send ${requestText(request)}`);
  return decisionLines(decision as Decision);
}
