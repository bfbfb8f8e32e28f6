import type { Simulated } from '../../contract/admin.ts';
import { useGet } from '../lib/load.ts';
import { counted, statusText } from '../lib/words.ts';
import { Badge, ImsiLink } from '../parts/bits.tsx';
import { Empty, PageHead, Show } from '../parts/states.tsx';

/** Who is on the core simulator of the demo. */
export function SimulatorPage() {
  const simulated = useGet<Simulated>('/admin/v1/simulator/subscribers', 2_000);
  return (
    <>
      <PageHead
        title="Core simulator"
        about="This connector speaks with a simulated network. This is what that network holds now."
      />
      <Show of={simulated} what="the simulator">
        {({ subscribers }) => <Subscribers subscribers={subscribers} />}
      </Show>
    </>
  );
}

function Subscribers({ subscribers }: { subscribers: Simulated['subscribers'] }) {
  if (subscribers.length === 0)
    return <Empty title="Nobody is on the simulator yet.">Send an event; its subscriber appears here.</Empty>;
  return (
    <>
      <p class="quiet">{counted(subscribers.length, 'subscriber')}</p>
      <div class="panel table-panel">
        <table class="table cards">
          <caption class="offscreen">Subscribers on the core simulator</caption>
          <thead>
            <tr>
              <th scope="col">IMSI</th>
              <th scope="col">Status</th>
              <th scope="col">Number</th>
              <th scope="col">CS profile</th>
              <th scope="col">EPS profile</th>
            </tr>
          </thead>
          <tbody>
            {subscribers.map(({ imsi, status, msisdn, csProfile, epsProfile }) => (
              <tr key={imsi}>
                <td data-label="IMSI">
                  <ImsiLink imsi={imsi} />
                </td>
                <td data-label="Status">
                  <Badge tone={status === 'serviceGranted' ? 'ok' : 'muted'} title={status}>
                    {statusText(status)}
                  </Badge>
                </td>
                <td data-label="Number" class="mono">
                  {msisdn.length > 0 ? msisdn.join(', ') : <span class="quiet">none</span>}
                </td>
                <td data-label="CS profile" class="mono">
                  {csProfile}
                </td>
                <td data-label="EPS profile" class="mono">
                  {epsProfile}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
