import { test } from 'node:test';
import { skip } from '../helpers/osmo.ts';
import { googleSheets } from './target/google-sheets.ts';
import { osmoStandIn, realOsmoHlr } from './target/osmo-hlr.ts';
import { recordingTargetSuite } from './target/records.suite.ts';
import { stateTargetSuite } from './target/states.suite.ts';
import { wtl } from './target/wtl.ts';

stateTargetSuite('wtl, against the core simulator', wtl);

if (skip) test('target: osmo-hlr, the real daemon', { skip });
else stateTargetSuite('osmo-hlr, the real daemon', realOsmoHlr);
stateTargetSuite('osmo-hlr, the stand-in', osmoStandIn);

recordingTargetSuite('google-sheets, against the emulator', googleSheets);
