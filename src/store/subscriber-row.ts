/** The order of a subscriber's fields in a row, in either store. */
export const SUBSCRIBER_COLUMNS = [
  'imsi',
  'applied',
  'desired',
  'after',
  'unsettled_until',
  'due_at',
  'waiting_since',
  'attempts',
  'dead',
] as const;

/** Such a row, with states (`Wanted`) and releases as the database hands them over. Times in milliseconds since 1970. */
export type SubscriberRow<State, Releases> = [
  imsi: number,
  applied: State | null,
  desired: State | null,
  after: Releases | null,
  unsettledUntil: number | null,
  dueAt: number | null,
  waitingSince: number | null,
  attempts: number,
  dead: string | null,
];
