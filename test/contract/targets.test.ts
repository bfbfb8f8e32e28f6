import { CoreSimulator } from '../../sim/core-simulator.ts';
import { systemClock } from '../../src/observe/clock.ts';
import { WtlTarget } from '../../src/targets/wtl/target.ts';
import { type TargetUnderTest, targetSuite } from './target.suite.ts';

targetSuite('wtl, against the core simulator', async (): Promise<TargetUnderTest> => {
  const core = new CoreSimulator({ port: 0, token: 'core-token' });
  const url = new URL(await core.start());
  const target = new WtlTarget(
    { url, token: () => 'core-token', connections: 2, connectTimeoutMs: 1000, tls: {} },
    systemClock,
  );
  return {
    target,
    holds: async (imsi) => {
      const held = core.subscribers.get(imsi);
      if (!held) return null;
      const granted = held.subscriber_status === 'serviceGranted';
      return { status: granted ? 'serviceGranted' : 'operatorDeterminedBarring', msisdn: held.msisdn[0] ?? null };
    },
    hang: () => core.setFaults({ script: [{ as: 'hang' }] }),
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await core.stop();
    },
  };
});
