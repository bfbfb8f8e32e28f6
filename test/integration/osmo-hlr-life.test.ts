import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { skip } from '../helpers/osmo.ts';
import { osmoLife } from '../helpers/osmo-life.ts';

describe('200 subscribers, 5 changes each, an OsmoHLR that is locked out, stopped and killed', { skip }, () => {
  for (const delivery of ['inline', 'queued']) {
    test(`${delivery}: in the end its own database is what billing says`, async () => {
      const { acknowledged, divergent, troubles } = await osmoLife({ subscribers: 200, changes: 5, delivery });
      assert.deepEqual(divergent, []);
      assert.deepEqual([acknowledged, troubles.length], [1000, 4]);
    });
  }
});
