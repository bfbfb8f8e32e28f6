import { test } from 'node:test';
import { CoreSimulator } from '../../sim/core-simulator.ts';
import { OsmoHlr } from '../../sim/osmo-hlr.ts';
import { systemClock } from '../../src/observe/clock.ts';
import { OsmoHlrTarget } from '../../src/targets/osmo-hlr/target.ts';
import { WtlTarget } from '../../src/targets/wtl/target.ts';
import { skip } from '../helpers/osmo.ts';
import { OsmoStandIn } from '../helpers/osmo-stand-in.ts';
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

async function realOsmoHlr(): Promise<TargetUnderTest> {
  const hlr = await OsmoHlr.start();
  const { host, ctrlPort, vtyPort } = hlr;
  const target = new OsmoHlrTarget({ host, ctrlPort, vtyPort, timeoutMs: 5_000 }, systemClock);
  return {
    target,
    holds: async (imsi) => {
      const held = hlr.subscriber(imsi);
      if (!held) return null;
      const granted = held.nam_cs === 1 && held.nam_ps === 1;
      return { status: granted ? 'serviceGranted' : 'operatorDeterminedBarring', msisdn: held.msisdn };
    },
    hang: () => hlr.signal('SIGSTOP'),
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await hlr.stop();
    },
  };
}

if (skip) test('target: osmo-hlr, the real daemon', { skip });
else targetSuite('osmo-hlr, the real daemon', realOsmoHlr);

targetSuite('osmo-hlr, the stand-in', async (): Promise<TargetUnderTest> => {
  const standIn = await OsmoStandIn.start();
  const { host, ctrlPort, vtyPort } = standIn;
  const target = new OsmoHlrTarget({ host, ctrlPort, vtyPort, timeoutMs: 5_000 }, systemClock);
  return {
    target,
    holds: async (imsi) => {
      const held = standIn.rows.get(imsi);
      if (!held) return null;
      return { status: held.cs && held.ps ? 'serviceGranted' : 'operatorDeterminedBarring', msisdn: held.msisdn };
    },
    hang: () => {
      standIn.onCtrl = () => true;
    },
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await standIn[Symbol.asyncDispose]();
    },
  };
});
