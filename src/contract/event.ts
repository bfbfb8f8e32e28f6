import Type, { type Static, type TProperties } from 'typebox';

/**
 * The enriched event as NSPS posts it, in JSON Schema (2020-12) and as a type.
 *
 * It is strict only where a field drives the decision; everything else is described for the reader and passed
 * through unchecked, so that a new or odd field never costs a subscriber his update. Nothing is coerced, defaulted or
 * removed. `type: [x, 'null']` is used instead of `anyOf`, because a failed `anyOf` answers with three faults for one.
 */

const text = (description: string, ...examples: string[]) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], description, ...(examples.length > 0 && { examples }) });

const id = (description: string) =>
  Type.Unsafe<number | string | null>({ type: ['integer', 'string', 'null'], pattern: '^\\d*$', description });

const unchecked = (description: string) => Type.Unsafe<unknown>({ description });

/** An object that may be null and keeps the fields it is not asked about. */
function block<P extends TProperties>(properties: P, description: string) {
  const shape = Type.Partial(Type.Object(properties));
  return Type.Unsafe<Static<typeof shape> | null>({ ...shape, type: ['object', 'null'], description });
}

const accountInfo = block(
  {
    id: text('Charging id: `<number>@msisdn`, or an ICCID or IMSI.', '79123456789@msisdn'),
    bill_status: text(
      'Billing status: open, suspended, inactive or terminated (also O, S, I, C, active, closed; letter case ignored).',
      'open',
    ),
    blocked: Type.Unsafe<boolean | 'Y' | 'N' | null>({
      enum: [true, false, 'Y', 'N', null],
      description: 'Whether calls are blocked.',
    }),
    i_account: id('Account id.'),
    billing_model: unchecked('Account type.'),
    product_name: unchecked('Product name.'),
    assigned_addons: unchecked('Add-on products.'),
    service_features: unchecked('Service features.'),
  },
  'The account that the SIM card belongs to.',
);

const simCard = (description: string) =>
  block(
    {
      imsi: text('International Mobile Subscriber Identity, 6 to 15 digits; the HLR/HSS takes 15.', '001010000020349'),
      i_account: id('Account that the SIM card belongs to.'),
      iccid: unchecked('Number of the card.'),
      msisdn: unchecked('Number known to the SIM inventory; the HLR/HSS gets the number of the account.'),
      status: unchecked('State of the card in the inventory.'),
    },
    description,
  );

const policyAttribute = block(
  {
    group_name: unchecked('Attribute group.'),
    name: text('Attribute name.', 'cs_profile'),
    value: text('Value; the first comma-separated item counts.', 'cs-pp-20250319'),
  },
  'Access policy attribute.',
);

const policyProperties = {
  name: unchecked('Policy name.'),
  attributes: Type.Unsafe<Static<typeof policyAttribute>[] | null>({
    type: ['array', 'null'],
    items: policyAttribute,
    description: 'Policy attributes.',
  }),
};
const policy = block(policyProperties, 'Access policy.');

export type AccessPolicy = Static<typeof policy>;

/** One schema for "an object or a list of them": a keyword that speaks of the other shape is silent. */
const accessPolicy = Type.Unsafe<AccessPolicy | AccessPolicy[]>({
  type: ['object', 'array', 'null'],
  properties: policyProperties,
  items: policy,
  description: 'Access policy of the account, or a list of them.',
});

const stamp = (description: string, ...examples: string[]) => text(`${description} ISO 8601.`, ...examples);

export const eventSchema = Type.Object(
  {
    event_id: Type.String({ minLength: 1, description: 'The same on every retry of the event.' }),
    data: Type.Object({
      event_type: Type.String({ description: 'What happened in PortaBilling.', examples: ['SIM/Updated'] }),
      variables: Type.Optional(
        Type.Unsafe<Record<string, unknown>>({
          type: 'object',
          description: 'Variables of the original event, as they came: i_account, i_event, event_time, …',
        }),
      ),
    }),
    pb_data: Type.Optional(
      block(
        {
          account_info: accountInfo,
          sim_info: simCard('The SIM card the event is about.'),
          prev_sim_info: simCard('The card it replaces (SIM/Replaced).'),
          access_policy_info: accessPolicy,
          product_info: unchecked('Main product.'),
          full_vd_counter_info: unchecked('Volume discount counters.'),
        },
        'Snapshot of PortaBilling, taken when NSPS enriched the event.',
      ),
    ),
    handler_id: Type.Optional(unchecked('NSPS handler that sent the event (text).')),
    status: Type.Optional(unchecked('State of the event in NSPS (text).')),
    created_at: Type.Optional(stamp('When NSPS took the event.', '2025-03-12T16:47:30.443939+00:00')),
    updated_at: Type.Optional(stamp('When NSPS enriched it last.', '2025-03-12T16:47:36.585885+00:00')),
  },
  { title: 'Event', description: 'An enriched PortaBilling event. Unknown fields are kept and ignored.' },
);

/** An event that passed {@link eventSchema}: as it came, nothing added or removed. */
export type Event = Static<typeof eventSchema>;
export type SimCard = NonNullable<NonNullable<Event['pb_data']>['sim_info']>;
export type AccountInfo = NonNullable<NonNullable<Event['pb_data']>['account_info']>;
