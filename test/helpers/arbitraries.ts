import fc from 'fast-check';
import type { Event } from '../../src/contract/event.ts';
import { EVENT_ACTIONS, type Rules } from '../../src/core/types.ts';

/** Values that are usual, unusual, or plain wrong, each often enough to be met. */
const or = <T>(usual: fc.Arbitrary<T>, ...odd: fc.Arbitrary<unknown>[]) =>
  fc.oneof({ weight: 4, arbitrary: usual }, ...odd.map((arbitrary) => ({ weight: 1, arbitrary })));

const digits = (min: number, max: number) => fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`));
const nothing = fc.constantFrom(null, undefined);
const imsi = or(digits(15, 15), nothing, fc.constant(''), digits(1, 16), fc.string());
const i_account = or(fc.nat(), nothing, fc.constantFrom('', '17'));
const chargingId = or(
  digits(1, 15).map((number) => `${number}@msisdn`),
  nothing,
  fc.string(),
  fc.string().map((text) => `${text}@msisdn`),
);
const billStatus = or(
  fc.constantFrom('open', 'suspended', 'inactive', 'terminated', 'O', 'closed', 'Active'),
  nothing,
  fc.string(),
);
const blocked = fc.constantFrom(true, false, 'Y', 'N', null, undefined);
const stampText = or(
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }).map((date) => date.toISOString()),
  nothing,
  fc.string(),
);
const profileValue = or(fc.stringMatching(/^[a-zA-Z][-_.a-zA-Z0-9]{0,9}$/), nothing, fc.string());

const attribute = or(
  fc.record({
    group_name: fc.string(),
    name: or(fc.constantFrom('cs_profile', 'eps_profile'), fc.string(), nothing),
    value: profileValue,
  }),
  fc.constant(null),
);
const policy = or(
  fc.record({ attributes: or(fc.array(attribute, { maxLength: 4 }), fc.constant(null)) }, { requiredKeys: [] }),
  nothing,
);
const simCard = or(
  fc.record(
    { imsi, i_account, iccid: fc.anything(), msisdn: fc.anything(), status: fc.anything() },
    { requiredKeys: [] },
  ),
  nothing,
);
const account = or(
  fc.record(
    { id: chargingId, bill_status: billStatus, blocked, i_account, email: fc.anything() },
    { requiredKeys: [] },
  ),
  nothing,
);
const pbData = or(
  fc.record(
    {
      account_info: account,
      sim_info: simCard,
      prev_sim_info: simCard,
      access_policy_info: or(policy, fc.array(policy, { maxLength: 3 })),
    },
    { requiredKeys: [] },
  ),
  nothing,
);

/** Any event that fits the schema, as it looks after a trip through JSON. */
export const anyEvent: fc.Arbitrary<Event> = fc
  .record(
    {
      event_id: fc.string({ minLength: 1 }),
      data: fc.record(
        {
          event_type: or(fc.constantFrom('SIM/Updated', 'SIM/Replaced', 'SIM/Created', 'SIM/Deleted'), fc.string()),
          variables: fc.dictionary(
            fc.oneof(fc.constantFrom('i_account', 'i_event', 'event_time'), fc.string()),
            fc.jsonValue(),
          ),
        },
        { requiredKeys: ['event_type'] },
      ),
      pb_data: pbData,
      created_at: stampText,
      updated_at: stampText,
    },
    { requiredKeys: ['event_id', 'data'] },
  )
  .map((event) => JSON.parse(JSON.stringify(event)) as Event);

export const anyRules: fc.Arbitrary<Rules> = fc.record({
  eventActions: fc
    .uniqueArray(
      fc.tuple(
        fc.constantFrom('SIM/Updated', 'SIM/Replaced', 'SIM/Created', 'SIM/Deleted'),
        fc.constantFrom(...EVENT_ACTIONS),
      ),
      {
        selector: ([type]) => type,
      },
    )
    .map((entries) => new Map(entries)),
  imsiPattern: fc.constantFrom(null, { source: '1', found: (text: string) => text.includes('1') }),
  defaultCsProfile: fc.constant('default'),
  defaultEpsProfile: fc.constant('default'),
  strictEnrichment: fc.boolean(),
});
