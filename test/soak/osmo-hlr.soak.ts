import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { skip } from '../helpers/osmo.ts';
import { osmoLife } from '../helpers/osmo-life.ts';

const SUBSCRIBERS = 2_000;
const CHANGES = 5;

describe('many subscribers, an OsmoHLR that is locked out, stopped and killed', { skip }, () => {
  for (const delivery of ['inline', 'queued']) {
    test(delivery, async () => {
      const { acknowledged, divergent } = await osmoLife({ subscribers: SUBSCRIBERS, changes: CHANGES, delivery });
      assert.deepEqual(divergent, []);
      assert.equal(acknowledged, SUBSCRIBERS * CHANGES);
    });
  }
});
