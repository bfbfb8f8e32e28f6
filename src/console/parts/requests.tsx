import type { RequestView } from '../../contract/admin.ts';
import { Json } from './bits.tsx';

/** Calls to the network, exactly as they are made, in their order. */
export function Requests({ requests }: { requests: readonly RequestView[] }) {
  return (
    <ol class="requests">
      {requests.map((request, index) => (
        // Their order is all that tells them apart.
        <li key={index}>
          <div class="request-line mono">
            <strong>{request.method}</strong> {request.url}
          </div>
          <Json value={request.body} label={`Body of request ${index + 1}`} />
        </li>
      ))}
    </ol>
  );
}
