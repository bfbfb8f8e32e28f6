import type { EventSummary } from '../../contract/admin.ts';
import { Age, Dash, EventLink, ImsiLink, StateBadge } from './bits.tsx';

interface EventTableProps {
  readonly events: readonly EventSummary[];
  readonly caption: string;
  /** On the page of one subscriber his IMSI is in every row the same. */
  readonly withoutImsi?: boolean;
  readonly onReplay?: (event: EventSummary) => void;
}

/** Events, newest first; on a narrow screen a card each. */
export function EventTable({ events, caption, withoutImsi = false, onReplay }: EventTableProps) {
  return (
    <table class="table event-table">
      <caption class="offscreen">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Received</th>
          <th scope="col">Outcome</th>
          <th scope="col">Type</th>
          {!withoutImsi && <th scope="col">IMSI</th>}
          <th scope="col">Event</th>
          <th scope="col" class="number" title="How often NSPS sent it / calls made for it">
            Sent / calls
          </th>
          <th scope="col">Why</th>
          {onReplay && (
            <th scope="col">
              <span class="offscreen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <Row key={event.seq} event={event} withoutImsi={withoutImsi} onReplay={onReplay} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly event: EventSummary;
  readonly withoutImsi: boolean;
  readonly onReplay: ((event: EventSummary) => void) | undefined;
}

function Row({ event, withoutImsi, onReplay }: RowProps) {
  return (
    <tr>
      <td class="at nowrap">
        <Age at={event.receivedAt} />
      </td>
      <td class="outcome">
        <StateBadge state={event.state} />
      </td>
      <td class="type">{event.type}</td>
      {!withoutImsi && (
        <td class="who">
          <ImsiLink imsi={event.imsi} />
        </td>
      )}
      <td class="id">
        <EventLink id={event.eventId} short />
      </td>
      <td data-label="Sent / calls" class="calls number">
        {event.deliveries} / {event.attempts}
      </td>
      <td class="why">{event.why ?? <Dash />}</td>
      {onReplay && (
        <td class="row-actions">
          <button
            type="button"
            class="button small"
            aria-label={`Replay event ${event.eventId}`}
            onClick={() => onReplay(event)}
          >
            Replay
          </button>
        </td>
      )}
    </tr>
  );
}
