/** A complete event as NSPS sends it, for documents, the demo and tests. */
export const SAMPLE_EVENT = {
  event_id: '7c2f8f0e-5d0b-4a86-9a52-1d5f0c3b9e64',
  data: {
    event_type: 'SIM/Updated',
    variables: { i_env: 1, i_event: 1204417, i_account: 277147, event_time: '2025-06-09 17:44:20' },
  },
  pb_data: {
    account_info: {
      bill_status: 'open',
      billing_model: 'credit_account',
      blocked: false,
      i_account: 277147,
      i_customer: 6392,
      i_product: 3774,
      id: '380661310764@msisdn',
      product_name: 'Pay as you go',
      assigned_addons: [],
      service_features: [],
    },
    sim_info: {
      i_sim_card: 3793,
      i_account: 277147,
      iccid: '89014103211118510720',
      imsi: '001010000020349',
      msisdn: '380661310764',
      status: 'used',
    },
    access_policy_info: {
      i_access_policy: 179,
      name: 'WTL integration',
      attributes: [
        { group_name: 'lte.wtl', name: 'cs_profile', value: 'cs-gold' },
        { group_name: 'lte.wtl', name: 'eps_profile', value: 'eps-gold' },
      ],
    },
  },
  handler_id: 'wtl-hlr-hss-nsps',
  created_at: '2025-06-09T17:44:21.207629+00:00',
  updated_at: '2025-06-09T17:44:22.125109+00:00',
  status: 'queued',
};
